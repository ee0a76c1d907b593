"""Which passages does a question get, and with which scores? q(x), the search, and the scores that carry the gradient.

Paper     RAG §2.2 (p(z|x) ∝ exp(d(z)ᵀq(x))), §2.4 (question encoder trained, context encoder and index fixed)
Tutorial  tutorials/12_rag_model.py
Tests     tests/test_rag.py

Axes: B questions, K passages, Q question tokens, P width of the vectors.
"""

from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor

from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.outputs import Batch, DPROutput
from minirag.rag.sources import RagInputs, Sources, readable
from minirag.retrieval.retriever import RagRetriever, RetrieverOutput, score


def encode_questions(encoder: DPRQuestionEncoder, batch: Batch, inputs: RagInputs) -> DPROutput:
    """q(x)."""
    return encoder(
        batch.input_ids,
        batch.attention_mask,
        output_hidden_states=inputs.output_hidden_states,
        output_attentions=inputs.output_attentions,
    )


def masked_question_ids(inputs: RagInputs, pad_token_id: int) -> Batch:
    """Questions given as ids. Without a mask what is not padding is real, as in transformers."""
    if inputs.input_ids is None:
        raise ValueError("give questions (strings), input_ids, or context_input_ids with doc_scores")
    if inputs.attention_mask is None:
        return Batch(inputs.input_ids, inputs.input_ids != pad_token_id)
    return Batch(inputs.input_ids, inputs.attention_mask.bool())


def retrieved_sources(
    retriever: RagRetriever,
    asked: Sequence[str] | Int[Tensor, "B Q"],
    question: DPROutput,
    n_docs: int | None,
    ctx_encoder: DPRContextEncoder | None,
) -> Sources:
    """The n_docs passages with the highest d(z)ᵀq(x). The scores are differentiable with respect to q(x).

    With a `ctx_encoder` in training, d(z) of these passages is computed afresh, and gets its gradient too.
    """
    found = retriever(asked, question.pooler_output, n_docs=n_docs)
    embeds, scores = found.retrieved_doc_embeds, found.doc_scores
    if ctx_encoder is not None:
        embeds = fresh_doc_vectors(ctx_encoder, found)
        scores = score(question.pooler_output, embeds)
    return Sources(
        context_input_ids=found.context_input_ids,
        context_attention_mask=readable(found.context_attention_mask, found.doc_mask),
        doc_scores=scores,
        doc_mask=found.doc_mask,
        question=question,
        doc_embeds=embeds,
        doc_ids=found.doc_ids,
        passages=found.passages,
    )


def fresh_doc_vectors(ctx_encoder: DPRContextEncoder, found: RetrieverOutput) -> Float[Tensor, "B K P"]:
    if found.tokenized_doc_ids is None:
        raise ValueError("training the context encoder needs retriever.set_ctx_encoder_tokenizer(...) first")
    made = ctx_encoder(found.tokenized_doc_ids, found.tokenized_doc_attention_mask)
    return made.pooler_output.float().unflatten(0, found.doc_ids.shape)

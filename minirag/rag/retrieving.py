"""Which passages does a question get, and with which scores? The search, and the scores that carry the gradient.

Paper     RAG §2.2 (p(z|x) ∝ exp(d(z)ᵀq(x))), §2.4 (question encoder trained, context encoder and index fixed)
Tutorial  tutorials/12_rag_model.py
Tests     tests/rag/test_retrieving.py, tests/crosscheck/test_rag_calls.py

Axes: B questions, K passages, Q question tokens.
"""

from collections.abc import Sequence

from jaxtyping import Int
from torch import Tensor

from minirag.configuration import BertConfig
from minirag.model.dpr import DPRContextEncoder
from minirag.outputs import Batch, DPROutput
from minirag.rag.inputs import RagInputs
from minirag.rag.sources import Sources, readable
from minirag.retrieval.retriever import RagRetriever, score
from minirag.text.tokenizers import Tokenizer


def check_retriever(retriever: RagRetriever, ctx_encoder: DPRContextEncoder | None) -> None:
    """ValueError, before anything is computed, where the retriever could not write what the networks are to read."""
    retriever.tokenizer_for_strings()
    if ctx_encoder is not None and retriever.ctx_encoder_tokenizer is None:
        raise ValueError("training the context encoder needs retriever.set_ctx_encoder_tokenizer(...) first")


def question_batch(inputs: RagInputs, config: BertConfig, tokenizer: Tokenizer | None) -> Batch:
    """Questions as the question encoder reads them. Of ids without a mask, what is not padding is real."""
    if tokenizer is not None and inputs.questions is not None:
        return tokenizer(inputs.questions, max_length=config.max_position_embeddings)
    ids, mask = inputs.input_ids, inputs.attention_mask
    if ids is None:
        raise ValueError("questions are missing: input_ids, or strings and a tokenizer")
    return Batch(ids, ids != config.pad_token_id if mask is None else mask.bool())


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
        made = ctx_encoder(found.tokenized_doc_ids, found.tokenized_doc_attention_mask).pooler_output
        embeds = made.float().unflatten(0, found.doc_ids.shape)  # (B, K, P)
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

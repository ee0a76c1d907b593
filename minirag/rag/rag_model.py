"""How do question encoder, retriever and generator work together? One retrieval, then every passage is read.

Paper     RAG §2 (figure 1)
Tutorial  tutorials/12_rag_model.py
Tests     tests/rag/test_rag_model.py, tests/crosscheck/test_rag_calls.py

RagModel knows no likelihood: its logits are those of each passage alone. rag_sequence.py and rag_token.py mix them.
Axes: B questions, K passages, R = B·K rows ordered by question, then passage.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from minirag.configuration import RagConfig
from minirag.likelihood import gather_token_logprobs
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.bart_layers import shift_right
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.outputs import EncoderOutput, RetrievAugLMOutput
from minirag.rag import folder as files
from minirag.rag.inputs import Mask, RagInputs, batch_size, check_decoder_inputs, checked_inputs
from minirag.rag.retrieving import check_retriever, question_batch, retrieved_sources
from minirag.rag.sources import Sources, given_sources, text_sources
from minirag.retrieval.passages import Passage
from minirag.retrieval.retriever import AnyKnowledgeBase, RagRetriever
from minirag.text.rag_tokenizer import GENERATOR_FOLDER, QUESTION_ENCODER_FOLDER, RagTokenizer


class RagModel(nn.Module):
    """question → passages → logits of each passage. Retrieval needs `retriever`, strings need `tokenizer`."""

    def __init__(
        self,
        config: RagConfig | None = None,
        question_encoder: DPRQuestionEncoder | None = None,
        generator: BartForConditionalGeneration | None = None,
        retriever: RagRetriever | None = None,
        tokenizer: RagTokenizer | None = None,
    ) -> None:
        super().__init__()
        config = joined_config(question_encoder, generator) if config is None else config
        self.config = config
        self.question_encoder = question_encoder or DPRQuestionEncoder(config.question_encoder)
        self.generator = generator or BartForConditionalGeneration(config.generator)
        self.ctx_encoder: DPRContextEncoder | None = None
        self.tokenizer = tokenizer
        self.retriever: RagRetriever | None = None
        if retriever is not None:
            self.set_retriever(retriever)
        self.folder: Path | None = None  # where it was opened, for error messages

    def forward(
        self,
        input_ids: Int[Tensor, "B Q"] | None = None,
        attention_mask: Mask | None = None,
        *,
        decoder_input_ids: Int[Tensor, "B T"] | None = None,
        decoder_attention_mask: Mask | None = None,
        use_cache: bool | None = None,
        **inputs: Any,
    ) -> RetrievAugLMOutput:
        """log p(y_t | x, z, y_<t) before the softmax, for every passage z; `inputs` are the fields of `RagInputs`.

        Without decoder_input_ids the decoder reads each context, one to the right, as BART does. What is wrong with the
        arguments is said before anything is computed (inputs.py). Unlike in transformers, output_hidden_states and
        output_attentions reach every network (deviation 23).
        """
        asked = checked_inputs(self.config, input_ids=input_ids, attention_mask=attention_mask, **inputs)
        check_decoder_inputs(
            decoder_input_ids, decoder_attention_mask, batch_size(asked), self.config.generator.vocab_size
        )
        if use_cache:
            raise ValueError("use_cache=True: forward reads whole answers, only generate keeps a cache")
        sources, encoded = self.read(asked)
        decoded = self.generator.decode(
            self.decoder_rows(decoder_input_ids, sources),
            encoded.last_hidden_state,
            sources.context_attention_mask,
            asked.output_hidden_states,
            asked.output_attentions,
            self.decoder_mask_rows(decoder_attention_mask, sources),
        )
        wanted = self.config.output_retrieved if asked.output_retrieved is None else asked.output_retrieved
        return RetrievAugLMOutput(
            logits=decoded.logits,
            doc_scores=sources.doc_scores,
            doc_mask=sources.doc_mask,
            **(sources.retrieved_outputs() if wanted else {}),
            **sources.question_outputs(),
            generator_enc_last_hidden_state=encoded.last_hidden_state,
            generator_enc_hidden_states=encoded.hidden_states,
            generator_enc_attentions=encoded.attentions,
            generator_dec_hidden_states=decoded.hidden_states,
            generator_dec_attentions=decoded.attentions,
            generator_cross_attentions=decoded.cross_attentions,
        )

    def read(self, inputs: RagInputs) -> tuple[Sources, EncoderOutput]:
        """The passages of each question, and what the generator's encoder makes of them: once, whatever comes after."""
        sources = self.sources(inputs)
        wanted = inputs.output_hidden_states, inputs.output_attentions
        return sources, inputs.encoder_outputs or self.encode(sources, *wanted)

    def sources(self, inputs: RagInputs) -> Sources:
        """The passages of each question: those given, else those retrieved."""
        scores, mask = inputs.doc_scores, inputs.context_attention_mask
        if scores is None or mask is None:
            return self.retrieve(inputs)
        there = None if inputs.doc_mask is None else inputs.doc_mask.bool()
        return given_sources(inputs.context_input_ids, mask.bool(), scores, there).to(self.device)

    def retrieve(self, inputs: RagInputs) -> Sources:
        """q(x), then the passages with the highest d(z)ᵀq(x). Strings reach the generator as they are."""
        if self.retriever is None:
            raise ValueError(f"{self.name}: no retriever (knowledge_base/ is missing), and no context_input_ids given")
        tokenizer = None if inputs.questions is None else self.needed_tokenizer().question_encoder
        check_retriever(self.retriever, self.ctx_encoder)
        batch = question_batch(inputs, self.config.question_encoder, tokenizer)
        question = self.question_encoder(
            batch.input_ids.to(self.device),
            batch.attention_mask.to(self.device),
            output_hidden_states=inputs.output_hidden_states,
            output_attentions=inputs.output_attentions,
        )
        asked = batch.input_ids if inputs.questions is None else inputs.questions
        return retrieved_sources(self.retriever, asked, question, inputs.n_docs, self.ctx_encoder)

    def retrieve_for(self, questions: Sequence[str], n_docs: int | None = None) -> Sources:
        """`retrieve` for questions as strings."""
        return self.retrieve(checked_inputs(self.config, questions=questions, n_docs=n_docs))

    def text_sources(
        self,
        questions: Sequence[str],
        passages: Sequence[Sequence[Passage]],
        doc_scores: Float[Tensor, "B K"] | None = None,
    ) -> Sources:
        """Passages as text, without any knowledge base."""
        tokenizer = self.needed_tokenizer().generator
        return text_sources(tokenizer, self.config, questions, passages, doc_scores).to(self.device)

    def encode(
        self, sources: Sources, output_hidden_states: bool = False, output_attentions: bool = False
    ) -> EncoderOutput:
        """The generator's encoder reads every passage with its question, once."""
        ids, mask = context_ids(sources), sources.context_attention_mask
        return self.generator.encode(ids, mask, output_hidden_states, output_attentions)

    def answer_states(
        self, sources: Sources, answers: Int[Tensor, "B T"], scored: Bool[Tensor, "B T"]
    ) -> tuple[Float[Tensor, "B K T D"], Float[Tensor, "V D"]]:
        """h_t of each answer under each passage, and the E to read them with, for training (`generator.answer_states`).

        scored[b, t]: the token that follows answers[b, t] counts. What stands behind the last such token has the state 0.
        """
        read = scored.flip(1).cummax(dim=1).values.flip(1)
        n_docs = sources.doc_scores.shape[1]
        rows = self.decoder_rows(answers, sources), read.to(self.device).repeat_interleave(n_docs, dim=0)
        read_from = context_ids(sources), sources.context_attention_mask
        states, embeddings = self.generator.answer_states(*read_from, *rows)
        return states.unflatten(0, sources.doc_scores.shape), embeddings

    def decoder_rows(self, decoder_input_ids: Int[Tensor, "B T"] | None, sources: Sources) -> Int[Tensor, "R T2"]:
        """The same decoder input for each passage of a question."""
        if decoder_input_ids is not None:
            return decoder_input_ids.to(self.device).repeat_interleave(sources.doc_scores.shape[1], dim=0)
        if sources.context_input_ids is None:
            raise ValueError("decoder_input_ids or labels are missing")
        config = self.generator.config
        return shift_right(sources.context_input_ids, config.decoder_start_token_id, config.pad_token_id)

    def decoder_mask_rows(self, mask: Mask | None, sources: Sources) -> Bool[Tensor, "R T"] | None:
        """The same for which of them may be attended to."""
        return None if mask is None else mask.bool().to(self.device).repeat_interleave(sources.doc_scores.shape[1], 0)

    def token_logprobs(
        self, sources: Sources, encoded: EncoderOutput, answers: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B K T-1"]:
        """log p(y_t | x, z, y_<t): the table that both likelihoods read. `answers` begin with the start token."""
        rows = self.decoder_rows(answers[:, :-1], sources)
        logits = self.generator.decode(rows, encoded.last_hidden_state, sources.context_attention_mask).logits
        return gather_token_logprobs(logits.unflatten(0, sources.doc_scores.shape), answers[:, 1:].to(self.device))

    @property
    def device(self) -> torch.device:
        return self.generator.embed_tokens.weight.device

    @property
    def name(self) -> str:
        return "this model" if self.folder is None else str(self.folder)

    def needed_tokenizer(self) -> RagTokenizer:
        """ValueError names the folders that are missing: without them a string cannot be read."""
        if self.tokenizer is None:
            missing = f"{QUESTION_ENCODER_FOLDER}/ and {GENERATOR_FOLDER}/ are missing"
            raise ValueError(f"{self.name}: strings need tokenizers, and {missing}")
        return self.tokenizer

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        retriever: RagRetriever | None = None,
        knowledge_base: str | Path | AnyKnowledgeBase | None = None,
    ) -> "RagModel":
        """Open a model folder; tokenizers and knowledge base are opened where they are there (see folder.py)."""
        model = cls(**vars(files.open_parts(folder, "RagModel", retriever, knowledge_base)))
        model.folder = Path(folder)
        return model.eval()

    @classmethod
    def from_pretrained_question_encoder_generator(
        cls,
        question_encoder: str | Path,
        generator: str | Path,
        retriever: RagRetriever | None = None,
        **settings: Any,
    ) -> "RagModel":
        """Join the DPR question encoder of one folder and the BART of another; `settings` are fields of RagConfig."""
        return cls(**vars(files.join_parts(question_encoder, generator, retriever, settings))).eval()

    def save_pretrained(self, folder: str | Path, dtype: torch.dtype | None = None) -> None:
        """Config, weights, tokenizers; not the knowledge base (that is `RagRetriever.save_pretrained`)."""
        files.save_parts(self, folder, "RagModel", dtype)

    def set_retriever(self, retriever: RagRetriever) -> None:
        """Its tokenizers serve the model too, where the model has none."""
        self.retriever = retriever
        self.tokenizer = self.tokenizer or retriever.tokenizer

    def set_context_encoder_for_training(self, ctx_encoder: DPRContextEncoder) -> None:
        """From now on `ctx_encoder` computes d(z) of the retrieved passages, with its gradient; the search does not."""
        self.ctx_encoder = ctx_encoder


def joined_config(
    question_encoder: DPRQuestionEncoder | None, generator: BartForConditionalGeneration | None
) -> RagConfig:
    if question_encoder is None or generator is None:
        raise ValueError("give a config, or a question_encoder and a generator")
    return RagConfig.from_question_encoder_generator_configs(question_encoder.config, generator.config)


def context_ids(sources: Sources) -> Int[Tensor, "R S"]:
    """ValueError where nobody gave them."""
    if sources.context_input_ids is None:
        raise ValueError("context_input_ids are missing")
    return sources.context_input_ids

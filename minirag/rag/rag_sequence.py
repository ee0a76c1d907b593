"""RAG-Sequence: one passage explains the whole answer.

Paper     RAG §2.1 (RAG-Sequence), §2.4 (training), §2.5 (thorough and fast decoding)
Tutorial  tutorials/12_rag_model.py, tutorials/15_rag_sequence_decoding.py
Tests     tests/rag/test_scoring.py, tests/crosscheck/test_rag_calls.py, tests/crosscheck/test_rag_generate.py

p(y|x) = Σ_z p(z|x) Π_t p(y_t|x,z,y_<t). The class retrieves once, fills the table and calls likelihood.py.
Axes: B questions, K passages, R = B·K rows, T label tokens, V vocabulary.
"""

from operator import attrgetter
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from minirag.answer import answer as answer_question
from minirag.configuration import RagConfig
from minirag.decoding.rag_sequence import Candidate, fast, thorough
from minirag.decoding.search_options import SearchOptions
from minirag.likelihood import (
    doc_logprobs,
    gather_token_logprobs,
    passage_posterior,
    rag_sequence_logprob,
    rag_sequence_posterior,
    rag_sequence_smoothed_nll,
)
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.outputs import EncoderOutput, RetrievAugLMMarginOutput
from minirag.rag import folder as files
from minirag.rag import scoring
from minirag.rag.inputs import Mask, checked_inputs
from minirag.rag.rag_model import RagModel
from minirag.rag.search_settings import padded_sequences, search_options, split_settings
from minirag.rag.sources import Sources
from minirag.retrieval.retriever import AnyKnowledgeBase, RagRetriever
from minirag.text.rag_tokenizer import RagTokenizer

DECODINGS = {"thorough": thorough, "fast": fast}


class RagSequenceForGeneration(nn.Module):
    """Open one with `from_pretrained(folder)`, ask with `answer(question)`, train on `forward(..., labels=…).loss`."""

    variant = "sequence"

    def __init__(
        self,
        config: RagConfig | None = None,
        question_encoder: DPRQuestionEncoder | None = None,
        generator: BartForConditionalGeneration | None = None,
        retriever: RagRetriever | None = None,
        tokenizer: RagTokenizer | None = None,
    ) -> None:
        super().__init__()
        self.rag = RagModel(config, question_encoder, generator, retriever, tokenizer)
        self.config = self.rag.config

    def forward(
        self,
        input_ids: Int[Tensor, "B Q"] | None = None,
        attention_mask: Mask | None = None,
        *,
        decoder_input_ids: Int[Tensor, "B U"] | None = None,
        labels: Int[Tensor, "B T"] | None = None,
        exclude_bos_score: bool | None = None,
        reduce_loss: bool | None = None,
        label_smoothing: float | None = None,
        **inputs: Any,
    ) -> RetrievAugLMMarginOutput:
        """loss = −log p(y|x) of each question (see scoring.py for `labels`); `inputs` are the fields of `RagInputs`."""
        decoder_ids = scoring.decoder_inputs(labels, decoder_input_ids, self.generator.config)
        how = scoring.loss_settings(self.config, reduce_loss, label_smoothing)
        how["exclude_bos_score"] = self.config.exclude_bos_score if exclude_bos_score is None else exclude_bos_score
        read = self.rag(input_ids, attention_mask, decoder_input_ids=decoder_ids, **inputs)
        parts = dict(vars(read))
        if labels is not None:
            target = labels.to(self.rag.device)
            parts["loss"] = self.get_nll(read.logits, read.doc_scores, target, doc_mask=read.doc_mask, **how)
        return RetrievAugLMMarginOutput(**parts)

    def get_nll(
        self,
        seq_logits: Float[Tensor, "R T V"],
        doc_scores: Float[Tensor, "B K"],
        target: Int[Tensor, "B T"],
        reduce_loss: bool = False,
        epsilon: float = 0.0,
        exclude_bos_score: bool = False,
        n_docs: int | None = None,
        doc_mask: Bool[Tensor, "B K"] | None = None,
    ) -> Float[Tensor, "..."]:
        """−log Σ_z p(z|x) Π_t p(y_t|x,z,y_<t) of each question in nats, or their sum; `epsilon` smooths the labels.

        exclude_bos_score: a first target bos is not scored. transformers adds log p(z|x) at the second target and loses
        it where there is only one (deviation 1, pinned by test_the_prior_counts_for_an_answer_of_one_token).
        """
        logits = scoring.per_passage(seq_logits, doc_scores, n_docs)[:, :, :-1]  # the last predicts what follows
        prior, config = doc_logprobs(doc_scores, doc_mask), self.generator.config
        bos = config.bos_token_id if exclude_bos_score else None
        targets, mask = scoring.scored_tokens(target, config.pad_token_id, excluded_first=bos)
        if epsilon > 0.0:
            nll = rag_sequence_smoothed_nll(prior, scoring.next_logprobs(logits), targets, mask, epsilon)
        else:
            nll = -rag_sequence_logprob(prior, gather_token_logprobs(logits, targets), mask)
        return nll.sum() if reduce_loss else nll

    @torch.no_grad()
    def generate(
        self,
        input_ids: Int[Tensor, "B Q"] | None = None,
        attention_mask: Mask | None = None,
        *,
        decoding: str = "thorough",
        do_deduplication: bool | None = None,
        use_cache: bool | None = None,
        **settings: Any,
    ) -> Int[Tensor, "N T"]:
        """Token ids, each question's num_return_sequences best answers in a row, start token first, padded behind eos.

        decoding: "thorough" or "fast". do_deduplication: False hands out an answer once for every passage that proposed
        it. `settings` are the fields of `SearchOptions` (num_beams, max_length, …) and of `RagInputs`.
        """
        search, inputs = split_settings(settings)
        options = self.search_options(search)
        asked = checked_inputs(self.config, input_ids=input_ids, attention_mask=attention_mask, **inputs)
        check_decoding(decoding)
        sources, encoded = self.rag.read(asked)
        found = self.search(sources, encoded, options, decoding, use_cache, do_deduplication)
        return padded_sequences(found, options.pad_token_id, self.rag.device)

    def search_options(self, settings: dict[str, Any]) -> SearchOptions:
        """Fields of SearchOptions as given, else as the generator's config has them."""
        return search_options(self.config, settings)

    def search(
        self,
        sources: Sources,
        encoded: EncoderOutput,
        options: SearchOptions,
        decoding: str | None = None,
        use_cache: bool | None = None,
        do_deduplication: bool | None = None,
    ) -> list[list[Candidate]]:
        """K beam searches, then every answer they found by log p(y|x): each question's candidates, best first."""
        check_decoding(decoding)
        return DECODINGS[decoding or "thorough"](
            self.generator,
            encoded.last_hidden_state,
            sources.context_attention_mask,
            sources.doc_logprobs(),
            options,
            self.config.use_cache if use_cache is None else use_cache,
            self.config.do_deduplication if do_deduplication is None else do_deduplication,
        )

    def posteriors(
        self, prior: Float[Tensor, "B K"], table: Float[Tensor, "B K T"], mask: Bool[Tensor, "B T"]
    ) -> tuple[Float[Tensor, "B K"], Float[Tensor, "B K T"]]:
        """p(z|x,y) of the whole answer, and p(z|x,y_≤t) as the answer grows."""
        return passage_posterior(prior, table, mask), rag_sequence_posterior(prior, table, mask)

    answer = answer_question  # a question as a string → text, passages, posteriors, candidates: see answer.py

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        retriever: RagRetriever | None = None,
        knowledge_base: str | Path | AnyKnowledgeBase | None = None,
        variant_mismatch_ok: bool = False,
    ) -> "RagSequenceForGeneration":
        """Open a model folder; tokenizers and knowledge base are opened where they are there (see folder.py)."""
        parts = files.open_parts(folder, cls.__name__, retriever, knowledge_base, variant_mismatch_ok)
        model = cls(**vars(parts))
        model.rag.folder = Path(folder)
        return model.eval()

    @classmethod
    def from_pretrained_question_encoder_generator(
        cls, question_encoder: str | Path, generator: str | Path, retriever: RagRetriever | None = None, **settings: Any
    ) -> "RagSequenceForGeneration":
        """Join the DPR question encoder of one folder and the BART of another; `settings` are fields of RagConfig."""
        return cls(**vars(files.join_parts(question_encoder, generator, retriever, settings))).eval()

    def save_pretrained(self, folder: str | Path, dtype: torch.dtype | None = None) -> None:
        """Config, weights, tokenizers; not the knowledge base (that is `RagRetriever.save_pretrained`)."""
        files.save_parts(self.rag, folder, type(self).__name__, dtype)

    def set_retriever(self, retriever: RagRetriever) -> None:
        self.rag.set_retriever(retriever)

    def set_context_encoder_for_training(self, ctx_encoder: DPRContextEncoder) -> None:
        self.rag.set_context_encoder_for_training(ctx_encoder)

    retriever = property(attrgetter("rag.retriever"))
    question_encoder = property(attrgetter("rag.question_encoder"))
    generator = property(attrgetter("rag.generator"))


def check_decoding(decoding: str | None) -> None:
    if decoding not in (None, *DECODINGS):
        raise ValueError(f"decoding={decoding!r} is neither 'thorough' nor 'fast'")

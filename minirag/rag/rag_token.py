"""RAG-Token: each token of the answer may come from another passage.

Paper     RAG §2.1 (RAG-Token), §2.4 (training), §2.5 (decoding)
Tutorial  tutorials/12_rag_model.py, tutorials/14_rag_token_decoding.py
Tests     tests/rag/test_scoring.py, tests/crosscheck/test_rag_calls.py, tests/crosscheck/test_rag_generate.py

p(y|x) = Π_t Σ_z p(z|x) p(y_t|x,z,y_<t). The class retrieves once, fills the table and calls likelihood.py.
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
from minirag.decoding.rag_sequence import Candidate
from minirag.decoding.rag_token import rag_token_decode
from minirag.decoding.search_options import SearchOptions, check_one_search
from minirag.likelihood import (
    doc_logprobs,
    gather_token_logprobs,
    mean_token_posterior,
    next_token_mixture,
    rag_token_logprob,
    rag_token_posterior,
    rag_token_smoothed_nll,
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


class RagTokenForGeneration(nn.Module):
    """Open one with `from_pretrained(folder)`, ask with `answer(question)`, train on `forward(..., labels=…).loss`."""

    variant = "token"

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
        do_marginalize: bool | None = None,
        reduce_loss: bool | None = None,
        label_smoothing: float | None = None,
        **inputs: Any,
    ) -> RetrievAugLMMarginOutput:
        """loss = −log p(y|x) of each question (see scoring.py for `labels`); `inputs` are the fields of `RagInputs`."""
        decoder_ids = scoring.decoder_inputs(labels, decoder_input_ids, self.generator.config)
        how = scoring.loss_settings(self.config, reduce_loss, label_smoothing)
        read = self.rag(input_ids, attention_mask, decoder_input_ids=decoder_ids, **inputs)
        parts = dict(vars(read))
        if labels is not None:
            target = labels.to(self.rag.device)
            parts["loss"] = self.get_nll(read.logits, read.doc_scores, target, doc_mask=read.doc_mask, **how)
        if self.config.do_marginalize if do_marginalize is None else do_marginalize:
            parts["logits"] = self.marginalize(read.logits, read.doc_scores, doc_mask=read.doc_mask)
        return RetrievAugLMMarginOutput(**parts)

    def marginalize(
        self,
        seq_logits: Float[Tensor, "R T V"],
        doc_scores: Float[Tensor, "B K"],
        n_docs: int | None = None,
        doc_mask: Bool[Tensor, "B K"] | None = None,
    ) -> Float[Tensor, "B T V"]:
        """log p′(v|x,y_<t) = log Σ_z p(z|x) p(v|x,z,y_<t) at every position (RAG §2.5)."""
        logprobs = scoring.next_logprobs(scoring.per_passage(seq_logits, doc_scores, n_docs))  # (B, K, T, V)
        return next_token_mixture(doc_logprobs(doc_scores, doc_mask), logprobs)

    def get_nll(
        self,
        seq_logits: Float[Tensor, "R T V"],
        doc_scores: Float[Tensor, "B K"],
        target: Int[Tensor, "B T"],
        reduce_loss: bool = False,
        epsilon: float = 0.0,
        n_docs: int | None = None,
        doc_mask: Bool[Tensor, "B K"] | None = None,
    ) -> Float[Tensor, "..."]:
        """−Σ_t log Σ_z p(z|x) p(y_t|x,z,y_<t) of each question in nats, or their sum; `epsilon` smooths the labels."""
        logits = scoring.per_passage(seq_logits, doc_scores, n_docs)[:, :, :-1]  # the last predicts what follows
        prior = doc_logprobs(doc_scores, doc_mask)
        targets, mask = scoring.scored_tokens(target, self.generator.config.pad_token_id)
        if epsilon > 0.0:
            nll = rag_token_smoothed_nll(prior, scoring.next_logprobs(logits), targets, mask, epsilon)
        else:
            nll = -rag_token_logprob(prior, gather_token_logprobs(logits, targets), mask)
        return nll.sum() if reduce_loss else nll

    @torch.no_grad()
    def generate(
        self,
        input_ids: Int[Tensor, "B Q"] | None = None,
        attention_mask: Mask | None = None,
        *,
        use_cache: bool | None = None,
        **settings: Any,
    ) -> Int[Tensor, "N T"]:
        """Token ids, each question's num_return_sequences best answers in a row, start token first, padded behind eos.

        `settings` are the fields of `SearchOptions` (num_beams, max_length, …) and of `RagInputs`.
        """
        search, inputs = split_settings(settings)
        options = self.search_options(search)
        asked = checked_inputs(self.config, input_ids=input_ids, attention_mask=attention_mask, **inputs)
        sources, encoded = self.rag.read(asked)
        found = self.search(sources, encoded, options, use_cache=use_cache)
        return padded_sequences(found, options.pad_token_id, self.rag.device)

    def search_options(self, settings: dict[str, Any]) -> SearchOptions:
        """Fields of SearchOptions as given, else as the generator's config has them."""
        return check_one_search(search_options(self.config, settings))

    def search(
        self,
        sources: Sources,
        encoded: EncoderOutput,
        options: SearchOptions,
        decoding: str | None = None,
        use_cache: bool | None = None,
    ) -> list[list[Candidate]]:
        """Beam search over the mixture: each question's answers, best (after length penalty) first, with log p(y|x)."""
        found = rag_token_decode(
            self.generator,
            encoded.last_hidden_state,
            sources.context_attention_mask,
            sources.doc_logprobs(),
            options,
            self.config.use_cache if use_cache is None else use_cache,
        )
        return [[Candidate(h.tokens, h.logprob) for h in hypotheses] for hypotheses in found]

    def posteriors(
        self, prior: Float[Tensor, "B K"], table: Float[Tensor, "B K T"], mask: Bool[Tensor, "B T"]
    ) -> tuple[Float[Tensor, "B K"], Float[Tensor, "B K T"]]:
        """How much each passage counted: in the whole answer (the mean over its tokens), and in each token (Fig. 2)."""
        per_token = rag_token_posterior(prior, table, mask)
        return mean_token_posterior(per_token, mask), per_token

    answer = answer_question  # a question as a string → text, passages, posteriors, candidates: see answer.py

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        retriever: RagRetriever | None = None,
        knowledge_base: str | Path | AnyKnowledgeBase | None = None,
        variant_mismatch_ok: bool = False,
    ) -> "RagTokenForGeneration":
        """Open a model folder; tokenizers and knowledge base are opened where they are there (see folder.py)."""
        parts = files.open_parts(folder, cls.__name__, retriever, knowledge_base, variant_mismatch_ok)
        model = cls(**vars(parts))
        model.rag.folder = Path(folder)
        return model.eval()

    @classmethod
    def from_pretrained_question_encoder_generator(
        cls, question_encoder: str | Path, generator: str | Path, retriever: RagRetriever | None = None, **settings: Any
    ) -> "RagTokenForGeneration":
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

"""What does the generator read, and how likely is each passage? The passages of a question, given or retrieved, once.

Paper     RAG §2.2 (retriever), §2.3 (the input is concatenated with each passage)
Tutorial  tutorials/12_rag_model.py
Tests     tests/rag/test_sources.py

Three ways lead to the same `Sources`: tensors that the caller prepared, passages as text (no knowledge base needed),
and retrieval (retrieving.py). The number of passages is the tensors' shape, not a setting that could disagree with it.

Axes: B questions, K passages, R = B·K rows ordered by question, then passage; S source tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.configuration import RagConfig
from minirag.likelihood import doc_logprobs
from minirag.outputs import DPROutput
from minirag.rag.inputs import check_finite
from minirag.retrieval.passages import Passage
from minirag.text.batching import pad_ids
from minirag.text.generator_input import generator_inputs, passage_string
from minirag.text.tokenizers import Tokenizer


@dataclass(frozen=True)
class Sources:
    """K passages for each of B questions. context_input_ids is None where the caller encoded them already."""

    context_input_ids: Int[Tensor, "R S"] | None
    context_attention_mask: Bool[Tensor, "R S"]
    doc_scores: Float[Tensor, "B K"]
    doc_mask: Bool[Tensor, "B K"]
    question: DPROutput | None = None
    doc_embeds: Float[Tensor, "B K P"] | None = None
    doc_ids: Int[Tensor, "B K"] | None = None
    passages: list[list[Passage]] | None = None

    def doc_logprobs(self) -> Float[Tensor, "B K"]:
        """log p(z|x), in float32 or wider."""
        return doc_logprobs(self.doc_scores, self.doc_mask)

    def retrieved_outputs(self) -> dict[str, Any]:
        """What a model hands out about them, under the documented names."""
        return {
            "retrieved_doc_embeds": self.doc_embeds,
            "retrieved_doc_ids": self.doc_ids,
            "context_input_ids": self.context_input_ids,
            "context_attention_mask": self.context_attention_mask,
        }

    def question_outputs(self) -> dict[str, Any]:
        """The same about the question, where there was a retrieval."""
        if self.question is None:
            return {}
        return {
            "question_encoder_last_hidden_state": self.question.pooler_output,
            "question_enc_hidden_states": self.question.hidden_states,
            "question_enc_attentions": self.question.attentions,
        }

    def to(self, device: torch.device) -> "Sources":
        """What was given or made elsewhere, where the model is."""
        ids = self.context_input_ids
        return replace(
            self,
            context_input_ids=None if ids is None else ids.to(device),
            context_attention_mask=self.context_attention_mask.to(device),
            doc_scores=self.doc_scores.to(device),
            doc_mask=self.doc_mask.to(device),
        )


def given_sources(
    context_input_ids: Int[Tensor, "R S"] | None,
    context_attention_mask: Bool[Tensor, "R S"],
    doc_scores: Float[Tensor, "B K"],
    doc_mask: Bool[Tensor, "B K"] | None,
) -> Sources:
    """What the caller prepared, and inputs.py has checked."""
    there = torch.ones_like(doc_scores, dtype=torch.bool) if doc_mask is None else doc_mask
    return Sources(context_input_ids, readable(context_attention_mask, there), doc_scores, there)


def readable(mask: Bool[Tensor, "R S"], doc_mask: Bool[Tensor, "B K"]) -> Bool[Tensor, "R S"]:
    """A missing passage's row gets one real token, for attention over nothing is NaN. Its prior is 0 all the same."""
    first = torch.arange(mask.shape[1], device=mask.device) == 0  # (S,)
    return mask | (~doc_mask.flatten()[:, None] & first)


def text_sources(
    tokenizer: Tokenizer,
    config: RagConfig,
    questions: Sequence[str],
    passages: Sequence[Sequence[Passage]],
    doc_scores: Float[Tensor, "B K"] | None = None,
) -> Sources:
    """Passages as text, any number for each question; without scores they are equally likely."""
    doc_mask = lengths_mask([len(those) for those in passages])  # (B, K)
    scores = torch.zeros(doc_mask.shape) if doc_scores is None else doc_scores
    if scores.shape != doc_mask.shape:
        raise ValueError(f"doc_scores of shape {list(scores.shape)} for passages of shape {list(doc_mask.shape)}")
    check_finite(scores, doc_mask)
    slots = [(q, p) for q, those in zip(questions, passages, strict=True) for p in padded(those, doc_mask.shape[1])]
    strings = [passage_string(p.title, p.text, config.title_sep, config.prefix) for _, p in slots]
    rows = generator_inputs(tokenizer, strings, [q for q, _ in slots], config.doc_sep, config.max_combined_length)
    batch = pad_ids(rows, tokenizer.pad_token_id)
    return Sources(batch.input_ids, batch.attention_mask, scores, doc_mask, passages=[list(p) for p in passages])


def lengths_mask(lengths: Sequence[int]) -> Bool[Tensor, "B K"]:
    """True for each question's own passages, of as many as the longest list has. ValueError: a question without any."""
    if not all(lengths):
        raise ValueError(f"question {list(lengths).index(0)} of the batch has no passage")
    return torch.arange(max(lengths))[None, :] < torch.tensor(lengths)[:, None]


def padded(passages: Sequence[Passage], length: int) -> list[Passage]:
    """Empty passages behind a shorter list: they are read, and count for nothing."""
    return [*passages, *[Passage("", "", "")] * (length - len(passages))]

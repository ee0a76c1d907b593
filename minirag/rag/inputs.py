"""What may a RAG model be given? Questions, or contexts with their scores; anything else is refused before it is read.

Paper     none: this is about calling the model, not about the model
Tutorial  tutorials/12_rag_model.py
Tests     tests/rag/test_refusals.py, tests/crosscheck/test_rag_calls.py

transformers takes 17 optional arguments, of which few combinations mean something; the others fail deep inside, or pass in
silence (tests/rag/test_refusals.py says which). Here every refusal is one line that names the arguments.

Axes: B questions, K passages, R = B·K rows ordered by question, then passage; Q question tokens, S source tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.configuration import RagConfig
from minirag.outputs import EncoderOutput
from minirag.rag.checks import (
    check_finite,
    check_ids,
    check_mask,
    check_n_docs,
    check_rows_are_real,
    check_same_n_docs,
    check_strings,
    check_tensor,
)

Mask = Bool[Tensor, "..."] | Int[Tensor, "..."]  # 0 and 1 are taken for False and True


@dataclass(frozen=True)
class RagInputs:
    """Everything a RAG model may read. Either questions (ids or strings), or contexts with mask and scores."""

    input_ids: Int[Tensor, "B Q"] | None = None  # questions, as the question encoder's tokenizer made them
    attention_mask: Mask | None = None  # without it, what is not the padding id is real
    questions: Sequence[str] | None = None  # the same as strings: the generator then reads them as they are
    n_docs: int | None = None  # how many passages to retrieve; for given contexts, must be their number
    context_input_ids: Int[Tensor, "R S"] | None = None  # passage and question, as the generator's tokenizer made them
    context_attention_mask: Mask | None = None
    doc_scores: Float[Tensor, "B K"] | None = None
    doc_mask: Mask | None = None  # False where a question has fewer than K passages
    encoder_outputs: EncoderOutput | None = None  # of the contexts, where they were encoded before
    output_retrieved: bool | None = None
    output_hidden_states: bool = False
    output_attentions: bool = False


NAMES = {field.name for field in fields(RagInputs)}
QUESTIONS = ("input_ids", "questions")
CONTEXTS = ("context_input_ids", "encoder_outputs")
GOES_WITH = {
    "attention_mask": ("input_ids",),
    "context_attention_mask": CONTEXTS,
    "doc_scores": CONTEXTS,  # retrieved passages have their own
    "doc_mask": CONTEXTS,
}
WITH_LABELS = "it belongs to forward of RagTokenForGeneration and RagSequenceForGeneration"
BEFORE_DECODING = "it belongs to forward; generate begins with decoder_start_token_id"
NOT_TAKEN = {
    "labels": WITH_LABELS,
    "reduce_loss": WITH_LABELS,
    "label_smoothing": WITH_LABELS,
    "decoder_input_ids": BEFORE_DECODING,
    "decoder_attention_mask": BEFORE_DECODING,
    "do_marginalize": "it belongs to RagTokenForGeneration.forward",
    "exclude_bos_score": "it belongs to RagSequenceForGeneration.forward",
    "do_deduplication": "it belongs to RagSequenceForGeneration.generate",
    "decoding": "it belongs to RagSequenceForGeneration.generate",
    "past_key_values": "forward reads whole answers, and generate keeps its cache to itself",
}


def checked_inputs(config: RagConfig, **given: Any) -> RagInputs:
    """The arguments of one call. TypeError names one that is not taken, ValueError those that do not fit together."""
    check_names(given)
    given = {name: value for name, value in given.items() if value is not None}
    check_combination(given)
    if "encoder_outputs" in given:
        given["encoder_outputs"] = as_encoder_output(given["encoder_outputs"])
    check_values(given, config)
    return RagInputs(**given)


def batch_size(inputs: RagInputs) -> int:
    """B."""
    return next(len(rows) for rows in (inputs.input_ids, inputs.questions, inputs.doc_scores) if rows is not None)


def check_names(given: dict[str, Any]) -> None:
    for name in given:
        if name not in NAMES:
            reason = f": {NOT_TAKEN[name]}" if name in NOT_TAKEN else ""
            raise TypeError(f"unexpected argument {name!r}{reason}")


def check_combination(given: dict[str, Any]) -> None:
    """Questions in one form, or contexts with their mask and scores: nothing less, and nothing besides."""
    for name, partners in GOES_WITH.items():
        if name in given and not any(partner in given for partner in partners):
            raise ValueError(f"{name} is given without {' or '.join(partners)}")
    questions = [name for name in QUESTIONS if name in given]
    contexts = [name for name in CONTEXTS if name in given]
    if not questions and not contexts:
        raise ValueError("give questions (strings), input_ids, or context_input_ids with their mask and doc_scores")
    if len(questions) == 2:
        raise ValueError("input_ids and questions are both given: give one of them")
    if questions and contexts:
        raise ValueError(f"{questions[0]} and {contexts[0]} are both given: a context holds its question already")
    for name in ("context_attention_mask", "doc_scores"):
        if contexts and name not in given:
            raise ValueError(f"{name} is missing: it goes with {contexts[0]}")


def check_values(given: dict[str, Any], config: RagConfig) -> None:
    """Types, shapes and ranges, of arguments that go together."""
    if "n_docs" in given:
        check_n_docs(given["n_docs"])
    if "doc_scores" in given:
        check_contexts(given, config.generator.vocab_size)
    elif "questions" in given:
        check_strings(given["questions"])
    else:
        check_ids("input_ids", given["input_ids"], config.question_encoder.vocab_size)
        if "attention_mask" in given:
            check_mask("attention_mask", given["attention_mask"], given["input_ids"].shape)
            check_rows_are_real("attention_mask", given["attention_mask"].bool())


def check_contexts(given: dict[str, Any], vocab_size: int) -> None:
    """One context for each score; a mask entry for each of its tokens, or of its encoder states."""
    scores, mask = given["doc_scores"], given["context_attention_mask"]
    check_tensor("doc_scores", scores, "floating-point", 2)
    check_same_n_docs(given.get("n_docs"), scores)
    if "context_input_ids" in given:
        check_ids("context_input_ids", given["context_input_ids"], vocab_size)
        check_mask("context_attention_mask", mask, given["context_input_ids"].shape)
    if "encoder_outputs" in given:
        check_mask("context_attention_mask", mask, given["encoder_outputs"].last_hidden_state.shape[:2])
    if len(mask) != scores.numel():
        raise ValueError(f"{len(mask)} contexts for doc_scores of shape {list(scores.shape)}: one per score is needed")
    there = torch.ones_like(scores, dtype=torch.bool)
    if "doc_mask" in given:
        check_mask("doc_mask", given["doc_mask"], scores.shape)
        there = given["doc_mask"].bool().to(scores.device)
        check_rows_are_real("doc_mask", there)
    check_finite(scores, there)
    check_rows_are_real("context_attention_mask", mask.bool() | ~there.flatten()[:, None].to(mask.device))


def check_decoder_inputs(ids: Any, mask: Any, questions: int, vocab_size: int) -> None:
    """One row of decoder inputs (which labels are, too) for each question."""
    if ids is None:
        if mask is not None:
            raise ValueError("decoder_attention_mask is given without decoder_input_ids or labels")
        return
    check_ids("decoder_input_ids", ids, vocab_size)
    if len(ids) != questions:
        raise ValueError(f"decoder_input_ids (or labels) have {len(ids)} rows, and there are {questions} questions")
    if mask is not None:
        check_mask("decoder_attention_mask", mask, ids.shape)
        if not mask[:, 0].all():
            raise ValueError("decoder_attention_mask is 0 at a first token, which then could attend to nothing")


def as_encoder_output(encoder_outputs: Any) -> EncoderOutput:
    """A tuple (last_hidden_state, hidden_states, attentions) of one to three is taken too."""
    if isinstance(encoder_outputs, tuple) and 1 <= len(encoder_outputs) <= 3:
        encoder_outputs = EncoderOutput(*encoder_outputs)
    if not isinstance(encoder_outputs, EncoderOutput):
        raise ValueError(f"encoder_outputs is a {type(encoder_outputs).__name__}: an EncoderOutput or tuple is needed")
    check_tensor("encoder_outputs", encoder_outputs.last_hidden_state, "floating-point", 3)
    return encoder_outputs

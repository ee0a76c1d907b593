"""Calls of the RAG classes that mean nothing: what each is told here, and what transformers 5.23.0 makes of it.

`there` is what comes back there: "a result" (in silence, and `why` says what is wrong with it), or how its error begins.
tests/rag/test_refusals.py runs ours, tests/crosscheck/test_illegal_calls.py runs theirs. None: theirs has no such argument.
"""

from dataclasses import dataclass
from typing import Any

import torch

from tests.rag.contexts import LABELS, contexts
from tests.small_rag import small_config
from tests.small_tokenizers import word_piece

GIVEN = contexts()
IDS, MASK, SCORES = GIVEN["context_input_ids"], GIVEN["context_attention_mask"].long(), GIVEN["doc_scores"]
GIVEN = {**GIVEN, "context_attention_mask": MASK}
ROWS, LENGTH = IDS.shape
STATES = torch.randn(ROWS, LENGTH, small_config().generator.d_model, generator=torch.Generator().manual_seed(0))
BATCH = word_piece()(["What is the capital of Mongolia?", "Who discovered radium?"])
ASKED = {"input_ids": BATCH.input_ids, "attention_mask": BATCH.attention_mask.long()}
Q_IDS, Q_MASK = ASKED.values()
NAN, INFINITE = float("nan"), float("inf")
FIRST = torch.tensor([0])


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GIVEN.items() if name not in names}


@dataclass(frozen=True)
class Call:
    """`of` names the class and its method; "retrieving" before it: the model has a retriever."""

    title: str
    of: str
    arguments: dict[str, Any]
    here: str  # found in our message, which is one line
    there: str | None
    why: str = ""

    def __str__(self) -> str:
        return f"{self.title}: {self.of}".replace(" ", "-")


def forward(title: str, arguments: dict[str, Any], here: str, there: str | None, why: str = "") -> Call:
    return Call(title, "RagTokenForGeneration.forward", {"labels": LABELS, **arguments}, here, there, why)


def retrieving(title: str, arguments: dict[str, Any], here: str, there: str | None, why: str = "") -> Call:
    return Call(title, "retrieving RagTokenForGeneration.forward", {"labels": LABELS, **arguments}, here, there, why)


def token(title: str, arguments: dict[str, Any], here: str, there: str | None, why: str = "") -> Call:
    return Call(title, "RagTokenForGeneration.generate", arguments, here, there, why)


def sequence(title: str, arguments: dict[str, Any], here: str, there: str | None, why: str = "") -> Call:
    return Call(title, "RagSequenceForGeneration.generate", arguments, here, there, why)


A_RESULT = "a result"
NO_CONTEXTS = "AssertionError: Make sure that `context_input_ids` are passed, if no `retriever` is set"
NO_MASK = "AssertionError: Make sure that `context_attention_mask` are passed"
NONE = "AttributeError: 'NoneType' object has no attribute"
SIZES = "RuntimeError: The size of tensor a"
LOOKUP = "RuntimeError: Expected tensor for argument #1 'indices' to have one of the following scalar types"
OUTSIDE = "IndexError: index out of range in self"
UNUSED = "ValueError: The following `model_kwargs` are not used by the model"
ELSEWHERE = "it retrieves, and what was given is not looked at"

NOTHING_TO_READ = [
    forward("nothing at all", {}, "give questions .strings., input_ids, or context_input_ids", NO_CONTEXTS),
    token("nothing at all", {}, "give questions", f"{NONE} 'shape'"),
    sequence("nothing at all", {}, "give questions", "AssertionError:  At least one of input_ids or context_input_ids"),
    retrieving("nothing at all", {}, "give questions", "ValueError: You have to specify either input_ids or inputs"),
    forward("no retriever", ASKED, "no retriever .*, and no context_input_ids given", NO_CONTEXTS),
    token("no retriever", ASKED, "no retriever", f"{NONE} 'shape'"),
    sequence("no retriever", ASKED, "no retriever", "TypeError: 'NoneType' object is not subscriptable"),
    forward(
        "empty batch", {k: v[:0] for k, v in GIVEN.items()}, r"doc_scores of shape \[0, 3\]", "RuntimeError: cannot"
    ),
    token("empty batch", {k: v[:0] for k, v in GIVEN.items()}, r"doc_scores of shape \[0, 3\]", "RuntimeError: cannot"),
    sequence("empty batch", {k: v[:0] for k, v in GIVEN.items()}, r"shape \[0, 3\]", "IndexError: list index out of"),
    retrieving(
        "empty batch", {"input_ids": Q_IDS[:0]}, r"input_ids of shape \[0, \d+\]", "RuntimeError: cannot reshape"
    ),
    retrieving("no questions", {"questions": []}, "questions is empty: no question was given", None),
]
INCOMPLETE = [
    forward("scores alone", {"doc_scores": SCORES}, "doc_scores is given without context_input_ids", NO_CONTEXTS),
    forward("a mask alone", {"context_attention_mask": MASK}, "context_attention_mask is given without", NO_CONTEXTS),
    forward("doc_mask alone", {"doc_mask": SCORES > 0}, "doc_mask is given without context_input_ids", None),
    retrieving("scores too", {**ASKED, "doc_scores": SCORES}, "doc_scores is given without", A_RESULT, ELSEWHERE),
    forward("no mask", without("context_attention_mask"), "context_attention_mask is missing", NO_MASK),
    token(
        "no mask", without("context_attention_mask"), "context_attention_mask is missing", "TypeError: 'NoneType' obj"
    ),
    sequence("no mask", without("context_attention_mask"), "context_attention_mask is missing", NO_MASK),
    forward(
        "no scores", without("doc_scores"), "doc_scores is missing: it goes with context_input_ids", "AssertionError"
    ),
    token("no scores", without("doc_scores"), "doc_scores is missing", f"{NONE} 'repeat_interleave'"),
    forward(
        "encoder_outputs without scores",
        {"encoder_outputs": (STATES,), "context_attention_mask": MASK},
        "doc_scores is missing: it goes with encoder_outputs",
        "AssertionError: Make sure that `doc_scores` are passed when passing `encoder_outputs`",
    ),
    forward(
        "encoder_outputs without mask",
        {"encoder_outputs": (STATES,), "doc_scores": SCORES},
        "context_attention_mask is missing: it goes with encoder_outputs",
        A_RESULT,
        "the decoder attends to padding",
    ),
    Call(
        "encoder_outputs without decoder inputs",
        "RagModel.forward",
        {"encoder_outputs": (STATES,), "doc_scores": SCORES, "context_attention_mask": MASK},
        "decoder_input_ids or labels are missing",
        "ValueError: If no `decoder_input_ids` or `decoder_inputs_embeds` are passed",
    ),
    Call(
        "decoder mask without decoder inputs",
        "RagModel.forward",
        {**GIVEN, "decoder_attention_mask": torch.ones(2, 5).long()},
        "decoder_attention_mask is given without decoder_input_ids or labels",
        A_RESULT,
        "the decoder reads the contexts, and the mask is made to fit",
    ),
]
AMBIGUOUS = [
    retrieving("ids and strings", {**ASKED, "questions": ["?"]}, "input_ids and questions are both given", None),
    retrieving(
        "ids and contexts", {**ASKED, **GIVEN}, "input_ids and context_input_ids are both", A_RESULT, "ids unread"
    ),
    retrieving(
        "ids and contexts without scores",
        {**ASKED, **without("doc_scores")},
        "input_ids and context_input_ids are both given: a context holds its question already",
        A_RESULT,
        ELSEWHERE,
    ),
    Call(
        "ids and contexts",
        "retrieving RagSequenceForGeneration.generate",
        {**ASKED, **GIVEN},
        "input_ids and context_input_ids are both given",
        A_RESULT,
        "answers are proposed from the contexts given, and ranked by those retrieved",
    ),
    retrieving("strings and contexts", {"questions": ["?"], **GIVEN}, "questions and context_input_ids are both", None),
    forward(
        "attention_mask", {**GIVEN, "attention_mask": Q_MASK}, "attention_mask is given without", A_RESULT, "unread"
    ),
    forward(
        "other decoder inputs",
        {**GIVEN, "decoder_input_ids": LABELS + 1},
        "labels and decoder_input_ids disagree",
        A_RESULT,
        "labels scored in answers that were not read",
    ),
    Call(
        "other decoder inputs",
        "RagSequenceForGeneration.forward",
        {**GIVEN, "labels": LABELS, "decoder_input_ids": LABELS + 1},
        "labels and decoder_input_ids disagree",
        A_RESULT,
        "labels are not looked at (deviation 2)",
    ),
    forward(
        "shorter labels",
        {**GIVEN, "labels": LABELS[:, :3], "decoder_input_ids": LABELS},
        "labels and decoder_input_ids disagree",
        SIZES,
    ),
]
SHAPES = [
    forward(
        "five contexts",
        {**GIVEN, "context_input_ids": IDS[:5], "context_attention_mask": MASK[:5]},
        r"5 contexts for doc_scores of shape \[2, 3\]",
        SIZES,
    ),
    forward(
        "one question's scores",
        {**GIVEN, "doc_scores": SCORES[:1]},
        r"6 contexts for doc_scores of shape \[1, 3\]",
        A_RESULT,
        "both questions get them",
    ),
    token(
        "one question's scores",
        {**GIVEN, "doc_scores": SCORES[:1]},
        r"6 contexts for doc_scores of shape \[1, 3\]",
        A_RESULT,
        "both questions get them",
    ),
    forward("twice the questions", {**GIVEN, "doc_scores": SCORES.repeat(2, 1)}, "6 contexts for doc_scores", SIZES),
    forward("twice the passages", {**GIVEN, "doc_scores": SCORES.repeat(1, 2)}, "6 contexts for doc_scores", SIZES),
    forward(
        "flat scores",
        {**GIVEN, "doc_scores": SCORES.flatten()},
        r"doc_scores of shape \[6\]: 2 axes",
        "IndexError: tuple",
    ),
    forward(
        "narrow mask",
        {**GIVEN, "context_attention_mask": MASK[:, 1:]},
        r"context_attention_mask of shape \[6, 11\]: \[6, 12\] is",
        SIZES,
    ),
    forward(
        "contexts by question",
        {**GIVEN, "context_input_ids": IDS.unflatten(0, (2, 3))},
        r"context_input_ids of shape \[2, 3, 12\]",
        SIZES,
    ),
    forward(
        "doc_mask", {**GIVEN, "doc_mask": SCORES[:, :2] > 0}, r"doc_mask of shape \[2, 2\]: \[2, 3\] is needed", None
    ),
    forward(
        "five encoder states",
        {**without("context_input_ids"), "encoder_outputs": (STATES[:5],)},
        r"context_attention_mask of shape \[6, 12\]: \[5, 12\] is needed",
        SIZES,
    ),
    retrieving("narrow mask", {**ASKED, "attention_mask": Q_MASK[:, 1:]}, "attention_mask of shape", SIZES),
    forward(
        "labels of one question",
        {**GIVEN, "labels": LABELS[:1]},
        r"decoder_input_ids .or labels. have 1 rows, and there are 2",
        SIZES,
    ),
    forward("labels of six", {**GIVEN, "labels": LABELS.repeat(3, 1)}, "have 6 rows, and there are 2 questions", SIZES),
    forward(
        "flat labels",
        {**GIVEN, "labels": LABELS[0]},
        r"labels of shape \[4\]: 2 axes are needed",
        "ValueError: not enough",
    ),
    forward("labels of length 1", {**GIVEN, "labels": LABELS[:, :1]}, "labels of length 1", A_RESULT, "loss 0"),
    forward(
        "narrow decoder mask",
        {**GIVEN, "decoder_attention_mask": torch.ones(2, 3).long()},
        r"decoder_attention_mask of shape \[2, 3\]",
        A_RESULT,
        "made to fit",
    ),
    forward(
        "n_docs of more",
        {**GIVEN, "n_docs": 6},
        "n_docs=6, but doc_scores hold 3 passages",
        "AssertionError:  The first dimension",
    ),
    forward("n_docs of fewer", {**GIVEN, "n_docs": 1}, "n_docs=1, but doc_scores hold 3 passages", SIZES),
    token("n_docs of fewer", {**GIVEN, "n_docs": 2}, "n_docs=2, but doc_scores hold 3 passages", f"{NONE} 'shape'"),
    sequence("n_docs of fewer", {**GIVEN, "n_docs": 2}, "n_docs=2, but doc_scores hold 3 passages", SIZES),
]
VALUES = [
    forward(
        "float labels", {**GIVEN, "labels": LABELS.float()}, "labels is float32: integer values are needed", LOOKUP
    ),
    forward(
        "float contexts", {**GIVEN, "context_input_ids": IDS.float()}, "context_input_ids is float32: integer", LOOKUP
    ),
    retrieving("float ids", {"input_ids": Q_IDS.float()}, "input_ids is float32: integer values are needed", LOOKUP),
    retrieving("bool ids", {"input_ids": Q_IDS > 0}, "input_ids is bool: integer values are needed", LOOKUP),
    forward(
        "contexts in a list",
        {**GIVEN, "context_input_ids": IDS.tolist()},
        "context_input_ids is a list: a tensor is",
        "TypeError: embedding",
    ),
    forward(
        "states, not a tuple",
        {**without("context_input_ids"), "encoder_outputs": STATES},
        "encoder_outputs is a Tensor: an EncoderOutput or tuple",
        "IndexError: index 6 is out of bounds",
    ),
    retrieving("one string", {"questions": "Who?"}, "questions must be a list of strings", None),
    forward(
        "another vocabulary",
        {**GIVEN, "context_input_ids": IDS + 400},
        "context_input_ids hold 4.., which is not in a vocabulary of 400",
        OUTSIDE,
    ),
    retrieving(
        "another vocabulary", {"input_ids": Q_IDS + 1000}, "input_ids hold 100., which is not in a vocabulary", OUTSIDE
    ),
    forward("label -1", {**GIVEN, "labels": LABELS - 2}, "labels hold -1, which is not in a vocabulary", OUTSIDE),
    forward(
        "integer scores",
        {**GIVEN, "doc_scores": SCORES.long()},
        "doc_scores is int64: floating-point values",
        "NotImplementedError",
    ),
    forward(
        "NaN scores", {**GIVEN, "doc_scores": SCORES * NAN}, "doc_scores hold NaN or infinity", A_RESULT, "loss NaN"
    ),
    token(
        "NaN scores",
        {**GIVEN, "doc_scores": SCORES * NAN},
        "doc_scores hold NaN or infinity",
        A_RESULT,
        "bos, bos, bos …",
    ),
    sequence("NaN scores", {**GIVEN, "doc_scores": SCORES * NAN}, "doc_scores hold NaN", A_RESULT, "any candidate"),
    forward(
        "infinite scores",
        {**GIVEN, "doc_scores": SCORES + INFINITE},
        "doc_scores hold NaN or infinity",
        A_RESULT,
        "NaN",
    ),
    forward(
        "float mask",
        {**GIVEN, "context_attention_mask": MASK.float()},
        "context_attention_mask is float32",
        A_RESULT,
        "as if it were bool",
    ),
    forward(
        "mask of 2",
        {**GIVEN, "context_attention_mask": 2 * MASK},
        "context_attention_mask hold other values than 0 and 1",
        A_RESULT,
        "as if it were bool",
    ),
    forward(
        "a context of padding",
        {**GIVEN, "context_attention_mask": MASK.index_fill(0, FIRST, 0)},
        "context_attention_mask: row 0 is 0 everywhere",
        A_RESULT,
        "padding is read",
    ),
    retrieving(
        "a question of padding",
        {**ASKED, "attention_mask": 0 * Q_MASK},
        "attention_mask: row 0 is 0 everywhere",
        A_RESULT,
        "padding is read",
    ),
    forward("no passage there", {**GIVEN, "doc_mask": (0 * SCORES).bool()}, "doc_mask: row 0 is 0 everywhere", None),
    forward(
        "a masked start",
        {**GIVEN, "decoder_attention_mask": 0 * LABELS},
        "decoder_attention_mask is 0 at a first token",
        A_RESULT,
        "attends to everything",
    ),
    retrieving(
        "n_docs 0", {**ASKED, "n_docs": 0}, "n_docs=0 is not a whole number of at least 1", "IndexError: list index out"
    ),
    retrieving(
        "n_docs -1", {**ASKED, "n_docs": -1}, "n_docs=-1 is not a whole number of at least 1", "RuntimeError: selected"
    ),
    retrieving(
        "n_docs 2.0", {**ASKED, "n_docs": 2.0}, "n_docs=2.0 is not a whole number of at least 1", "TypeError: topk"
    ),
    retrieving(
        "n_docs True", {**ASKED, "n_docs": True}, "n_docs=True is not a whole number of at least 1", "TypeError: topk"
    ),
    forward(
        "too much smoothing",
        {**GIVEN, "label_smoothing": 1.5},
        r"label_smoothing=1.5 is not in \[0, 1\)",
        A_RESULT,
        "swallowed: only config.label_smoothing counts",
    ),
    token("no beam", {**GIVEN, "num_beams": 0}, "num_beams=0 must be at least 1", "ZeroDivisionError"),
]
NOT_TAKEN = [
    forward("a typo", {**GIVEN, "reduce_los": True}, "unexpected argument 'reduce_los'", A_RESULT, "swallowed"),
    token("a typo", {**GIVEN, "num_beam": 3}, "unexpected argument 'num_beam'", UNUSED),
    sequence("a typo", {**GIVEN, "num_beam": 3}, "unexpected argument 'num_beam'", UNUSED),
    Call(
        "labels",
        "RagModel.forward",
        {**GIVEN, "labels": LABELS},
        "'labels': it belongs to forward of RagTokenFor",
        A_RESULT,
        "no loss",
    ),
    token("labels", {**GIVEN, "labels": LABELS}, "'labels': it belongs to forward", A_RESULT, "swallowed"),
    sequence("labels", {**GIVEN, "labels": LABELS}, "'labels': it belongs to forward", A_RESULT, "swallowed"),
    token(
        "decoder inputs",
        {**GIVEN, "decoder_input_ids": LABELS},
        "'decoder_input_ids': it belongs to forward",
        "TypeError: RagTokenForGeneration.prepare_inputs_for_generation",
    ),
    sequence("decoder inputs", {**GIVEN, "decoder_input_ids": LABELS}, "'decoder_input_ids': it belongs", SIZES),
    forward(
        "exclude_bos_score",
        {**GIVEN, "exclude_bos_score": True},
        "'exclude_bos_score': it belongs to RagSequence",
        A_RESULT,
        "swallowed",
    ),
    Call(
        "do_marginalize",
        "RagSequenceForGeneration.forward",
        {**GIVEN, "labels": LABELS, "do_marginalize": True},
        "'do_marginalize': it belongs to RagToken",
        A_RESULT,
        "swallowed",
    ),
    token(
        "do_deduplication",
        {**GIVEN, "do_deduplication": False},
        "'do_deduplication': it belongs to RagSequence",
        UNUSED,
    ),
    token("decoding", {**GIVEN, "decoding": "fast"}, "'decoding': it belongs to RagSequence", UNUSED),
    sequence(
        "another decoding", {**GIVEN, "decoding": "quick"}, "decoding='quick' is neither 'thorough' nor 'fast'", UNUSED
    ),
    forward(
        "past_key_values", {**GIVEN, "past_key_values": ()}, "'past_key_values': it belongs to nobody", "AttributeError"
    ),
    forward(
        "use_cache",
        {**GIVEN, "use_cache": True},
        "use_cache=True: forward reads whole answers",
        A_RESULT,
        "with labels, it is False all the same",
    ),
]
CALLS = NOTHING_TO_READ + INCOMPLETE + AMBIGUOUS + SHAPES + VALUES + NOT_TAKEN

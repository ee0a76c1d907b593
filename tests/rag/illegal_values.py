"""Arguments of the wrong shape, type or value (what the columns are: illegal_call.py)."""

import torch

from tests.rag.contexts import LABELS
from tests.rag.illegal_call import (
    A_RESULT,
    ASKED,
    FIRST,
    GIVEN,
    IDS,
    INFINITE,
    LOOKUP,
    MASK,
    NAN,
    NONE,
    OUTSIDE,
    Q_IDS,
    Q_MASK,
    SCORES,
    SIZES,
    STATES,
    forward,
    retrieving,
    sequence,
    token,
    without,
)

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
ILLEGAL_VALUES = SHAPES + VALUES

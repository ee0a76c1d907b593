"""Arguments that do not go together, or are not taken at all (what the columns are: illegal_call.py)."""

import torch

from tests.rag.contexts import LABELS
from tests.rag.illegal_call import (
    A_RESULT,
    ASKED,
    ELSEWHERE,
    GIVEN,
    MASK,
    NO_CONTEXTS,
    NO_MASK,
    NONE,
    Q_IDS,
    Q_MASK,
    SCORES,
    SIZES,
    STATES,
    UNUSED,
    Call,
    forward,
    retrieving,
    sequence,
    token,
    without,
)

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
        "past_key_values",
        {**GIVEN, "past_key_values": ()},
        "'past_key_values': forward reads whole answers",
        "AttributeError",
    ),
    forward(
        "use_cache",
        {**GIVEN, "use_cache": True},
        "use_cache=True: forward reads whole answers",
        A_RESULT,
        "with labels, it is False all the same",
    ),
]
COMBINATIONS = NOTHING_TO_READ + INCOMPLETE + AMBIGUOUS + NOT_TAKEN

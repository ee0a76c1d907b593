"""A call of the RAG classes that means nothing: what it is told here, and what transformers 5.23.0 makes of it.

The calls are listed in illegal_combinations.py and illegal_values.py. tests/rag/test_refusals.py runs ours on them,
tests/crosscheck/test_illegal_calls.py theirs.
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
A_RESULT = "a result"


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GIVEN.items() if name not in names}


@dataclass(frozen=True)
class Call:
    """`of` names the class and its method; "retrieving" before it: the model has a retriever.

    `there` is what comes back from transformers: "a result", in silence, and `why` says what is wrong with it; or how its
    error begins. None: theirs has no such argument.
    """

    title: str
    of: str
    arguments: dict[str, Any]
    here: str  # found in our message, which is one line
    there: str | None
    why: str = ""

    def __post_init__(self) -> None:
        assert bool(self.why) == (self.there == A_RESULT)

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


NO_CONTEXTS = "AssertionError: Make sure that `context_input_ids` are passed, if no `retriever` is set"
NO_MASK = "AssertionError: Make sure that `context_attention_mask` are passed"
NONE = "AttributeError: 'NoneType' object has no attribute"
SIZES = "RuntimeError: The size of tensor a"
LOOKUP = "RuntimeError: Expected tensor for argument #1 'indices' to have one of the following scalar types"
OUTSIDE = "IndexError: index out of range in self"
UNUSED = "ValueError: The following `model_kwargs` are not used by the model"
ELSEWHERE = "it retrieves, and what was given is not looked at"

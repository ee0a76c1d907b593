"""What do both models answer? The weights are opened once and read in both ways.

Paper     RAG §2.1 (RAG-Sequence, RAG-Token)
Tutorial  tutorials/12_rag_model.py
Tests     tests/serve/test_asking.py
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from minirag.answer import Answer
from minirag.cli.opening import RagForGeneration, open_model
from minirag.rag import RagSequenceForGeneration
from minirag.serve.folders import Folders

MOST_DOCUMENTS, MOST_BEAMS = 20, 8  # what the page's sliders go to
MOST_LETTERS = 2_000  # of a question: more is no question, and would keep everyone else waiting
KEPT_OPEN = 2  # models with their knowledge bases


@dataclass(frozen=True)
class Request:
    """What the browser sends. Nothing in it is believed before `checked`."""

    question: Any
    model: Any
    knowledge_base: Any
    n_docs: Any
    num_beams: Any


Ask = Callable[[Request], tuple[Answer, Answer]]


def asking(folders: Folders, device: str) -> Ask:
    """A function: request → what RAG-Token answers, what RAG-Sequence answers. The first model is opened here already.

    ValueError, from here and from the function: one line that names the folder, or the thing in the request.
    """

    @lru_cache(maxsize=KEPT_OPEN)
    def opened(model: str, knowledge_base: str) -> tuple[RagForGeneration, RagForGeneration]:
        token = open_model(folders.models[model], folders.knowledge_bases[knowledge_base], "token", device)
        return token, in_the_other_way(token)

    def ask(request: Request) -> tuple[Answer, Answer]:
        checked(request, folders)
        n_docs, num_beams = int(request.n_docs), int(request.num_beams)
        token, sequence = opened(request.model, request.knowledge_base)
        return (
            token.answer(request.question, n_docs=n_docs, num_beams=num_beams),
            sequence.answer(request.question, n_docs=n_docs, num_beams=num_beams),
        )

    opened(next(iter(folders.models)), next(iter(folders.knowledge_bases)))
    return ask


def in_the_other_way(token: RagForGeneration) -> RagSequenceForGeneration:
    """RAG-Sequence with the networks of a RAG-Token: nothing is read twice."""
    sequence = RagSequenceForGeneration(token.config, token.question_encoder, token.generator)
    sequence.rag = token.rag
    return sequence.eval()


def checked(request: Request, folders: Folders) -> None:
    """ValueError: a question that is none, a folder that was not named, a number beyond the sliders."""
    if not isinstance(request.question, str) or not request.question.strip():
        raise ValueError("the question is empty")
    if len(request.question) > MOST_LETTERS:
        raise ValueError(f"the question has {len(request.question):,} characters, more than {MOST_LETTERS:,}")
    check_choice("model", request.model, folders.models)
    check_choice("knowledge base", request.knowledge_base, folders.knowledge_bases)
    check_range("passages", request.n_docs, MOST_DOCUMENTS)
    check_range("beams", request.num_beams, MOST_BEAMS)


def check_choice(what: str, label: Any, choices: dict[str, Any]) -> None:
    if not isinstance(label, str) or label not in choices:
        raise ValueError(f"{label!r} is no {what} of this page")


def check_range(what: str, number: Any, most: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int | float) or number not in range(1, most + 1):
        raise ValueError(f"{number!r} {what}: choose 1 to {most}")

"""Which questions has the demo for a person's own training? One for every fact that `questions.jsonl` does not ask for.

Paper     RAG §3.1 (train and dev questions over one knowledge base)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/demo/test_questions.py

The demo model itself has seen none of them: it was trained on invented worlds only.
"""

from collections.abc import Sequence
from pathlib import Path
from random import Random

from minirag.questions.question import Question
from minirag.retrieval.passages import Passage
from minirag.world.facts import Fact, read_facts
from minirag.world.passages import QuestionRow, questions_for, write_passages

PASSAGES_SEED, QUESTIONS_SEED, QUESTIONS_DRAWN = 0, 1, 1200


def written_passages(facts: Sequence[Fact]) -> list[tuple[Passage, list[Fact]]]:
    """The demo's passages, each with the facts that it states."""
    return write_passages(facts, PASSAGES_SEED)


def drawn_and_left(written: Sequence[tuple[Passage, Sequence[Fact]]]) -> tuple[list[QuestionRow], list[QuestionRow]]:
    """(the 1,200 questions of `questions.jsonl`, all the others): each fact is asked for once, in one of the two."""
    rows = questions_for(written, QUESTIONS_SEED)
    drawn = Random(QUESTIONS_SEED).sample(range(len(rows)), min(QUESTIONS_DRAWN, len(rows)))
    chosen = set(drawn)
    return [rows[n] for n in drawn], [row for n, row in enumerate(rows) if n not in chosen]


def demo_training_questions(folder: str | Path) -> list[Question]:
    """Of a folder that has `facts.jsonl`: every question that is not in its `questions.jsonl`. ValueError: there is none."""
    path = Path(folder) / "facts.jsonl"
    _, left = drawn_and_left(written_passages(read_facts(path)))
    if not left:
        raise ValueError(f"{path}: all of its questions are in questions.jsonl, none is left to train on")
    return [Question(row["question"], tuple(row["answers"]), tuple(row["gold"])) for row in left]

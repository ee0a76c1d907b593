"""Which passages stand against each other in a batch? Each once, and none against a question that it answers.

Paper     DPR §3.2: the other questions' passages are negatives, and one BM25 negative for each question serves all
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_batches.py

Several questions of a batch may be about one passage, and a passage may be there twice under two names. As a negative of
a question that it answers it would teach the opposite of what the next batch does: it is masked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from minirag.evaluation.metrics import holds_answer
from minirag.questions.question import Question
from minirag.retrieval.passages import Passage

Lookup = Callable[[Sequence[str]], list[Passage]]  # ids → passages of the knowledge base


@dataclass(frozen=True)
class Example:
    """A question, the passages that answer it (the first one is trained on) and some that look alike and do not."""

    question: str
    answers: tuple[str, ...]
    golds: tuple[Passage, ...]
    negatives: tuple[Passage, ...]


@dataclass(frozen=True)
class DprBatch:
    """Question i's passage is passages[gold[i]]; candidates[i, j]: is passage j in its softmax?"""

    questions: list[str]
    passages: list[Passage]
    gold: Int[Tensor, " B"]
    candidates: Bool[Tensor, "B N"]


def example_of(question: Question, lookup: Lookup, hard_negatives: int, rng: Random) -> Example:
    """One of its gold passages and so many of its negatives, drawn by `rng`; fewer where it has fewer."""
    golds = [*lookup(question.gold), *question.positives]
    rng.shuffle(golds)
    wrong: list[str | Passage] = [*question.negative_ids, *question.negatives]
    drawn = rng.sample(wrong, min(hard_negatives, len(wrong)))
    found = [lookup([it])[0] if isinstance(it, str) else it for it in drawn]
    return Example(question.question, question.answers, tuple(golds), tuple(found))


def batch_of(examples: Sequence[Example], mask_answers: bool = False) -> DprBatch:
    """All golds and negatives, each text once, from the shortest to the longest.

    mask_answers: a passage that holds an answer string of a question is no negative of it either (it may well answer it).
    """
    wanted = [example.golds[0] for example in examples]
    wanted += [passage for example in examples for passage in example.negatives]
    distinct = {(passage.title, passage.text): passage for passage in wanted}.values()
    passages = sorted(distinct, key=lambda passage: len(passage.text))
    rows = {(passage.title, passage.text): row for row, passage in enumerate(passages)}
    gold = [rows[example.golds[0].title, example.golds[0].text] for example in examples]
    candidates = torch.ones(len(examples), len(passages), dtype=torch.bool)
    for i, example in enumerate(examples):
        answering = {passage.text for passage in example.golds}
        for j, passage in enumerate(passages):
            told = f"{passage.title} {passage.text}"
            answers = passage.text in answering or (mask_answers and holds_answer(told, example.answers))
            candidates[i, j] = j == gold[i] or not answers
    return DprBatch([example.question for example in examples], passages, torch.tensor(gold), candidates)

"""What does `minirag train dpr` learn from? Its files, opened and checked to their last line before the first step.

Paper     DPR §4.1; Lee et al. 2019, §4
Tutorial  tutorials/16_training_dpr.py
Tests     tests/cli/test_train_dpr.py
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from minirag.cli.console import progress_bar

if TYPE_CHECKING:
    from minirag.questions.sequence import Questions
    from minirag.retrieval.knowledge_base import KnowledgeBase
    from minirag.training.dpr.dev_pool import DevPool
    from minirag.training.texts import Texts


@dataclass(frozen=True)
class Data:
    """Questions with the numbers of those that name a passage, and paragraphs of plain text; either may be missing."""

    base: "KnowledgeBase | None"
    questions: "Questions | None"
    trained_on: list[int]
    paragraphs: "Texts | None"
    dev: "DevPool | None"


def open_data(
    questions: Path | None,
    kb: Path | None,
    text: list[Path] | None,
    dev: Path | None,
    pool: int,
    dev_questions: int,
    seed: int,
) -> Data:
    from minirag.questions.reading import open_questions, read_questions
    from minirag.retrieval.knowledge_base import KnowledgeBase
    from minirag.training.dpr.dev_pool import dev_pool
    from minirag.training.dpr.inverse_cloze import WORDS
    from minirag.training.dpr.sources import lookup_in, with_gold
    from minirag.training.texts import Texts

    base = None if kb is None else KnowledgeBase.open(kb)
    store = None if base is None else base.store
    measured = None
    if dev is not None:
        measured = dev_pool(read_questions(dev), lookup_in(store), store, pool, dev_questions, seed)
    paragraphs = Texts(text, WORDS) if text else None
    if questions is None:
        return Data(base, None, [], paragraphs, measured)
    with progress_bar("questions read") as report:
        asked = open_questions(questions, progress=report)
    with progress_bar("passages found") as report:
        return Data(base, asked, with_gold(asked, lookup_in(store), report), paragraphs, measured)


def texts_of(data: Data) -> Iterator[str]:
    """What a vocabulary is learned from: every text that is trained on."""
    if data.base is not None:
        for passage in data.base.store:
            yield f"{passage.title} {passage.text}"
    for paragraph in data.paragraphs or ():
        yield paragraph.text
    for question in data.questions or ():
        yield question.question
        yield from (f"{passage.title} {passage.text}" for passage in question.positives)

"""What is trained on? Questions with the passages that answer them, or plain text that is asked about itself.

Paper     DPR §3.2, §4.1; Lee et al. 2019, §4
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_sources.py
"""

from collections.abc import Callable, Sequence
from random import Random

from minirag.questions.question import Question
from minirag.retrieval.passages import Passage, PassageStore
from minirag.training.dpr.batches import Example, Lookup, example_of
from minirag.training.dpr.inverse_cloze import Cloze, questions_of
from minirag.training.order import Order
from minirag.training.texts import Text

ExamplesAt = Callable[[int], list[Example]]  # step t's, a pure function of t
Progress = Callable[[int, int | None], None]
SENTENCES = Cloze()  # as in the paper


def lookup_in(store: PassageStore | None) -> Lookup:
    """Passages by their ids. ValueError: an id that is not there, or no knowledge base to look in."""

    def lookup(ids: Sequence[str]) -> list[Passage]:
        if not ids:
            return []
        if store is None:
            raise ValueError(f"passage {ids[0]!r} is named by its id, and no knowledge base is given that holds it")
        return store.get(store.rows_of(ids))

    return lookup


def with_gold(questions: Sequence[Question], lookup: Lookup, progress: Progress | None = None) -> list[int]:
    """The numbers of the questions that name a passage which answers them; every id is looked up once, here.

    ValueError: none does, or an id is not in the knowledge base.
    """
    found = []
    for number, question in enumerate(questions):
        if lookup(question.gold) or question.positives:
            found.append(number)
        lookup(question.negative_ids)
        if progress is not None and number % 500 == 0:
            progress(number, len(questions))
    if not found:
        raise ValueError('no question names a passage that answers it ("gold": [passage id, …])')
    return found


def examples_from_questions(
    questions: Sequence[Question],
    trained_on: Sequence[int],
    lookup: Lookup,
    batch_size: int,
    hard_negatives: int = 1,
    seed: int = 0,
    together: int = 1,
) -> tuple[ExamplesAt, Order]:
    """Each question once an epoch, with one of its gold passages and some of its negatives, drawn anew.

    together: so many questions that follow each other in the file share a batch (see order.py).
    """
    order = Order(len(trained_on), batch_size, seed, together=together)

    def examples_at(step: int) -> list[Example]:
        rng = Random(f"dpr {seed} {step}")
        asked = [questions[trained_on[number]] for number in order.batch(step)]
        return [example_of(question, lookup, hard_negatives, rng) for question in asked]

    return examples_at, order


def examples_from_text(
    paragraphs: Sequence[Text],
    batch_size: int,
    seed: int = 0,
    together: int = 1,
    cloze: Cloze = SENTENCES,
) -> tuple[ExamplesAt, Order]:
    """The inverse cloze task: each paragraph once an epoch, asked for by other words of it.

    batch_size and together count questions, of which a paragraph has `cloze.count`. Its number is its passage's id.
    """
    at_once, run = (-(-number // cloze.count) for number in (batch_size, together))
    order = Order(len(paragraphs), at_once, seed, together=run)

    def examples_at(step: int) -> list[Example]:
        rng = Random(f"cloze {seed} {step}")
        texts = [(number, paragraphs[number]) for number in order.batch(step)]
        passages = [Passage(str(number), text.title, text.text) for number, text in texts]
        return [asked for passage in passages for asked in questions_of(passage, rng, cloze)]

    return examples_at, order


def both(questions: ExamplesAt, text: ExamplesAt) -> ExamplesAt:
    """Batches of which a part is annotated, and a part asks text about itself."""
    return lambda step: [*questions(step), *text(step)]

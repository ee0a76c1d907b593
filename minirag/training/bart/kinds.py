"""From what does a generator learn? Broken texts to mend, questions about a span, annotated questions: three kinds of example.

Paper     Lewis et al. 2019 (BART), §2.2; RAG §2.4
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/bart/test_kinds.py
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from minirag.questions.question import Question
from minirag.retrieval.passages import Passage, PassageStore
from minirag.training.bart.examples import Example, Form, mending, reading
from minirag.training.bart.matching import common_tokens
from minirag.training.bart.salient_spans import Span
from minirag.training.bart.span_questions import span_question
from minirag.training.texts import Text, Texts

SAMPLE = 300  # examples from which common tokens are counted
TRIES = 50  # texts that are looked at for one that says something
NEIGHBOURS = (-2, -1, 1, 2)  # rows of a knowledge base in which an article's other passages stand


@dataclass(frozen=True)
class Kind:
    """`lengths`: of what each example is made of, in any unit. example(i, form, rng): number i, chance decided by rng."""

    name: str
    lengths: Sequence[int]
    example: Callable[[int, Form, Random], Example]


def denoise(texts: Texts) -> Kind:
    """A broken text → the whole one."""
    return Kind("denoise", texts.sizes, lambda index, form, rng: mending(form, texts[index], rng))


def spans(texts: Texts) -> Kind:
    """A paragraph and a question about a name, date or number in it → that. A text without one gives way to any other."""

    def example(index: int, form: Form, rng: Random) -> Example:
        for _ in range(TRIES):
            found = span_question(texts[index], rng)
            if found is not None:
                question, span = found
                return reading(form, texts[index], question, texts[index].text[span.start : span.end], span, rng)
            index = rng.randrange(len(texts))
        raise ValueError(f"{texts.files[0].path}: no name, date or number that could be asked for in {TRIES} texts")

    return Kind("spans", texts.sizes, example)


def questions(asked: Sequence[Question], store: PassageStore | None, misleading: float = 0.0) -> Kind:
    """A passage that states the answer and the question → the answer.

    misleading: the share of examples whose passage does not hold the answer: one that the file gives as a negative, or
    another of the same article. The likeliest guess is then any name at all, so the generator learns to spread its
    probability thin where it finds nothing: RAG's mixture is left to the passages that know.
    Questions that name no passage are passed over; ValueError where none does, or where a named one is not in `store`.
    """
    usable, lengths = array("L"), array("L")
    for index, question in enumerate(asked):
        stated = statements(question, store)
        if stated:
            usable.append(index)
            lengths.append(len(stated[0].text))
    if not usable:
        raise ValueError(
            f"none of {len(asked)} questions names a passage that answers it; give --kb where they are ids"
        )

    def example(index: int, form: Form, rng: Random) -> Example:
        question = asked[usable[index]]
        if rng.random() < misleading:
            others = misleading_passages(question, store)
            if others:
                other = rng.choice(others)
                return reading(form, as_text(other), question.question, rng.choice(question.answers), None, rng)
        return answered(form, question, rng.choice(statements(question, store)), rng)

    return Kind("questions", lengths, example)


def common_in(kind: Kind, form: Form) -> frozenset[int]:
    """The most frequent tokens of what the first examples read."""
    examples = (kind.example(index, form, Random(f"common {index}")) for index in range(min(SAMPLE, len(kind.lengths))))
    return common_tokens(example.source for example in examples)


def statements(question: Question, store: PassageStore | None) -> list[Passage]:
    """The passages that state the answer, wherever they are written."""
    if store is None:
        return list(question.positives)
    return [*question.positives, *store.get(store.rows_of(question.gold))]


def answered(form: Form, question: Question, passage: Passage, rng: Random) -> Example:
    """One of the answers that stand in the passage, where there is one, is to be written; one of its places is kept."""
    text = as_text(passage)
    there = [answer for answer in question.answers if answer in text.text]
    answer = rng.choice(there or question.answers)
    places = [start for start in range(len(text.text)) if text.text.startswith(answer, start)] if there else []
    span = Span(start := rng.choice(places), start + len(answer), "") if places else None
    return reading(form, text, question.question, answer, span, rng)


def misleading_passages(question: Question, store: PassageStore | None) -> list[Passage]:
    """Negatives of the question, or passages of the same title; none of them holds an answer."""
    found = list(question.negatives)
    if store is not None:
        found += store.get(store.rows_of(question.negative_ids))
        for row in store.rows_of(question.gold) if not found else []:
            title = store.passage(row).title
            near = [store.passage(row + step) for step in NEIGHBOURS if 0 <= row + step < len(store)]
            found += [passage for passage in near if title and passage.title == title]
    return [passage for passage in found if not any(answer in passage.text for answer in question.answers)]


def as_text(passage: Passage) -> Text:
    return Text(passage.title, " ".join(passage.text.split()))

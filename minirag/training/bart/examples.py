"""What does the generator read and write in training? Token ids of a source and of its target, and what is copied where.

Paper     Lewis et al. 2019 (BART), §2.2 (mending); RAG §2.3 (`title / text // question` → answer)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/bart/test_examples.py
"""

from dataclasses import dataclass, field
from random import Random

from minirag.configuration import BartConfig
from minirag.documents.split import sentences
from minirag.text.generator_input import generator_inputs, passage_string
from minirag.text.tokenizers import Tokenizer
from minirag.training.bart.matching import matches
from minirag.training.bart.noising import HOLE, broken_places
from minirag.training.bart.salient_spans import Span
from minirag.training.guided_attention import occurrences
from minirag.training.texts import Text

SEEN = 16  # tokens of a text, at least, whatever the length of the question
TITLE_SEP, DOC_SEP = " / ", " // "


@dataclass(frozen=True)
class Example:
    """copied: (place in the target, place in the source) of tokens that are the same because they were copied.

    matched: (place in the passage, place in the question) of tokens of the source that are the same (matching.py).
    """

    source: list[int]
    target: list[int]
    copied: list[tuple[int, int]]
    matched: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Form:
    """How texts become ids. max_length: of a source. answer_space: an answer begins with a space (see `answer_text`).

    common: tokens that match nothing (matching.py).
    """

    tokenizer: Tokenizer
    config: BartConfig
    max_length: int
    answer_space: bool = True
    common: frozenset[int] = frozenset()


def answer_text(value: str) -> str:
    """The answer as it stands in a passage, behind a space: byte-level BPE gives `Bern` and ` Bern` different tokens.

    With the space, answering is copying tokens; without it, the generator would have to learn for each of thousands of
    tokens which other one is its twin.
    """
    return " " + value


def mending(form: Form, text: Text, rng: Random) -> Example:
    """The broken text → the whole one, its title included (BART §2.2, §3). A long text is cut to a piece of it."""
    room = form.max_length - 2 - len(form.tokenizer.encode_plain(text.title + TITLE_SEP))
    middle = rng.randrange(max(1, len(text.text)))
    piece = window(form.tokenizer, text.text, max(1, room), Span(middle, middle, ""), rng)
    whole = passage_string(text.title, piece) if text.title else piece
    encoding = form.tokenizer.backend.encode(whole, add_special_tokens=False)
    ids = encoding.ids[: form.max_length - 2]
    begins = {start for start, _ in sentences(whole)}
    starts = [
        number for number, (start, _) in enumerate(encoding.offsets[: len(ids)]) if number == 0 or start in begins
    ]
    places = broken_places(len(ids), starts, rng)[: form.max_length - 2]
    mask = form.tokenizer.mask_token_id
    source = framed(form.tokenizer, [mask if place == HOLE else ids[place] for place in places])
    target, shift = written(form, ids)
    copied = [(place + shift, number + 1) for number, place in enumerate(places) if place != HOLE]
    return Example(source, target, copied)


def reading(form: Form, text: Text, question: str, answer: str, place: Span | None, rng: Random) -> Example:
    """`title / text // question` → answer. A long text is cut to a piece of it that holds `place`, where the answer stands.

    The question stays whole, and SEEN tokens of the text with it, where that takes more than form.max_length.
    """
    shown = " ".join(question.split())
    title, asked = (form.tokenizer.encode_plain(part) for part in (text.title + TITLE_SEP, DOC_SEP + shown))
    middle = rng.randrange(max(1, len(text.text)))
    room = max(SEEN, form.max_length - 3 - len(title) - len(asked))
    piece = window(form.tokenizer, text.text, room, place or Span(middle, middle, ""), rng)
    passage = passage_string(text.title, piece, TITLE_SEP)
    limit = min(form.config.max_position_embeddings, max(form.max_length, room + 3 + len(title) + len(asked)))
    (source,) = generator_inputs(form.tokenizer, [passage], [shown], DOC_SEP, limit)
    ids = answer_ids(form, answer)
    target, shift = written(form, ids)
    copied = [(shift + step, start + step) for start, _, length in occurrences(source, ids) for step in range(length)]
    return Example(source, target, copied, matches(source, len(source) - 1 - len(asked), form.common))


def answer_ids(form: Form, answer: str) -> list[int]:
    return form.tokenizer.encode_plain(answer_text(answer) if form.answer_space else answer)


def framed(tokenizer: Tokenizer, ids: list[int]) -> list[int]:
    """<s> … </s>"""
    return [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id]


def written(form: Form, ids: list[int]) -> tuple[list[int], int]:
    """What the decoder is to write, and how many tokens of it come before `ids`.

    A generator that starts with <s> writes `… </s>`; one that starts with </s>, as published ones do, writes `<s> … </s>`.
    """
    whole = framed(form.tokenizer, ids)
    starts_with_bos = form.config.decoder_start_token_id == form.tokenizer.bos_token_id
    return (whole[1:], 0) if starts_with_bos else (whole, 1)


def window(tokenizer: Tokenizer, text: str, room: int, held: Span, rng: Random) -> str:
    """Whole words of `text` in a row, about `room` tokens, with text[held.start : held.end] among them; else by chance."""
    offsets = tokenizer.backend.encode(text, add_special_tokens=False).offsets
    if len(offsets) <= room:
        return text
    first = max(0, sum(start <= held.start for start, _ in offsets) - 1)
    last = max(first, sum(start < held.end for start, _ in offsets) - 1)
    latest = min(first, len(offsets) - room)
    begin = rng.randint(min(latest, max(0, last + 1 - room)), latest)
    start, end = offsets[begin][0], max(held.end, offsets[min(begin + room, len(offsets)) - 1][1])
    if start > 0 and not text[start - 1].isspace():
        space = text.find(" ", start)
        start = space + 1 if 0 <= space < held.start else min(start, held.start)
    if end < len(text) and not text[end].isspace():
        end = max(held.end, text.rfind(" ", start, end))
    return text[start:end]

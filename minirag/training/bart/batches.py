"""Which examples make up the batch of step t? All of one kind and of like length, and nothing but seed and t decides.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/bart/test_batches.py

Mended texts are long to write and answers short: mixed in one batch, most of it would be padding. So each batch is of one
kind, and of every ROUND steps each kind has its share, in random order.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random

from minirag.training.bart.examples import Example, Form
from minirag.training.bart.kinds import Kind
from minirag.training.order import Order

ROUND = 100
CHARACTERS = 5  # of a token, about: longer texts than fit are all equally long


@dataclass(frozen=True)
class Course:
    """`mix`: kind → its share of the batches. Sources grow from `shortest` to form.max_length tokens over `growing` steps.

    shared_by: so many processes that must get equally many rows (order.py).
    """

    kinds: Sequence[Kind]
    mix: Mapping[str, float]
    form: Form
    batch_size: int
    seed: int = 0
    shortest: int = 0
    growing: int = 0
    shared_by: int = 1
    orders: dict[str, Order] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for kind in self.kinds:
            longest = CHARACTERS * self.form.max_length
            lengths = [min(length, longest) for length in kind.lengths]
            self.orders[kind.name] = Order(len(lengths), self.batch_size, self.seed, lengths, shared_by=self.shared_by)


def read_mix(text: str) -> dict[str, float]:
    """`denoise=0.2,spans=0.4,questions=0.4` → shares of 1. ValueError: an unknown kind, or no share."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, share = part.strip().partition("=")
        if name not in ("denoise", "spans", "questions") or name in shares:
            raise ValueError(f"mix {text!r}: {name!r} is not one of denoise, spans, questions, each once")
        try:
            shares[name] = float(share)
        except ValueError:
            raise ValueError(f"mix {text!r}: {share!r} is no number") from None
    total = sum(shares.values())
    if min(shares.values()) < 0 or not 0 < total < float("inf"):
        raise ValueError(f"mix {text!r}: shares must be positive numbers")
    return {name: share / total for name, share in shares.items() if share > 0}


def batch_at(course: Course, step: int) -> list[Example]:
    """The examples of step `step`, from 0."""
    name, number = kind_at(tuple(course.mix.items()), course.seed, step)
    kind = next(kind for kind in course.kinds if kind.name == name)
    form = replace(course.form, max_length=longest_at(course, step))
    return [
        kind.example(index, form, Random(f"{course.seed} {name} {number} {place}"))
        for place, index in enumerate(course.orders[name].batch(number))
    ]


def longest_at(course: Course, step: int) -> int:
    """Tokens of a source at a step: short passages first, in which there is less to choose from."""
    full = course.form.max_length
    if step >= course.growing or course.shortest >= full:
        return full
    return course.shortest + round((full - course.shortest) * step / course.growing)


def kind_at(mix: tuple[tuple[str, float], ...], seed: int, step: int) -> tuple[str, int]:
    """(kind of step t's batch, how many batches of that kind came before it)."""
    round_number, place = divmod(step, ROUND)
    names = round_of(mix, seed, round_number)
    return names[place], round_number * names.count(names[place]) + names[:place].count(names[place])


@lru_cache(maxsize=4)
def round_of(mix: tuple[tuple[str, float], ...], seed: int, number: int) -> list[str]:
    """The kinds of ROUND batches: each has its share (largest remainders first), and comes when chance has it."""
    counts = {name: int(ROUND * share) for name, share in mix}
    for name, _ in sorted(mix, key=lambda kind: -(ROUND * kind[1] % 1))[: ROUND - sum(counts.values())]:
        counts[name] += 1
    names = [name for name, count in counts.items() for _ in range(count)]
    return Random(f"{seed} round {number}").sample(names, ROUND)


def steps_per_epoch(course: Course) -> int:
    """Until every annotated question came once; without them, every text."""
    kind = "questions" if "questions" in course.mix else next(iter(course.mix))
    return math.ceil(course.orders[kind].steps_per_epoch / course.mix[kind])


def step_of_largest(course: Course) -> int:
    """A step whose batch is about the largest: long texts to mend where there are any, when sources have grown."""
    later = range(course.growing, course.growing + 2 * ROUND)
    named = "denoise" if "denoise" in course.mix else next(iter(course.mix))
    return next((step for step in later if kind_at(tuple(course.mix.items()), course.seed, step)[0] == named), 0)

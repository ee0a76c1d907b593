"""The screen of an answer: nothing in a text is obeyed, and the answer can be seen in its passage."""

import io

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from minirag.answer import Answer, AnswerCandidate, ScoredPassage
from minirag.cli.answer_table import EXCERPT, answer_table, excerpt, probability

NASTY = "[red]no markup[/red] [/] :smile: \x1b[2J\x07 \u202eturned \u2028 new line\n\n"


def rendered(answer: Answer, width: int = 80) -> str:
    screen = io.StringIO()
    Console(file=screen, width=width, markup=False, emoji=False).print(answer_table(answer))
    return screen.getvalue()


def some_answer(text: str = "Ulaanbaatar", passage: str = "Its capital is Ulaanbaatar.", candidates: int = 2) -> Answer:
    return Answer(
        question="What is the capital of Mongolia?",
        text=text,
        logprob=-0.01,
        variant="token",
        passages=[ScoredPassage("mongolia-1", passage, passage, 0.75, 0.5), ScoredPassage("x", "", "", 0.25, 0.5)],
        candidates=[AnswerCandidate(text, -0.01 * number) for number in range(1, candidates + 1)],
        tokens=[text],
        token_posterior=torch.full((2, 1), 0.5),
    )


def test_it_reads_well():
    assert [line.rstrip() for line in rendered(some_answer()).splitlines()] == [
        "Ulaanbaatar   probability 0.99, RAG-Token",
        "",
        "prior p(z|x)   posterior      passage",
        "██████   0.75  ████     0.50  Its capital is Ulaanbaatar.",
        "                              Its capital is Ulaanbaatar.",
        "██       0.25  ████     0.50  x",
        "",
        "",
        "less likely: Ulaanbaatar 0.98",
    ]


@pytest.mark.parametrize("width", [40, 80, 200])
@given(st.text(), st.text())
def test_no_text_breaks_the_table(width, text, passage):
    lines = rendered(some_answer(text, passage), width).splitlines()
    assert all(not line or line.isprintable() or "\x1b" not in line for line in lines)


def test_nothing_in_a_text_is_obeyed():
    shown = rendered(some_answer(NASTY, NASTY), width=200)
    assert "[red]no markup[/red] [/] :smile: \\x1b[2J\\x07 \\u202eturned new line" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_an_empty_answer_is_said_to_be_empty():
    assert rendered(some_answer("")).startswith("(an empty answer)")


@given(st.text("ab ", max_size=600), st.text("xyz", min_size=1, max_size=10), st.text("ab ", max_size=600))
def test_the_excerpt_shows_the_answer_wherever_it_stands(before, answer, after):
    shown = excerpt(f"{before}{answer}{after}", answer.upper())
    assert answer in shown.plain
    assert len(shown.plain) <= EXCERPT + 2


@pytest.mark.parametrize(("logprob", "shown"), [(0.0, "1.00"), (-0.03, "0.97"), (-3.5, "0.03"), (-15.0, "3.1e-07")])
def test_a_probability_has_two_digits_that_count(logprob, shown):
    assert probability(logprob) == shown

"""Answers of any kind, made up: what the page shows, without a model."""

import torch
from hypothesis import strategies as st

from minirag.answer import Answer, AnswerCandidate, ScoredPassage

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "[click](javascript:alert(3)) **bold** $x^2$",
    "\u202egnp.exe\u202c \u2066\u2069",
    "&lt;b&gt; &amp; ' \" `",
    "{{ 7 * 7 }} ${7 * 7}",
)
words = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))


passages = st.lists(st.tuples(words, words), min_size=1, max_size=3)
pieces = st.sampled_from(HOSTILE) | st.text(max_size=8)  # of words: how longer ones fit is tests/plots' matter
tokens = st.lists(pieces, max_size=3)


def made(variant: str, question: str, text: str, passages: list[tuple[str, str]], tokens: list[str]) -> Answer:
    equal = 1 / len(passages)
    return Answer(
        question=question,
        text=text,
        logprob=-0.25,
        variant=variant,
        passages=[ScoredPassage(str(n), title, body, equal, equal) for n, (title, body) in enumerate(passages)],
        candidates=[AnswerCandidate(text, -0.25), AnswerCandidate(text + "?", -2.0)],
        tokens=tokens,
        token_posterior=torch.full((len(passages), len(tokens)), equal),
    )

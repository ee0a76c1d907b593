"""Which settings are compared with transformers? A hypothesis grid over all of them, and what both sides make of one.

Left out is what is known to differ (docs/deviations.md): fewer possible answers than beams, hence the large sets of
allowed tokens.
"""

import random

from hypothesis import strategies as st
from torch import Tensor

from minirag.decoding.beam_search import Hypothesis
from tests.crosscheck.tiny_bart import EOS, FORCED, their_answers, vocabulary

NOT_AN_ANSWER = -1e7  # transformers' places for answers that do not exist have −1e9 or so


def allowed_by(seed: int, V: int, least: int):
    """prefix → so many token ids at least, whatever the question (they count passages, or samples, in its place)."""

    def allowed(question: int, prefix: Tensor) -> list[int]:
        order = random.Random(hash((seed, *prefix.tolist())))
        return order.sample(range(V), order.randint(least, V))

    return allowed


@st.composite
def constraints(draw: st.DrawFn, V: int, num_beams: int, max_length: int) -> dict:
    word = st.lists(st.integers(0, V - 1), min_size=1, max_size=3)
    return draw(
        st.fixed_dictionaries(
            {},
            optional={
                "min_length": st.integers(0, max_length),
                "repetition_penalty": st.sampled_from([0.7, 1.3, 2.5]),
                "no_repeat_ngram_size": st.integers(0, 3),
                "bad_words_ids": st.lists(word, min_size=1, max_size=8).filter(
                    lambda words: any(word != [EOS] for word in words)
                ),
                "forced_bos_token_id": st.just(FORCED),
                "forced_eos_token_id": st.sampled_from([EOS, 9]),
                "decoder_start_token_id": st.sampled_from([0, 5]),
                "prefix_allowed_tokens_fn": st.integers(0, 999).map(lambda seed: allowed_by(seed, V, 3 * num_beams)),
            },
        )
    )


@st.composite
def searches(draw: st.DrawFn, shortest: int = 2) -> tuple[int, dict]:
    """(which pair, settings of one search)."""
    seed, num_beams = draw(st.integers(0, 7)), draw(st.sampled_from([1, 1, 2, 3, 5]))
    max_length = draw(st.integers(shortest, 13))
    settings = {
        "num_beams": num_beams,
        "num_return_sequences": draw(st.integers(1, num_beams)),
        "max_length": max_length,
        **draw(constraints(vocabulary(seed), num_beams, max_length)),
    }
    if num_beams > 1:
        settings["length_penalty"] = draw(st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0]))
        settings["early_stopping"] = draw(st.sampled_from([False, True, "never"]))
    return seed, settings


def their_scores(out, answers: list[list[list[int]]]) -> list[list[float]]:
    """sequences_scores; without beams, the sum of the log-softmax of what each token was chosen from."""
    n = len(answers[0])
    if hasattr(out, "sequences_scores"):
        return out.sequences_scores.view(-1, n).tolist()
    return [
        [sum(out.scores[t][row].log_softmax(0)[token].item() for t, token in enumerate(answer[1:]))]
        for row, (answer,) in enumerate(answers)
    ]


def assert_same(out, ours: list[list[Hypothesis]], wanted: int) -> None:
    """The same tokens in the same order, and scores within 1e-5 (relative where they are large: float32 has 7 digits)."""
    answers = their_answers(out.sequences, wanted)
    for theirs, scores, mine in zip(answers, their_scores(out, answers), ours, strict=True):
        there = sum(score > NOT_AN_ANSWER for score in scores)
        assert [h.tokens for h in mine] == theirs[:there]
        for hypothesis, score in zip(mine, scores[:there], strict=True):
            assert abs(hypothesis.score - score) <= 1e-5 * max(1.0, abs(score))

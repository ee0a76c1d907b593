"""One answer in one picture: both parts hold what was handed in, and an answer without a token has one part."""

import math

from minirag.plots import alt_text, answer_figure
from tests.plots.figures import POSTERIOR, TITLES, TOKENS, texts

PRIOR, AFTER = [0.6, 0.4], [0.7, 0.3]


def test_both_parts_hold_what_was_handed_in():
    figure = answer_figure("Which capital?", "Ulaanbaatar", math.log(0.93), TITLES, PRIOR, AFTER, TOKENS, POSTERIOR)
    above, below = figure.axes
    assert above.collections[0].get_array().tolist() == POSTERIOR
    assert [[bar.get_width() for bar in bars] for bars in below.containers] == [PRIOR, AFTER]
    assert figure.get_suptitle() == "Which capital?\n→  Ulaanbaatar (probability 0.93)"


def test_an_answer_without_a_token_has_bars_only():
    figure = answer_figure("q", "", -0.1, TITLES, PRIOR, AFTER, [], [[], []])
    assert len(figure.axes) == 1
    assert "(an empty answer)" in figure.get_suptitle()


def test_the_passages_of_both_parts_are_the_same():
    K = 50
    table = [[0.0] for _ in range(K)]
    table[40] = [1.0]
    figure = answer_figure("q", "a", 0.0, [f"z{k}" for k in range(K)], [1 / K] * K, [1 / K] * K, ["a"], table)
    above, below = ([label.get_text() for label in axes.get_yticklabels()] for axes in figure.axes)
    assert above == below
    assert "z40" in above


def test_a_long_question_and_a_long_answer_are_cut_and_the_probability_stays():
    figure = answer_figure("why " * 500, "because " * 500, math.log(0.5), TITLES, PRIOR, AFTER, TOKENS, POSTERIOR)
    assert len(figure.get_suptitle().splitlines()) <= 4
    assert figure.get_suptitle().endswith("… (probability 0.5)")
    assert figure.get_tightbbox().x1 <= figure.bbox_inches.x1


def test_the_words_tell_question_answer_and_both_parts():
    words = alt_text(answer_figure("Who?", "Ada", 0.0, TITLES, PRIOR, AFTER, TOKENS, POSTERIOR))
    assert words.startswith("Question: Who? Answer: Ada (probability 1). Heat map of 2 passages by 3 tokens;")
    assert words.endswith("Bars of prior and posterior for 2 passages; Mongolia goes from 0.60 to 0.70.")
    assert "Mongolia" in texts(answer_figure("q", "a", 0.0, TITLES, PRIOR, AFTER, TOKENS, POSTERIOR))

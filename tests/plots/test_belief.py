"""Prior and posterior: the bars are as long as the numbers."""

from minirag.plots import alt_text, prior_and_posterior


def test_the_bars_are_the_prior_and_the_posterior():
    axes = prior_and_posterior([0.5, 0.3, 0.2], [0.1, 0.2, 0.7], ["a", "b", "c"]).axes[0]
    before, after = ([bar.get_width() for bar in bars] for bars in axes.containers)
    assert (before, after) == ([0.5, 0.3, 0.2], [0.1, 0.2, 0.7])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["prior p(z|x)", "posterior p(z|x,y)"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]


def test_the_two_kinds_of_bar_differ_by_more_than_colour():
    first, second = (bars[0] for bars in prior_and_posterior([1.0], [1.0], ["a"]).axes[0].containers)
    assert first.get_hatch() != second.get_hatch()


def test_each_prior_is_above_its_posterior_and_the_first_passage_at_the_top():
    axes = prior_and_posterior([0.5, 0.5], [0.5, 0.5], ["a", "b"]).axes[0]
    before, after = ([bar.get_y() for bar in bars] for bars in axes.containers)
    bottom, top = axes.get_ylim()
    assert bottom > top
    assert before[0] < after[0] < before[1] < after[1]


def test_the_words_say_which_passage_gained_and_which_led():
    assert alt_text(prior_and_posterior([0.5, 0.3, 0.2], [0.1, 0.2, 0.7], ["a", "b", "c"])) == (
        "Bars of prior and posterior for 3 passages; c goes from 0.20 to 0.70; a goes from 0.50 to 0.10."
    )
    assert alt_text(prior_and_posterior([1.0], [1.0], ["a"])).endswith("1 passage; a stays at 1.00.")

"""Every prefix stands in the tree with its probability, and what was followed is bold."""

import pytest
from matplotlib.text import Text

from minirag.plots import alt_text, search_tree
from tests.plots.figures import HOSTILE, texts

TREE = {("a",): 0.6, ("b",): 0.4, ("a", "."): 0.2, ("a", "b"): 0.35, ("b", "."): 0.36}


def bold(figure) -> set[str]:
    return {text.get_text() for text in figure.findobj(Text) if text.get_fontweight() == "bold"}


def test_every_prefix_is_written_with_its_last_token_and_its_probability():
    figure = search_tree(TREE, [])
    assert {f"{prefix[-1]} {p:.3f}" for prefix, p in TREE.items()} == set(texts(figure))
    assert bold(figure) == set()


def test_what_was_followed_is_bold():
    assert bold(search_tree(TREE, [("b",), ("b", ".")])) == {"b 0.400", ". 0.360"}


def test_a_prefix_stands_in_the_middle_of_what_grows_from_it_and_no_two_ends_in_one_place():
    where = {text.get_text(): text.get_position() for text in search_tree(TREE, []).findobj(Text) if text.get_text()}
    assert where["a 0.600"][1] == (where[". 0.200"][1] + where["b 0.350"][1]) / 2
    ends = [where[name][1] for name in (". 0.200", ". 0.360")]
    assert len(set(ends)) == 2


def test_the_words_name_the_likeliest_end_that_was_reached():
    assert alt_text(search_tree(TREE, [("b",), ("b", "."), ("a",), ("a", ".")])).endswith("“b .” with 0.360.")
    assert alt_text(search_tree(TREE, [("a",)])) == "Tree of 5 prefixes with 3 ends, of which 1 prefixes were followed."


@pytest.mark.parametrize(
    ("tree", "followed", "message"),
    [
        ({}, [], "no prefix"),
        ({("a", "b"): 0.1}, [], "beginning"),
        ({(): 1.0}, [], "beginning"),
        ({("a",): 1.5}, [], "not from 0 to 1"),
        (TREE, [("c",)], "followed"),
    ],
)
def test_what_is_no_tree_is_named(tree, followed, message):
    with pytest.raises(ValueError, match=message):
        search_tree(tree, followed)


@pytest.mark.parametrize("text", HOSTILE)
def test_any_token_is_drawn_as_text(text):
    assert len(texts(search_tree({(text,): 0.5, ("b",): 0.5}, [(text,)]))) == 2

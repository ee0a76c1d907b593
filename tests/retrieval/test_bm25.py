import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval.bm25 import search_bm25
from minirag.retrieval.passages import Passage, PassageStore

WORDS = ["iron", "gold", "bern", "river", "franc"]
TEXTS = [
    ("Switzerland", "The capital is Bern. Bern lies on the Aare."),
    ("Mongolia", "The capital is Ulaanbaatar."),
    ("Côte d'Ivoire", "Its largest city is Abidjan."),
    ("Emoji", "a \0 b 😀 हिन्दी 東京"),
    ("AND", 'NEAR OR NOT "quoted" text'),
]
ANY_SYNTAX = '"|""|\'|*|^capital|title:capital|capital NEAR/2 bern|(|-|\0|\ud800|AND|{a b}: c|😀|\u0302'
LONG_OR_EMPTY = ["", "  ", "w" * 100_000, " ".join(f"w{i}" for i in range(20_000))]


def store_of(folder, texts):
    path = folder / "passages.sqlite"
    path.unlink(missing_ok=True)
    return PassageStore.create(path, [Passage(str(row), *columns) for row, columns in enumerate(texts)])


def bm25_by_hand(documents, question, k1=1.2, b=0.75):
    """The formula of the module's docstring over lists of words."""
    mean_length = sum(map(len, documents)) / len(documents)
    scores = [0.0] * len(documents)
    for word in set(question):
        holding = sum(word in document for document in documents)
        idf = max(math.log((len(documents) - holding + 0.5) / (holding + 0.5)), 1e-6)
        for row, document in enumerate(documents):
            count = Counter(document)[word]
            norm = k1 * (1 - b + b * len(document) / mean_length)
            scores[row] += idf * count * (k1 + 1) / (count + norm)
    return scores


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bm25")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return store_of(tmp_path_factory.mktemp("bm25"), TEXTS)


@given(
    st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), min_size=1, max_size=6),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4),
)
def test_scores_are_those_of_the_formula(folder, documents, question):
    store = store_of(folder, [(document[0], " ".join(document[1:])) for document in documents])
    expected = bm25_by_hand(documents, question)
    found = dict(search_bm25(store, " ".join(question), len(documents)))
    assert found == pytest.approx({row: score for row, score in enumerate(expected) if score > 0}, rel=1e-6)


def test_best_comes_first_and_equal_scores_by_row(folder):
    store = store_of(folder, [("", "gold"), ("", "iron"), ("", "iron"), ("", "x"), ("", "y"), ("", "z")])
    found = search_bm25(store, "gold iron", 5)
    assert [row for row, _ in found] == [0, 1, 2]
    assert found[0][1] > found[1][1] == found[2][1] > 0


@given(st.text())
def test_no_question_is_an_error(store, question):
    assert all(0 <= row < len(TEXTS) for row, _ in search_bm25(store, question, 3))


@pytest.mark.parametrize("question", ANY_SYNTAX.split("|") + LONG_OR_EMPTY)
def test_the_syntax_of_full_text_search_means_nothing_in_a_question(store, question):
    search_bm25(store, question, 5)
    assert 1 in dict(search_bm25(store, question + " Ulaanbaatar", 5))


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("what is MONGOLIA's capital?", 1),
        ("largest city of cote d'ivoire", 2),
        ("Co\u0302te", 2),
        ("हिन्दी", 3),
        ("NOT quoted?", 4),
    ],
)
def test_case_accents_and_apostrophes_do_not_matter(store, question, row):
    assert search_bm25(store, question, 5)[0][0] == row


def test_a_word_of_the_question_counts_once(store):
    assert search_bm25(store, "Bern BERN bern, bern", 5) == search_bm25(store, "bern", 5) != []


def test_a_question_that_shares_no_word_finds_nothing(store):
    assert search_bm25(store, "zebra", 5) == []


def test_more_than_there_are_is_as_many_as_there_are(store):
    assert len(search_bm25(store, "the capital", 10**30)) == 2


def test_fewer_than_one_is_refused(store):
    with pytest.raises(ValueError, match="k=0 must be at least 1"):
        search_bm25(store, "capital", 0)

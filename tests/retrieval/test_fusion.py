import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval.fusion import DEPTH, FUSIONS, fused, reciprocal_rank_fusion, weighted_sum

FUSES = pytest.mark.parametrize("fuse", FUSIONS.values(), ids=FUSIONS)
weights = st.floats(0.01, 10)


def best_first(scores: dict) -> list:
    return sorted(scores.items(), key=lambda found: (-found[1], found[0]))


rankings = st.dictionaries(st.integers(0, 9), st.integers(-5, 5).map(float), max_size=8).map(best_first)


@FUSES
@given(lists=st.lists(st.tuples(rankings, weights), min_size=1, max_size=4), data=st.data())
def test_the_order_of_the_rankings_does_not_matter(fuse, lists, data):
    shuffled = data.draw(st.permutations(lists))
    assert fuse(*zip(*lists, strict=True)) == fuse(*zip(*shuffled, strict=True))


@FUSES
@given(lists=st.lists(st.tuples(rankings, weights), min_size=1, max_size=3))
def test_every_passage_of_any_ranking_comes_once_best_first_and_equal_ones_by_row(fuse, lists):
    found = fuse(*zip(*lists, strict=True))
    assert found == best_first(dict(found))
    assert [row for row, _ in sorted(found)] == sorted({row for ranking, _ in lists for row, _ in ranking})


@FUSES
@given(one=rankings, other=rankings, both=st.tuples(weights, weights))
def test_what_is_first_in_both_is_first(fuse, one, other, both):
    assert fuse([[(10, 6.0), *one], [(10, 6.0), *other]], both)[0][0] == 10


@FUSES
@given(one=rankings, other=rankings, weight=weights)
def test_a_ranking_of_weight_zero_is_as_if_it_were_not_there(fuse, one, other, weight):
    alone = fuse([one], [weight])
    assert [row for row, _ in alone] == [row for row, _ in one]
    assert fuse([one, other], [weight, 0.0]) == fuse([other, one], [0.0, weight]) == alone


@given(one=rankings, other=rankings)
def test_ranks_alone_count_for_reciprocal_rank_fusion(one, other):
    squeezed = [(row, -float(rank)) for rank, (row, _) in enumerate(other)]
    assert reciprocal_rank_fusion([one, other], [1.0, 1.0]) == reciprocal_rank_fusion([one, squeezed], [1.0, 1.0])


def test_the_shares_are_those_of_the_formulas():
    words, vectors = [(7, 9.0), (3, 5.0), (4, 1.0)], [(3, 0.8), (7, 0.6), (5, 0.4)]
    found = dict(reciprocal_rank_fusion([words, vectors], [0.5, 2.0]))
    assert found == pytest.approx({7: 0.5 / 61 + 2 / 62, 3: 0.5 / 62 + 2 / 61, 4: 0.5 / 63, 5: 2 / 63})
    assert dict(weighted_sum([words, vectors], [0.5, 2.0])) == pytest.approx({7: 0.5 + 1.0, 3: 0.25 + 2.0, 4: 0, 5: 0})


def test_equal_scores_all_count_as_the_best():
    assert weighted_sum([[(2, 3.0), (5, 3.0)]], [0.4]) == [(2, 0.4), (5, 0.4)]


@pytest.mark.parametrize(
    ("given_weights", "fault"),
    [([1.0], "2 rankings with 1 weights"), ([0.0, 0.0], "one of them more than 0"), ([1.0, -1.0], "must be 0 or more")],
)
def test_weights_that_say_nothing_are_refused(given_weights, fault):
    with pytest.raises(ValueError, match=fault):
        weighted_sum([[], []], given_weights)
    with pytest.raises(ValueError, match=fault):
        fused([lambda questions, k: [], lambda questions, k: []], given_weights)


def test_an_unknown_fusion_is_named():
    with pytest.raises(ValueError, match="fusion='product' is not one of sum, rrf"):
        fused([], [], "product")


def test_a_fused_search_reads_each_ranking_deeper_than_it_answers():
    asked = []

    def search(ranking):
        def found(questions, k):
            asked.append(k)
            return [ranking[:k] for _ in questions]

        return found

    down = [(row, float(-row)) for row in range(2 * DEPTH)]
    up = [(2 * DEPTH, 1.0), (2 * DEPTH + 1, 0.5), (DEPTH - 1, 0.0)]  # the last one is in both, and so the best
    both = fused([search(down), search(up)], [1.0, 1.0], "rrf")
    assert both(["a", "b"], 1) == [[(DEPTH - 1, pytest.approx(1 / 160 + 1 / 63))]] * 2
    assert [len(ranked) for ranked in both(["a"], 2 * DEPTH)] == [2 * DEPTH]
    assert asked == [DEPTH, DEPTH, 2 * DEPTH, 2 * DEPTH]

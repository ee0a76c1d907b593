"""The batch of a step: decided by seed and step alone, of one kind, each kind in its share, each example once an epoch."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.training.bart.batches import batch_at, kind_at, longest_at, read_mix, steps_per_epoch
from tests.training.bart.small_course import small_course

shares = st.dictionaries(st.sampled_from(["denoise", "spans", "questions"]), st.integers(1, 9), min_size=1)


@given(shares, st.integers(0, 5), st.integers(0, 3))
def test_of_every_hundred_steps_each_kind_has_its_share(mix, seed, number):
    mix = read_mix(",".join(f"{name}={share}" for name, share in mix.items()))
    kinds = Counter(kind_at(tuple(mix.items()), seed, 100 * number + step)[0] for step in range(100))
    assert all(abs(kinds[name] - 100 * share) < 1 for name, share in mix.items())


@given(shares, st.integers(0, 5))
def test_the_batches_of_a_kind_are_counted_one_by_one(mix, seed):
    seen = Counter()
    for step in range(250):
        name, number = kind_at(tuple(mix_of(mix)), seed, step)
        assert number == seen[name]
        seen[name] += 1


def mix_of(mix):
    return read_mix(",".join(f"{name}={share}" for name, share in mix.items())).items()


def test_a_batch_is_a_function_of_seed_and_step(tmp_path):
    course, again, other = (small_course(tmp_path, seed=seed) for seed in (1, 1, 2))
    steps = [7, 3, 120, 3]
    assert [batch_at(course, step) for step in steps] == [batch_at(again, step) for step in reversed(steps)][::-1]
    assert [batch_at(course, step) for step in steps] != [batch_at(other, step) for step in steps]


def test_an_epoch_shows_every_question(tmp_path):
    course = small_course(tmp_path, {"questions": 1.0}, batch_size=1)
    assert steps_per_epoch(course) == 3
    sources = {tuple(batch_at(course, step)[0].source) for step in range(3)}
    assert len(sources) == 3
    assert steps_per_epoch(small_course(tmp_path, {"spans": 0.5, "questions": 0.5}, batch_size=2)) == 4
    assert steps_per_epoch(small_course(tmp_path, {"spans": 1.0}, batch_size=4)) == 2


def test_sources_grow(tmp_path):
    course = small_course(tmp_path, shortest=20, growing=10)
    lengths = [longest_at(course, step) for step in range(12)]
    assert lengths == sorted(lengths) and lengths[0] == 20 and lengths[-2:] == [60, 60]
    assert longest_at(small_course(tmp_path), 0) == 60


def test_a_mix_is_read_as_shares_of_one():
    assert read_mix("denoise=1, spans=3") == {"denoise": 0.25, "spans": 0.75}
    assert read_mix("spans=1,questions=0") == {"spans": 1.0}


WRONG = ["", "denoise", "denoise=x", "other=1", "spans=1,spans=2", "spans=0", "spans=-1,denoise=3", "spans=nan"]


@pytest.mark.parametrize("mix", WRONG)
def test_a_mix_that_is_none_is_refused(mix):
    with pytest.raises(ValueError, match="mix"):
        read_mix(mix)

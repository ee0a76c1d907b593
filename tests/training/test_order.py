"""The batches: every example once an epoch, the same whenever they are asked for, like lengths together."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.training.order import Order

sizes = st.tuples(st.integers(1, 60), st.integers(1, 9))


@given(sizes, st.integers(0, 3), st.integers(0, 4), st.booleans())
def test_an_epoch_holds_every_example_once(size, seed, epoch, by_length):
    count, batch_size = size
    lengths = [index * 7 % 13 for index in range(count)] if by_length else None
    order = Order(count, batch_size, seed, lengths)
    steps = range(epoch * order.steps_per_epoch, (epoch + 1) * order.steps_per_epoch)
    batches = [order.batch(step) for step in steps]
    assert sorted(index for batch in batches for index in batch) == list(range(count))
    assert sorted(map(len, batches))[1:] == [batch_size] * (len(batches) - 1)
    assert {order.epoch(step) for step in steps} == {epoch}


@given(sizes, st.lists(st.integers(0, 50), min_size=2, max_size=6))
def test_a_step_has_the_same_batch_in_whatever_order_steps_are_asked_for(size, steps):
    running = Order(*size)
    assert [running.batch(step) for step in steps] == [Order(*size).batch(step) for step in steps]


def test_epochs_and_seeds_differ():
    order = Order(50, 50)
    assert order.batch(0) != order.batch(1)
    assert order.batch(0) != Order(50, 50, seed=1).batch(0)


def test_like_lengths_share_a_batch():
    lengths = [index % 40 for index in range(4000)]
    order = Order(4000, 10, lengths=lengths)
    batches = [order.batch(step) for step in range(order.steps_per_epoch)]
    spread = [max(values) - min(values) for values in ([lengths[index] for index in batch] for batch in batches)]
    assert sum(spread) / len(spread) < 2  # 33 without it
    means = [sum(lengths[index] for index in batch) for batch in batches]
    assert means != sorted(means)  # short ones do not all come first


@given(sizes, st.integers(1, 12), st.integers(0, 3))
def test_neighbours_stay_together_and_every_example_still_comes_once(size, together, epoch):
    count, batch_size = size
    order = Order(count, batch_size, together=together)
    shuffled = [index for batch in order.batches(epoch) for index in batch]
    assert sorted(shuffled) == list(range(count))
    broken = sum(after != before + 1 for before, after in pairwise(shuffled))
    assert broken <= count // together + 1  # no more breaks than there are runs


def test_what_makes_no_sense_is_refused():
    for arguments, fault in [
        ((0, 1), "count=0"),
        ((1, 0), "batch_size=0"),
        ((3, 1, 0, [1, 2]), "2 lengths for 3 examples"),
        ((3, 1, 0, None, 0), "together=0"),
    ]:
        with pytest.raises(ValueError, match=fault):
            Order(*arguments)
    with pytest.raises(ValueError, match="step=-1"):
        Order(3, 1).batch(-1)


def test_a_last_batch_that_cannot_be_shared_evenly_is_left_out_and_the_others_stay():
    lengths = [5, 1, 4, 2, 6, 3, 7]
    order = Order(7, 4, 0, lengths, shared_by=2)
    assert order.steps_per_epoch == 1 and order.epoch(1) == 1
    assert order.batches(0) == [batch for batch in Order(7, 4, 0, lengths).batches(0) if len(batch) == 4]
    assert {row for step in range(20) for row in Order(7, 4, shared_by=2).batch(step)} == set(range(7))
    assert Order(6, 4, shared_by=2).batches(0) == Order(6, 4).batches(0)
    for count, size in ((1, 4), (7, 3)):
        with pytest.raises(ValueError, match=f"{count} examples in batches of {size} cannot be shared evenly by 2"):
            Order(count, size, shared_by=2)

"""The loss of a batch: BART's own where nothing is asked besides, and the sum of its shares."""

from random import Random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.text.batching import pad_ids
from minirag.training.bart.batches import batch_at
from minirag.training.bart.examples import Example
from minirag.training.bart.objective import fading, part_losses, share_of_loss, whole_of
from minirag.training.guided_attention import guidance_loss, marked
from tests.training.bart.small_course import small_course, small_generator


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    return batch_at(small_course(tmp_path_factory.mktemp("course"), {"spans": 1.0}, batch_size=4), 0)


def logits_and_labels(generator, batch):
    source, target = (pad_ids([getattr(row, side) for row in batch], 1) for side in ("source", "target"))
    labels = target.input_ids.masked_fill(~target.attention_mask, -100)
    output = generator(source.input_ids, source.attention_mask, labels=labels, output_attentions=True)
    return output, labels


def test_the_loss_is_barts_own_mean_over_target_tokens(batch):
    generator = small_generator()
    output, _ = logits_and_labels(generator, batch)
    torch.testing.assert_close(share_of_loss(generator, batch, whole_of(batch)), output.loss)


def test_smoothing_is_torchs(batch):
    generator = small_generator()
    output, labels = logits_and_labels(generator, batch)
    smoothed = torch.nn.functional.cross_entropy(output.logits.flatten(0, 1), labels.flatten(), label_smoothing=0.1)
    torch.testing.assert_close(share_of_loss(generator, batch, whole_of(batch, smoothing=0.1)), smoothed)


def test_guided_attention_is_added_with_its_weight(batch):
    generator = small_generator()
    output, _ = logits_and_labels(generator, batch)
    cross = output.cross_attentions[-1]
    wanted = output.loss + 0.5 * guidance_loss(cross, marked([row.copied for row in batch], *cross.shape[2:]))
    torch.testing.assert_close(share_of_loss(generator, batch, whole_of(batch, guidance=0.5)), wanted)


def test_nothing_is_guided_where_nothing_was_copied(batch):
    generator = small_generator()
    lost = [Example(row.source, row.target, []) for row in batch]
    guided, plain = (share_of_loss(generator, lost, whole_of(lost, guidance=weight)) for weight in (1.0, 0.0))
    torch.testing.assert_close(guided, plain)


@pytest.mark.parametrize("parts", [1, 2, 3, 9])
def test_shares_add_up_to_the_loss_and_its_gradient(batch, parts):
    generator, whole = small_generator().double(), whole_of(batch, 0.1, 0.5)
    share_of_loss(generator, batch, whole).backward()
    wanted = [p.grad.clone() for p in generator.parameters()]
    generator.zero_grad()
    losses = [loss() for loss in part_losses(generator, batch, parts, whole)]
    assert len(losses) <= parts
    sum(losses).backward()
    torch.testing.assert_close([p.grad for p in generator.parameters()], wanted)


@given(st.integers(0, 100))
def test_the_loss_does_not_depend_on_the_order_of_the_rows(seed):
    rows = [
        Example([0, 5, 6, 7, 2], [7, 2], [(0, 3)]),
        Example([0, 9, 2], [8, 8, 9, 2], []),
        Example([0, 4, 2], [2], []),
    ]
    generator = small_generator()
    other = Random(seed).sample(rows, 3)
    one, two = (share_of_loss(generator, batch, whole_of(batch, 0.1, 0.3)) for batch in (rows, other))
    torch.testing.assert_close(one, two)


def test_guidance_falls_to_zero_or_stays():
    assert [fading(step, 2.0, 4) for step in (0, 1, 4, 9)] == [2.0, 1.5, 0.0, 0.0]
    assert fading(9, 2.0, 0) == 2.0

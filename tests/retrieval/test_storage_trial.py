import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval.graph_settings import between_passages
from minirag.retrieval.int8_vectors import as_int8
from minirag.retrieval.storage_trial import StorageTrial
from tests.retrieval.small_bases import unit_vectors

VECTORS = unit_vectors(300, 12)


def tried(vectors, batch, path=None):
    trial = StorageTrial(path)
    assert torch.equal(torch.cat(list(trial.watched(vectors.split(batch)))), vectors)
    return trial


def assert_same_five(trial, scores, rows):
    """A point halfway between two of length 1 is equally near to both: which comes first is rounding."""
    assert torch.equal(trial.rows.sort(dim=1).values, rows.sort(dim=1).values)
    torch.testing.assert_close(trial.scores, scores)


def coarse(vectors):
    return (vectors * 4).round() / 4


@pytest.mark.parametrize("batch", [7, 100, 300])
def test_the_best_five_of_a_stream_are_those_of_the_whole(batch):
    trial = tried(VECTORS, batch)
    queries = between_passages(VECTORS[:batch])
    assert torch.equal(trial.queries, queries)
    assert_same_five(trial, *(queries @ VECTORS.T).topk(5, dim=1))


@pytest.mark.parametrize("stored", [VECTORS, VECTORS.half(), as_int8(VECTORS), coarse(VECTORS)], ids=type)
def test_recall_is_the_share_of_the_true_five_that_are_found(stored):
    trial = tried(VECTORS, 50)
    found = (trial.queries @ stored.float().T).topk(5, dim=1).indices
    share = (found[:, :, None] == trial.rows[:, None]).any(dim=1).float().mean().item()
    assert trial.recall(stored) == pytest.approx(share, abs=1e-6)


def test_fewer_bits_find_less():
    trial = tried(VECTORS, 50)
    assert trial.recall(VECTORS) == 1.0
    assert trial.recall(coarse(VECTORS)) < trial.recall(as_int8(VECTORS)) < 1.0


@given(stopped=st.integers(1, 30), kept_ahead=st.booleans())
def test_who_was_stopped_and_goes_on_finds_the_same(tmp_path_factory, stopped, kept_ahead):
    """Killed after batch `stopped` was looked at, and before or after it was written."""
    path, batches = tmp_path_factory.mktemp("trial") / "trial.safetensors", VECTORS.split(10)
    first = StorageTrial(path).watched(batches)
    for _ in range(stopped):
        next(first)
    written = stopped - kept_ahead
    again = StorageTrial(path if written else None)
    assert len(list(again.watched(batches[written:], begin=10 * written))) == len(batches) - written
    whole = tried(VECTORS, 10)
    assert_same_five(again, whole.scores, whole.rows)


def test_identical_vectors_are_all_found():
    same = unit_vectors(1, 6).expand(50, 6)
    assert tried(same, 20).recall(same.half()) == 1.0


def test_one_passage_is_enough():
    assert tried(VECTORS[:1], 1).recall(VECTORS[:1].half()) == 1.0


def test_batches_of_another_dimension_are_left_to_who_writes_them():
    trial = StorageTrial()
    assert len(list(trial.watched([torch.ones(2, 3), torch.ones(2, 4)]))) == 2


def test_without_vectors_there_is_no_recall():
    with pytest.raises(ValueError, match="no vectors came by"):
        StorageTrial().recall(VECTORS)


def test_who_was_stopped_keeps_the_same_of_equal_scores(tmp_path):
    """A point halfway between two vectors of length 1 is as near to the one as to the other: the first counts."""
    vectors = unit_vectors(600, 8)
    whole = tried(vectors, 32)
    for begin in range(0, 600, 32):
        for _ in range(2):  # it was killed each time before the batch was written
            StorageTrial(tmp_path / "trial").look_at(vectors[begin : begin + 32], begin)
    assert torch.equal(StorageTrial(tmp_path / "trial").rows, whole.rows)

"""Do both sides of every job compute the same? On networks of one layer; nothing here is timed."""

from dataclasses import replace
from multiprocessing.reduction import ForkingPickler

import pytest
import torch

from benchmarks.job import Case, Disagreement, same_numbers, same_tokens
from benchmarks.jobs import JOBS

SMALL = Case("toy", questions=2, passages=2, beams=2, tokens=4, length=8, rows=5)


@pytest.fixture(autouse=True)
def weights_of_their_own(tmp_path_factory, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.getbasetemp()))


def computed(name):
    """What each side says it computes, the first and the last."""
    job = JOBS[name]
    if "faiss" in job.sides:
        pytest.importorskip("faiss")
    small = replace(SMALL, **{**(job.settings or {}), "rows": 50 if "faiss" in job.sides else SMALL.rows})
    sides = [make(small) for make in job.sides.values()]
    return sides[0].what_it_computes(), sides[-1].what_it_computes()


@pytest.mark.parametrize("name", JOBS)
def test_the_two_sides_of_a_job_agree_before_they_are_timed(name):
    ours, theirs = computed(name)
    JOBS[name].agree(ours, theirs)


@pytest.mark.parametrize("name", ["rag_token_beams", "rag_sequence_thorough", "bart_greedy"])
def test_every_answer_has_the_tokens_that_were_asked_for(name):
    ours, _ = computed(name)
    assert [len(answer) for answer in ours] == [1 + SMALL.tokens] * SMALL.questions


@pytest.mark.parametrize("name", [name for name in JOBS if name.startswith("training")])
def test_a_training_step_changes_the_weights_and_leaves_no_gradient(name):
    """The comparison, in contrast, leaves everything as it was."""
    for make in JOBS[name].sides.values():
        prepared = make(SMALL)
        before = prepared.what_it_computes()
        assert torch.equal(prepared.what_it_computes(), before)
        prepared.run()
        assert not torch.equal(prepared.what_it_computes(), before)


@pytest.mark.parametrize("name", JOBS)
def test_every_side_can_be_opened_by_another_process(name):
    """Its function crosses by name (and `partial` with what it was given)."""
    for open_side in JOBS[name].sides.values():
        assert ForkingPickler.loads(ForkingPickler.dumps(open_side))


def test_other_tokens_and_other_numbers_are_noticed():
    same_tokens([[2, 5]], [[2, 5]])
    same_numbers(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0001]))
    with pytest.raises(Disagreement, match=r"\[2, 5\] is not \[2, 6\]"):
        same_tokens([[2, 5]], [[2, 6]])
    with pytest.raises(Disagreement, match="0 and 1 answers"):
        same_tokens([], [[2, 6]])
    with pytest.raises(Disagreement, match=r"differ by 5\.0e-01 of the largest"):
        same_numbers(torch.tensor([1.0, 1.0]), torch.tensor([1.0, 2.0]))
    with pytest.raises(Disagreement, match="nan"):
        same_numbers(torch.tensor([float("nan")]), torch.tensor([1.0]))

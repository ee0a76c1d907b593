"""Parameters in parts: two processes that each keep half of every tensor learn what one process learns."""

import pytest
import torch
from safetensors.torch import load_file

from minirag.training.processes import ALONE
from minirag.training.run_folder import RunFolder, trained_weights
from minirag.training.sharding import as_sharded, put_together, whole_tensors
from tests.training.two_processes import DPR_CASES, dpr_trained, in_two, sharded_training, small_bart, trained

CLOSE = {"rtol": 1e-9, "atol": 1e-9}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharded")
    in_two(sharded_training, folder)
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """(model, losses, its run)."""
    run, model = RunFolder(tmp_path_factory.mktemp("alone")), small_bart()
    return model, trained(model, ALONE, run), run


def test_sharded_or_not_the_same_is_learned(folder, alone):
    model, losses, _ = alone
    weights = trained_weights(RunFolder(folder / "run"))
    assert weights.keys() == model.state_dict().keys()
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(weights[name], weight, **CLOSE)
    for rank in range(2):
        own = load_file(folder / f"{rank}.safetensors")
        torch.testing.assert_close(own["losses"], torch.tensor(losses), rtol=0, atol=1e-6)  # reported in float32


def test_the_checkpoint_is_whole_and_that_of_an_unsharded_run(folder, alone):
    sharded, whole = (load_file(run.checkpoint) for run in (RunFolder(folder / "run"), alone[2]))
    assert sharded.keys() == whole.keys()
    for name in (name for name in whole if name.startswith("adam.")):
        torch.testing.assert_close(sharded[name], whole[name], **CLOSE)


def test_each_process_keeps_its_part_of_every_tensor(folder):
    size = sum(parameter.numel() for parameter in small_bart().parameters())
    kept = [int(load_file(folder / f"{rank}.safetensors")["kept"]) for rank in range(2)]
    assert sum(kept) == size and max(kept) < 0.6 * size


def test_a_sharded_run_that_was_stopped_ends_with_the_same_weights(folder):
    for name, whole in (("resumed", "run"), ("resumed dpr", "two towers in parts")):
        resumed = trained_weights(RunFolder(folder / name))
        for key, weight in trained_weights(RunFolder(folder / whole)).items():
            assert torch.equal(resumed[key], weight)


def test_put_together_it_decodes_as_an_unsharded_model_does(folder):
    for rank in range(2):
        own = load_file(folder / f"{rank}.safetensors")
        torch.testing.assert_close(own["stepped"], own["decoded"], **CLOSE)


@pytest.mark.parametrize("name", DPR_CASES)
def test_processes_with_unequal_shares_of_questions_learn_what_one_learns(folder, tmp_path, name):
    losses = dpr_trained(DPR_CASES[name], ALONE, False, tmp_path, name)
    whole, sharded = (trained_weights(RunFolder(place / name)) for place in (tmp_path, folder))
    assert sharded.keys() == whole.keys()
    shift = "ctx_encoder.ctx_encoder.bert.layers.0.norm.bias"  # no softmax sees it: Adam enlarges rounding
    for key in whole.keys() - {shift if DPR_CASES[name].towers == 2 else ""}:
        # Scores are in float32, and Adam divides a gradient by its size: with AVX-512's order of sums one of 384 is 1.5e-6 off.
        torch.testing.assert_close(sharded[key], whole[key], rtol=0, atol=5e-6)
    for rank in range(2):
        own = load_file(folder / f"dpr-{rank}.safetensors")[name]
        torch.testing.assert_close(own, torch.tensor(losses), rtol=1e-5, atol=1e-6)  # reported in float32


def test_where_nothing_is_sharded_nothing_changes():
    model = small_bart()
    before = dict(model.named_parameters())
    with put_together(model):
        assert dict(model.named_parameters()) == before
    tensor = torch.ones(2)
    assert whole_tensors({"a": tensor})["a"] is tensor and as_sharded(tensor, torch.zeros(2)) is tensor

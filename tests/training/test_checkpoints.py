"""What a checkpoint keeps, and that it is there whole or not at all."""

import pytest
import torch
from torch import nn

from minirag.training.checkpoints import (
    moments_of,
    random_states,
    read_state,
    read_tensors,
    set_moments,
    set_random_states,
    set_weights,
    weights_of,
    write_checkpoint,
)


def stepped() -> tuple[nn.Module, torch.optim.Optimizer]:
    """Two layers of which the second is used twice, after one step of Adam."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    model.append(model[0])
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(4, 3)).square().sum().backward()
    optimizer.step()
    return model, optimizer


def test_weights_buffers_and_moments_come_back_and_what_stands_twice_is_kept_once(tmp_path):
    model, optimizer = stepped()
    tensors = {f"model.{name}": tensor for name, tensor in weights_of(model).items()}
    write_checkpoint(tmp_path / "run" / "checkpoint", {**tensors, **moments_of(model, optimizer)}, {"step": 1})
    assert not any("2." in name for name in tensors)
    path = tmp_path / "run" / "checkpoint"
    back, state = read_tensors(path), read_state(path)
    assert state == {"step": 1}
    fresh = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    fresh.append(fresh[0])
    other = torch.optim.AdamW(fresh.parameters())
    set_weights(fresh, {name[6:]: tensor for name, tensor in back.items() if name.startswith("model.")}, "file")
    set_moments(fresh, other, {name: tensor for name, tensor in back.items() if not name.startswith("model.")})
    for optimized, by in ((model, optimizer), (fresh, other)):
        by.zero_grad()
        optimized(torch.ones(2, 3)).sum().backward()
        by.step()
    for ours, theirs in zip(fresh.state_dict().values(), model.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


def test_random_states_come_back():
    states = random_states()
    drawn = torch.rand(5)
    set_random_states(states)
    assert torch.equal(torch.rand(5), drawn)


@pytest.mark.parametrize(
    ("tensors", "fault"),
    [
        ({"weight": torch.zeros(2, 2)}, "file: tensor bias is missing"),
        ({"weight": torch.zeros(2, 2), "bias": torch.zeros(2), "more": torch.zeros(1)}, "file: tensor more is unknown"),
        ({"weight": torch.zeros(2, 3), "bias": torch.zeros(2)}, r"file: tensor weight is \[2, 3\], the model's is \[2, 2\]"),
    ],
)  # fmt: skip
def test_weights_of_another_model_are_refused_before_anything_is_changed(tensors, fault):
    model = nn.Linear(2, 2)
    before = model.weight.clone()
    with pytest.raises(ValueError, match=fault):
        set_weights(model, tensors, "file")
    assert torch.equal(model.weight, before)


def test_a_checkpoint_that_was_cut_off_is_one_line(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    write_checkpoint(path, {"a": torch.zeros(100)}, {})
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors: not a checkpoint") as fault:
        read_tensors(path)
    assert "\n" not in str(fault.value)


def test_while_a_checkpoint_is_written_the_one_before_stays(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.safetensors"
    write_checkpoint(path, {"a": torch.zeros(3)}, {"step": 1})

    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("minirag.training.checkpoints.flush", killed)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(path, {"a": torch.ones(3)}, {"step": 2})
    assert read_state(path) == {"step": 1}

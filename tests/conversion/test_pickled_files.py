"""Files of torch.save: weights are read, and a pickle that would run something is refused before it has run."""

import argparse
from collections import OrderedDict
from datetime import date

import pytest
import torch

from minirag.conversion.convert import convert
from minirag.conversion.pickled_files import read_pickled, state_dict
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import load_network
from tests.conversion.planted import Planted, biencoder, fairseq, write_bin_folder
from tests.model.layouts import write_shards
from tests.model.networks import bart

FILES = ["pytorch_model.bin", "dpr_biencoder.7.cp", "model.pt", "pytorch_model.bin.index.json"]
old_and_new = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])


def write(folder, name, planted, zipped=True):
    """A file that would convert, but for what is planted in it."""
    path = folder / name
    content = {"dpr_biencoder.7.cp": biencoder, "model.pt": fairseq}
    if name in content:
        torch.save(content[name](extra_state=planted), path, _use_new_zipfile_serialization=zipped)
        return path
    tensors = torch.load(write_bin_folder(folder), weights_only=True) | {"extra_state": planted}
    (folder / "pytorch_model.bin").unlink()

    def save(part, place):
        torch.save(part, place, _use_new_zipfile_serialization=zipped)

    if name == "pytorch_model.bin":
        save(tensors, path)
        return folder
    del tensors["extra_state"]
    write_shards(folder, tensors, 3, "pytorch_model", save, "bin")
    save({"extra_state": planted}, folder / "pytorch_model-00002-of-00003.bin")
    return folder


@old_and_new
@pytest.mark.parametrize("name", FILES)
def test_a_pickle_that_would_run_a_command_is_refused_and_the_command_does_not_run(tmp_path, name, zipped):
    made = tmp_path / "made by the pickle"
    source = write(tmp_path, name, Planted(made), zipped)
    with pytest.raises(ValueError, match=r"refused: it asks for \w+\.mkdir, which is no part of weights") as caught:
        convert(source, tmp_path / "new")
    assert "\n" not in str(caught.value)
    assert not made.exists() and not (tmp_path / "new").exists()


@old_and_new
def test_the_same_pickle_does_run_where_it_is_read_without_care(tmp_path, zipped):
    """Otherwise the test above would show nothing."""
    made = tmp_path / "made by the pickle"
    torch.save(Planted(made), tmp_path / "file", _use_new_zipfile_serialization=zipped)
    torch.load(tmp_path / "file", weights_only=False)
    assert made.is_dir()


@old_and_new
@pytest.mark.parametrize("protocol", [2, 3])
def test_weights_of_any_age_are_read(tmp_path, zipped, protocol):
    tensors = OrderedDict(a=torch.arange(3.0), b=torch.ones(2, dtype=torch.bfloat16))
    torch.save(tensors, tmp_path / "x", pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    found = state_dict(read_pickled(tmp_path / "x"), tmp_path / "x")
    assert found.keys() == tensors.keys() and all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_a_protocol_that_the_restricted_reader_does_not_know_is_refused(tmp_path):
    torch.save({"a": torch.zeros(2)}, tmp_path / "x", pickle_protocol=4)
    with pytest.raises(ValueError, match=r"not written by torch\.save as it usually is .*Unsupported operand 149"):
        read_pickled(tmp_path / "x")


def test_only_the_classes_that_are_needed_are_built(tmp_path):
    torch.save({"args": argparse.Namespace(arch="bart")}, tmp_path / "x")
    assert read_pickled(tmp_path / "x", [argparse.Namespace])["args"].arch == "bart"
    with pytest.raises(ValueError, match=r"refused: it asks for argparse\.Namespace"):
        read_pickled(tmp_path / "x")
    torch.save({"args": date(2019, 10, 29)}, tmp_path / "x")
    with pytest.raises(ValueError, match=r"refused: it asks for datetime\.date"):
        read_pickled(tmp_path / "x", [argparse.Namespace])


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"\x80\x04}q."])
def test_a_file_that_is_no_file_of_weights_is_said_to_be_so_in_one_line(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ValueError, match=r"x: truncated, or not written by torch\.save") as caught:
        read_pickled(tmp_path / "x")
    assert "\n" not in str(caught.value)


@old_and_new
def test_a_truncated_file_is_said_to_be_so(tmp_path, zipped):
    torch.save({"a": torch.zeros(1000)}, tmp_path / "x", _use_new_zipfile_serialization=zipped)
    (tmp_path / "x").write_bytes((tmp_path / "x").read_bytes()[:-500])
    with pytest.raises(ValueError, match="truncated"):
        read_pickled(tmp_path / "x")


@pytest.mark.parametrize("content", [[1], {}, {"a": 1}, {1: torch.zeros(2)}])
def test_what_is_no_tensor_with_a_name_is_named(tmp_path, content):
    with pytest.raises(ValueError, match=r"holds no named tensors|is a \w+, not a tensor with a name"):
        state_dict(content, tmp_path / "x")


def test_tensors_that_share_a_storage_are_written_each_on_its_own(tmp_path):
    """As in files of some trainers, where every parameter is a view of one flat tensor."""
    path = write_bin_folder(tmp_path / "source")
    tensors = torch.load(path, weights_only=True)
    flat = torch.cat([tensor.flatten() for tensor in tensors.values()])
    views = flat.split([tensor.numel() for tensor in tensors.values()])
    torch.save({n: view.view(t.shape) for (n, t), view in zip(tensors.items(), views, strict=True)}, path)
    convert(tmp_path / "source", tmp_path / "new")
    opened = load_network(BartForConditionalGeneration, tmp_path / "new").state_dict()
    assert all(torch.equal(opened[name], tensor) for name, tensor in bart().state_dict().items())

"""Files of tensors: shards are as good as one file, and an index that is wrong about them is refused by name."""

import json
import shutil

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import load_network, save_network
from minirag.model.tensor_files import read_tensors, weights_file
from tests.model.layouts import into_shards
from tests.model.networks import bart


@pytest.fixture
def folder(tmp_path):
    save_network(bart(), tmp_path)
    return tmp_path


@pytest.fixture
def shards(folder):
    into_shards(folder)
    return folder


def test_shards_hold_what_one_file_holds(folder):
    expected = load_file(folder / "model.safetensors")
    for count in (1, 2, 5):
        place = shutil.copytree(folder, folder / str(count))
        found = read_tensors(into_shards(place, count=count))
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_a_folder_of_shards_opens(shards):
    opened = load_network(BartForConditionalGeneration, shards).state_dict()
    assert all(torch.equal(opened[name], tensor) for name, tensor in bart().state_dict().items())


def test_one_file_is_read_where_there_are_shards_too(shards):
    save_network(bart(), shards)
    assert weights_file(shards).name == "model.safetensors"


def refused(folder) -> str:
    with pytest.raises(ValueError) as caught:
        load_network(BartForConditionalGeneration, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def change_index(folder, change) -> None:
    index = folder / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    change(content["weight_map"])
    index.write_text(json.dumps(content))


def test_a_shard_that_is_missing_is_named(shards):
    (shards / "model-00002-of-00003.safetensors").unlink()
    assert "index.json: the shard model-00002-of-00003.safetensors is missing" in refused(shards)


def test_a_truncated_shard_is_named(shards):
    path = shards / "model-00002-of-00003.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    assert "model-00002-of-00003.safetensors: truncated" in refused(shards)


def test_a_tensor_that_the_index_does_not_place_is_named(shards):
    path = shards / "model-00001-of-00003.safetensors"
    save_file({**load_file(path), "surprise": torch.zeros(2)}, path)
    assert "model-00001-of-00003.safetensors: unexpected tensor surprise" in refused(shards)


def test_a_tensor_that_another_shard_should_hold_is_named(shards):
    change_index(
        shards, lambda places: places.update(dict.fromkeys(["final_logits_bias"], places["model.shared.weight"]))
    )
    assert "unexpected tensor final_logits_bias, model.safetensors.index.json does not place it here" in refused(shards)


def test_a_tensor_that_its_shard_does_not_hold_is_named(shards):
    change_index(shards, lambda places: places.update(lost="model-00003-of-00003.safetensors"))
    assert "index.json: tensor lost is missing in model-00003-of-00003.safetensors" in refused(shards)


outside = st.sampled_from(
    ["../model.safetensors", "/etc/passwd", "..", ".", "", "sub/x", "..\\x", "C:x", "a\0b", 7, None]
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outside)
def test_a_path_that_leads_out_of_the_folder_is_refused(shards, path):
    before = (shards / "model.safetensors.index.json").read_text()
    change_index(shards, lambda places: places.update({"model.shared.weight": path}))
    assert f"model.shared.weight is in {path!r}, which is not a file beside it" in refused(shards)
    (shards / "model.safetensors.index.json").write_text(before)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"weight_map": []}'])
def test_an_index_that_is_none_is_refused(shards, content):
    (shards / "model.safetensors.index.json").write_text(content)
    assert "model.safetensors.index.json: " in refused(shards)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "pytorch_model.bin.index.json"])
def test_a_folder_with_older_files_only_says_which_command_rewrites_them(folder, name):
    (folder / "model.safetensors").rename(folder / name)
    line = refused(folder)
    assert f"has no model.safetensors, only {name}" in line and f"minirag convert {folder} NEW-FOLDER" in line

"""The first answer from the shell: nothing is imported that it does not need. How long it takes is benchmarks/'s matter."""

import subprocess
import sys

import pytest
import torch

from minirag.model.checkpoint import unfilled
from tests.model.networks import bart, context_encoder

RUN = """
import sys
from minirag.cli import run
status = run(sys.argv[1:])
print(*[status, *sys.modules], sep="\\n", file=sys.stderr)
"""
QUESTION = "What is the capital of Malta?"
NOT_NEEDED = {
    "torch._dynamo": "torch.compile",
    "torch._inductor": "torch.compile",
    "torch.distributed.fsdp": "training in several processes",
    "torch.fx.experimental.symbolic_shapes": "torch.compile",
    "sympy": "torch.compile",
    "hnswlib": "a knowledge base with a graph; this one's index is exact",
    "matplotlib": "--plot",
    "minirag.plots": "--plot",
    "minirag.training.loop": "minirag train",
    "minirag.conversion": "minirag convert",
    "huggingface_hub": "minirag convert",
    "minirag.experiments": "minirag reproduce",
    "minirag.serve": "minirag serve",
    "nicegui": "minirag serve",
    "uvicorn": "minirag serve",
    "transformers": "tests",
    "beartype": "tests",
}


def imported_by(*command: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", RUN, *command], capture_output=True, encoding="utf-8")
    status, *imported = done.stderr.split("\n")
    assert status == "0", done.stderr
    return set(imported)


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        (["ask", "--num-beams", "2"], {"torch", "minirag.answer", "minirag.rag.rag_token"}),
        (["search", "--index", "hybrid"], {"torch", "minirag.retrieval.searching"}),
    ],
    ids=["ask", "search"],
)
def test_a_command_imports_nothing_that_only_others_need(tiny_folder, command, needed):
    imported = imported_by(*command, QUESTION, "--model", str(tiny_folder))
    assert needed <= imported
    assert {name: NOT_NEEDED[name] for name in NOT_NEEDED if name in imported} == {}


def test_a_search_by_words_does_not_wait_for_torch(tiny_folder):
    imported = imported_by("search", QUESTION, "--model", str(tiny_folder), "--index", "bm25")
    assert "minirag.retrieval.bm25" in imported
    assert imported & {"torch", "jaxtyping", "safetensors", "tokenizers", "minirag.cli.opening"} == set()


@pytest.mark.parametrize("make", [bart, context_encoder])
def test_a_network_that_is_about_to_be_filled_draws_no_random_number(make):
    filled = make()
    before = torch.random.get_rng_state()
    waiting = unfilled(lambda: type(filled)(filled.config))
    assert torch.equal(torch.random.get_rng_state(), before)
    shapes = {name: tensor.shape for name, tensor in filled.state_dict().items()}
    assert {name: tensor.shape for name, tensor in waiting.state_dict().items()} == shapes

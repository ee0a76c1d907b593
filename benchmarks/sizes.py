"""On which networks? Three published sizes with random weights, made once by transformers and opened by both libraries.

They lie in the system's temporary folder, each part on its own: the base size takes 1.5 GB, the large one 2.5 GB.
Random weights write what nobody would say. For it to cost what trained ones cost, BART's are larger than those that training
starts from (0.02): with those, passages make no difference, and RAG-Sequence finds 5 to 8 different candidates for a question
where 20 are possible. With these it finds 13 to 20; the demo's trained weights, 14 to 20 (12 questions, 17 on average). `<s>`
and padding are never written, and every answer is as long as it may be (the jobs ask for that).
"""

import multiprocessing
import os
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

MADE = "minirag-benchmarks-2"  # another number when the weights become others
SEEDS = {"question": 1, "context": 2, "generator": 3}
BOS, PAD = 0, 1
LOOKS_AT_FEW = (
    2.0  # gain of cross-attention's queries and keys: scores with a deviation of 4, so a few source tokens count
)
DECIDED = 3.0  # gain of the output layer: the likeliest of 50,000 tokens has a probability of about 0.1


@dataclass(frozen=True)
class Size:
    """What differs from the defaults of transformers' configurations, which are BERT base and BART large."""

    dpr: dict[str, Any] = field(default_factory=dict)
    bart: dict[str, Any] = field(default_factory=dict)


def bert(width: int, layers: int, heads: int, vocabulary: int) -> dict[str, int]:
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "intermediate_size")
    return dict(zip(names, (width, layers, heads, vocabulary, 4 * width), strict=True))


def bart(width: int, layers: tuple[int, int], heads: int, vocabulary: int) -> dict[str, int]:
    stacks = {"encoder_layers": layers[0], "decoder_layers": layers[1]}
    each = {f"{stack}_{name}": value for stack in ("encoder", "decoder") for name, value in
            (("attention_heads", heads), ("ffn_dim", 4 * width))}  # fmt: skip
    return {"d_model": width, "vocab_size": vocabulary, **stacks, **each}


SIZES = {
    "toy": Size(bert(16, 1, 2, 60), bart(16, (1, 1), 2, 60)),  # for the tests of the benchmark
    "tiny": Size(bert(192, 2, 6, 6000), bart(192, (3, 2), 6, 4096)),  # that of the demo in weights/
    "base": Size({}, bart(768, (6, 6), 12, 50265)),
    "large": Size(),  # BART large; there is no larger DPR
}


def make_parts(size: str) -> None:
    """All of a size, if it is one, in a process that ends with it: a side that had to make its weights first would hold
    transformers too, and what malloc has learned from it (worker.py)."""
    if size in SIZES and not all(place(size, part).exists() for part in SEEDS):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as elsewhere:
            list(elsewhere.map(partial(part_folder, size), SEEDS))


def place(size: str, part: str) -> Path:
    return Path(tempfile.gettempdir()) / MADE / size / part


def part_folder(size: str, part: str) -> Path:
    """`question`, `context` (DPR's two encoders) or `generator` (BART) of a size; made if it is not there."""
    folder = place(size, part)
    if not folder.exists():
        unfinished = folder.with_name(f"{part}-{os.getpid()}")  # two benchmarks may start at once
        make_part(size, part).save_pretrained(unfinished)
        try:
            unfinished.rename(folder)
        except OSError:
            shutil.rmtree(unfinished)
    return folder


def make_part(size: str, part: str) -> Any:
    import transformers

    silence()
    torch.manual_seed(SEEDS[part])
    if part == "generator":
        model = transformers.BartForConditionalGeneration(
            transformers.BartConfig(**SIZES[size].bart, forced_eos_token_id=None)
        )
        return spread_out(model)
    classes = {"question": transformers.DPRQuestionEncoder, "context": transformers.DPRContextEncoder}
    return classes[part](transformers.DPRConfig(**SIZES[size].dpr))


@torch.no_grad()
def spread_out(bart: Any) -> Any:
    """Matrices with deviations of gain / √inputs: what is multiplied keeps its size, and no layer drowns in those before it."""
    for name, weight in bart.named_parameters():
        if weight.ndim > 1 and "embed_positions" not in name:
            looks = "encoder_attn.q_proj" in name or "encoder_attn.k_proj" in name
            gain = LOOKS_AT_FEW if looks else DECIDED if "shared" in name else 1.0
            weight.normal_(std=gain / weight.shape[1] ** 0.5)
    bart.final_logits_bias[0, [BOS, PAD]] = -1e4
    return bart


def silence() -> None:
    """No bars and no advice between the lines of the table."""
    import transformers

    transformers.logging.disable_progress_bar()
    transformers.logging.set_verbosity_error()

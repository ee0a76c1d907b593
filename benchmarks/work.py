"""How much arithmetic is it, and how near is that to what the machine can do?

Operations are those of matrix products (2·m·n·k each) and of attention, counted while the side runs once. All else (softmax,
norms, copies, Python) is what keeps the share of the peak below 1. The peak is what a plain product of two square matrices
reaches here in the best of the same rounds: what disturbs it only ever slows it. On a CPU torch has two libraries that
multiply, MKL and oneDNN. Which is faster depends on the processor (15 % on an AMD EPYC, in float32), and the faster counts.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

from minirag.model.linear import onednn_reads

SIDE = {"cpu": 2048, "cuda": 8192}  # of the square matrices: large enough that a larger one is no faster
aten = torch.ops.aten


def attention_operations(queries: Any, keys: Any, values: Any, *rest: Any, **named: Any) -> int:
    """Q Kᵀ and its product with V. torch's counter knows the calls of a GPU; that of a CPU has a name of its own."""
    return sdpa_flop_count(queries, keys, values)


def attention_backward_operations(gradient: Any, queries: Any, keys: Any, values: Any, *rest: Any, **named: Any) -> int:
    return sdpa_backward_flop_count(gradient, queries, keys, values)


def onednn_product_operations(x: Any, matrix: Any, *rest: Any, **named: Any) -> int:
    """2·m·n·k of a product with a matrix (n, k), packed or as it is."""
    return 2 * math.prod(x) * matrix[0]


OF_A_CPU = {
    torch.ops.mkldnn._linear_pointwise: onednn_product_operations,
    aten._scaled_dot_product_flash_attention_for_cpu: attention_operations,
    aten._scaled_dot_product_flash_attention_for_cpu_backward: attention_backward_operations,
}


def operations(run: Callable[[], object]) -> int:
    """Floating-point operations of one run."""
    counter = FlopCounterMode(display=False, custom_mapping=OF_A_CPU)
    with counter:
        run()
    return counter.get_total_flops()


@lru_cache
def square(side: int, device: str, dtype: str) -> Tensor:
    return torch.randn(side, side, device=device).to(getattr(torch, dtype))


def products(device: str, dtype: str) -> list[Callable[[], object]]:
    """Runs of which the fastest says what the peak is."""
    matrix = square(SIDE[torch.device(device).type], device, dtype)
    plain = [lambda: matrix @ matrix]
    if not onednn_reads(matrix):
        return plain
    return [*plain, lambda: torch.ops.mkldnn._linear_pointwise(matrix, matrix, None, "none", [], "")]


def product_operations(device: str) -> int:
    """2·n³."""
    return 2 * SIDE[torch.device(device).type] ** 3

"""How is every tensor's fate shown? One line each: what became of it, shape, number format, name, and why.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/cli/test_convert.py
"""

from collections import Counter
from typing import TYPE_CHECKING

from rich.table import Table

from minirag.cli.console import harmless

if TYPE_CHECKING:
    from minirag.conversion.convert import Converted
    from minirag.conversion.fates import Fate

BEFORE = {"kept": "as ", "tied": "to ", "dropped": "", "added": ""}


def fate_table(part: "Converted") -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for _ in range(5):
        table.add_column(no_wrap=True)
    for fate in part.fates:
        shape = " × ".join(map(str, fate.shape))
        dtype = "" if fate.dtype is None else str(fate.dtype).removeprefix("torch.")
        table.add_row(fate.what, shape, dtype, harmless(fate.name), why(fate))
    return table


def why(fate: "Fate") -> str:
    """Nothing where a tensor keeps its name."""
    return "" if fate.what == "kept" and fate.why == fate.name else BEFORE[fate.what] + harmless(fate.why)


def summary(part: "Converted", folder: str) -> str:
    counts = Counter(fate.what for fate in part.fates)
    told = ", ".join(f"{counts[what]} {what}" for what in BEFORE if counts[what])
    tokenizers = len(part.tokenizers)
    tokenizer = {0: "no tokenizer found beside it", 1: "with its tokenizer"}.get(
        tokenizers, f"with {tokenizers} tokenizers"
    )
    return f"{folder}: {part.architecture}, {part.size / 1e6:,.1f} MB, {told}; {tokenizer}"

"""What became of each tensor of a file? Kept under its name, left out with a reason, or one of several names of one tensor.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/conversion/test_convert.py
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from minirag.model.name_tables import Dropped, NameTable, own_name
from minirag.model.tensor_files import Tensors


@dataclass(frozen=True)
class Fate:
    """`what` is "kept", "tied", "dropped" or "added"; `why` is its written name, its first tied name, or the reason."""

    name: str
    what: str
    why: str
    shape: tuple[int, ...]
    dtype: torch.dtype | None = None  # as in the file; of an added one there is none


def tensor_fates(tensors: Tensors, table: NameTable, written: Mapping[str, str]) -> list[Fate]:
    """One fate per tensor of the file, in its order. `written`: name here → name in the file that is written."""
    fates: list[Fate] = []
    first_name: dict[str, str] = {}
    for name, tensor in tensors.items():
        own = own_name(name, table)
        if isinstance(own, Dropped):
            what, why = "dropped", own.because
        elif own in first_name:
            what, why = "tied", first_name[own]
        else:
            what, why = "kept", written[own]
            first_name[own] = name
        fates.append(Fate(name, what, why, tuple(tensor.shape), tensor.dtype))
    return fates

"""What if one source is long and the others are short? Rows of like length are encoded together, none as long as the longest.

Paper     none: what is left out are padding's own states, which nobody looks at
Tutorial  tutorials/12_rag_model.py
Tests     tests/model/test_by_length.py

A batch is a rectangle, as wide as its longest row, and the encoder computes every cell of it: with rows of 100 to 200
tokens a quarter of the work is on padding. Sorted by length and cut into groups, in which no row is shorter than SHORTEST
of its group's longest, at most a tenth of any row is padding. No row's states depend on which rows are beside it.

Axes: R source rows, S tokens of the longest.
"""

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from minirag.model.bart import BartForConditionalGeneration
from minirag.outputs import EncoderOutput

SHORTEST = 0.9  # of the longest row in a group


def encode_by_length(
    generator: BartForConditionalGeneration, input_ids: Int[Tensor, "R S"], mask: Bool[Tensor, "R S"]
) -> EncoderOutput:
    """`generator.encode`, with zeros where there is padding."""
    states = None
    lengths = row_lengths(mask)
    for group in groups_of_like_length(lengths.tolist()):
        rows = torch.tensor(group, device=mask.device)
        longest = int(lengths[rows[0]])
        part = generator.encode(input_ids[rows, :longest], mask[rows, :longest]).last_hidden_state
        if states is None:
            states = part.new_zeros(*mask.shape, part.shape[-1])  # (R, S, D)
        states[rows, :longest] = part * mask[rows, :longest, None]
    if states is None:
        raise ValueError("there is no row to encode")
    return EncoderOutput(states)


def row_lengths(mask: Bool[Tensor, "R S"]) -> Int[Tensor, " R"]:
    """1 + the last real position, wherever the padding is."""
    positions = torch.arange(1, mask.shape[1] + 1, device=mask.device)
    return (mask * positions).amax(dim=1)


def groups_of_like_length(lengths: list[int]) -> list[list[int]]:
    """Row numbers, longest first; a group ends where a row is shorter than SHORTEST of the group's first."""
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        if groups and lengths[row] >= SHORTEST * lengths[groups[-1][0]]:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups

"""How do texts of different lengths become one tensor? Rows are padded on the right and a mask says which ids are real.

Paper     none; BERT and BART both pad on the right
Tutorial  tutorials/02_batching.py
Tests     tests/text/test_batching.py

The mask comes from the rows' lengths, never from comparing ids with the padding id: a text may contain that token.
"""

from collections.abc import Sequence

import torch

from minirag.outputs import Batch


def pad_ids(rows: Sequence[Sequence[int]], pad_id: int, width: int | None = None) -> Batch:
    """Rows of ids → ids (B, S) and mask (B, S), True = a real token; S is `width`, else the longest row's length."""
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.long)  # (B,)
    longest = max((len(row) for row in rows), default=0)
    width = longest if width is None else width
    if longest > width:
        raise ValueError(f"a row of {longest} ids is wider than {width}")
    padded = [[*row, *[pad_id] * (width - len(row))] for row in rows]
    input_ids = torch.tensor(padded, dtype=torch.long).reshape(len(rows), width)  # (B, S)
    return Batch(input_ids, torch.arange(width)[None, :] < lengths[:, None])

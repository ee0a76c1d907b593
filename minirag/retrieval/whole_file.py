"""How does a file of rows appear whole or not at all? It is written beside its place under another name, then renamed.

Paper     none
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/retrieval/test_whole_file.py
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def write_jsonl(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """One JSON object a line; returns how many. When the rows end with an error (or Ctrl-C), the file is as it was before.

    ValueError: a number that JSON has no word for (nan, infinity).
    """
    path, count = Path(path), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return count

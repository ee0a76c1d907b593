"""Files of kinds that cannot be written as text, made in a line."""

import json
from collections.abc import Sequence
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import pyarrow as arrow
from torch import Tensor


def pdf_bytes(pages: Sequence[str]) -> bytes:
    """A PDF of plain ASCII pages; an empty one has nothing on it, like a scan."""
    kids = " ".join(f"{3 + 2 * number} 0 R" for number in range(len(pages)))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>"]
    font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    for number, text in enumerate(pages):
        shown = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else ""
        contents = f"/Contents {4 + 2 * number} 0 R /Resources {font}"
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {contents} >>")
        objects.append(f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream")
    written, starts = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        starts.append(len(written))
        written += f"{number} 0 obj\n{each}\nendobj\n".encode()
    entries = "".join(f"{start:010d} 00000 n \n" for start in starts)
    count, table = len(objects) + 1, len(written)
    end = f"trailer << /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
    return written + f"xref\n0 {count}\n0000000000 65535 f \n{entries}{end}".encode()


def save_dataset(folder: Path, tables: Sequence[arrow.Table], **state: object) -> Path:
    """What `Dataset.save_to_disk` leaves, one .arrow file for each table."""
    folder.mkdir(parents=True)
    names = [f"data-{number:05d}-of-{len(tables):05d}.arrow" for number in range(len(tables))]
    for name, table in zip(names, tables, strict=True):
        with arrow.ipc.new_stream(str(folder / name), table.schema) as stream:
            stream.write_table(table)
    listed = {"_data_files": [{"filename": name} for name in names], "_split": None, **state}
    (folder / "state.json").write_text(json.dumps(listed))
    (folder / "dataset_info.json").write_text("{}")
    return folder


def pickled(entries: Any, protocol: int = 4) -> bytes:
    return bytes(ForkingPickler.dumps(entries, protocol))


def pickled_vectors(ids: Sequence[object], vectors: Tensor, protocol: int = 4, **more: Sequence[object]) -> bytes:
    """What DPR's generate_dense_embeddings.py writes: (id, an array, and what else it knew of the passage)."""
    arrays = [vector.numpy() for vector in vectors]
    return pickled(list(zip(ids, arrays, *more.values(), strict=True)), protocol)

"""What lies on the disk is not what was written: every file of a knowledge base, in every command that opens one."""

import json
from pathlib import Path

from minirag.retrieval import sidecar

FILES = [(kb, name) for kb in ("kb", "hnsw") for name in sorted(sidecar.FILES["exact" if kb == "kb" else "hnsw"])]
SIDECARS = [(kb, sidecar.SIDECAR) for kb in ("kb", "hnsw")]


def refused_everywhere(fault, path: Path, damaged: bytes, commands=("verify", "search", "index")) -> None:
    """By who verifies it, who searches in it, and who would replace it; then it is put right again."""
    whole, kb = path.read_bytes(), path.parent
    path.write_bytes(damaged)
    asked = {
        "verify": ["verify", kb],
        "search": ["search", "Who?", "--kb", kb, "--model", "model"],
        "index": ["index", "notes.csv", "--out", kb, "--model", "model", "--overwrite"],
    }
    with fault.changing_nothing():
        for command in commands:
            fault.refuses(*asked[command])
    path.write_bytes(whole)


def test_a_file_was_truncated(fault):
    for kb, name in FILES:
        whole = Path(kb, name).read_bytes()
        refused_everywhere(fault, Path(kb, name), whole[: len(whole) // 2], ("verify", "search"))
    for kb, name in SIDECARS:
        whole = Path(kb, name).read_bytes()
        refused_everywhere(fault, Path(kb, name), whole[: len(whole) // 2])


def flipped(path: Path) -> bytes:
    """In its middle; of a sidecar, in the number of passages, so that it is JSON still."""
    damaged = bytearray(path.read_bytes())
    number = damaged.find(b'"count": ') + len('"count": ')
    damaged[number if path.name == sidecar.SIDECAR else len(damaged) // 2] ^= 1
    return bytes(damaged)


def test_a_byte_was_flipped(fault, monkeypatch):
    for kb, name in FILES:
        refused_everywhere(fault, Path(kb, name), flipped(Path(kb, name)), ("verify", "search"))
    for kb, name in SIDECARS:
        refused_everywhere(fault, Path(kb, name), flipped(Path(kb, name)))
    monkeypatch.setattr(sidecar, "SMALL", 0)  # files above this size are read by `verify` alone
    for kb, name in FILES:
        refused_everywhere(fault, Path(kb, name), flipped(Path(kb, name)), ("verify",))


def test_the_sidecar_was_edited(fault):
    contents = json.loads(Path("kb", sidecar.SIDECAR).read_text())
    for name, value in (("count", 4), ("dimension", "16"), ("fingerprint", ""), ("index", {"kind": "hnsw"})):
        edited = contents | {name: value}
        refused_everywhere(fault, Path("kb", sidecar.SIDECAR), json.dumps(edited).encode())
    edited = {name: value for name, value in contents.items() if name != "sha256"} | {"count": 4}
    signed = edited | {"sha256": sidecar.sha256_of_contents(edited)}
    refused_everywhere(fault, Path("kb", sidecar.SIDECAR), json.dumps(signed).encode(), ("verify", "search"))

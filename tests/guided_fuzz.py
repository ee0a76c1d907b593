"""Which bytes reach the rarest lines of a reader? atheris looks for them: `make fuzz-guided`.

python -m tests.guided_fuzz [SECONDS] prints a row for each kind of document. Bytes that come to a line, or a
comparison, that none came to before are kept and changed further; those of tests/documents/test_fuzz.py begin. What a fault is,
is said there. An input that has one is left in a folder that is shown with it, and the exit status is 1.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WATCHED = ["minirag.documents", "pypdf", "pickletools"]  # our own readers, and what they use that is written in Python
LONGEST = 4_000  # bytes of an input


def main(seconds: int) -> int:
    from tests.documents.test_fuzz import WHOLE

    folder = Path(tempfile.mkdtemp(prefix="guided_fuzz"))
    print("| read | inputs | faults |", "|---|---|---|", sep="\n")
    faults = sum([row(folder, kind, whole, seconds) for kind, whole in WHOLE.items()])
    if not faults:
        shutil.rmtree(folder)
    return min(faults, 1)


def row(folder: Path, kind: str, whole: bytes, seconds: int) -> int:
    """In a process of its own, which atheris ends."""
    corpus = folder / f"corpus{kind}"
    corpus.mkdir()
    (corpus / "whole").write_bytes(whole)
    limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-artifact_prefix={folder}/"]
    command = [sys.executable, "-m", "tests.guided_fuzz", "--kind", kind, str(folder), *limits, str(corpus)]
    done = subprocess.run(command, capture_output=True, text=True)
    told = done.stdout + done.stderr
    inputs = re.findall(r"^(?:Done |#)([0-9]+)", told, re.MULTILINE)
    fault = int(done.returncode != 0)
    print(f"| `{kind}` | {int(inputs[-1]) if inputs else 0:,} | {fault} |", flush=True)
    if fault:
        print(told[-3000:], file=sys.stderr)
    return fault


def one_kind(kind: str, folder: Path, options: list[str]) -> None:
    """What is watched must not have been imported before."""
    import atheris

    with atheris.instrument_imports(include=WATCHED):
        import pypdf  # noqa: F401

        from tests.documents.test_fuzz import check_file
    atheris.Setup([sys.argv[0], *options], lambda contents: check_file(folder, kind, contents))
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--kind"]:
        one_kind(sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))

"""Two processes want to write one knowledge base, and one that writes is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from minirag.cli import run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are stopped by signals")
COMMAND = ["index", "many.csv", "--model", "model", "--overwrite", "--out"]
BUILDING = ".kb.building"


@contextmanager
def stopped_in_the_midst() -> Iterator[subprocess.Popen]:
    """A process that is encoding 6,000 passages for `kb`, and is held there."""
    rows = (f"Land {n},Its capital is town number {n}.\n" for n in range(6_000))
    Path("many.csv").write_text("title,text\n" + "".join(rows))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    code = "from minirag.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, *COMMAND, "kb"], env=environment, stdout=subprocess.DEVNULL
    ) as process:
        try:
            while not Path(BUILDING, "state.json").exists():
                assert process.poll() is None
                time.sleep(0.005)
            process.send_signal(signal.SIGSTOP)
            yield process
        finally:
            process.kill()


def files_of(folder: str) -> dict[str, bytes]:
    """Under the names of a first generation, and without the sidecar, which counts generations."""
    paths = [path for path in Path(folder).iterdir() if path.suffix != ".json"]
    return {path.name.replace(".1.", "."): path.read_bytes() for path in paths}


def test_two_processes_write(fault):
    with stopped_in_the_midst() as first:
        with fault.changing_nothing(but=BUILDING):
            fault.refuses("index", "notes.csv", "--out", "kb", "--model", "model")
            fault.refuses(*COMMAND, "kb")
        first.send_signal(signal.SIGCONT)
        assert first.wait(60) == 0
    assert run(["verify", "kb"]) == 0


def test_a_process_is_killed_while_it_writes(fault):
    with stopped_in_the_midst() as first, fault.changing_nothing(but=BUILDING):
        first.kill()
        assert first.wait(60) == -signal.SIGKILL
        assert run(["verify", "kb"]) == 0
        fault.capsys.readouterr()
    fault.answers(*COMMAND, "kb")
    assert not Path(BUILDING).exists()
    assert run([*COMMAND, "never_stopped"]) == 0
    assert files_of("kb") == files_of("never_stopped")

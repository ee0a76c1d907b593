"""A programme for test_killed.py: a training that is killed again and again (SIGKILL) and goes on each time.

It imports torch once and trains in forks of itself, since a kill every few milliseconds is wanted.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import torch
from safetensors.torch import save_file
from torch import nn

from minirag.training.accumulation import in_one_part
from minirag.training.loop import Task, train
from minirag.training.run_folder import RunFolder
from minirag.training.settings import LoopSettings

SETTINGS = LoopSettings(
    steps=60, learning_rate=0.02, warmup_steps=5, bf16=False, checkpoint_every=4,
    measure_every=6, measure_first=True, watch="-error", patience=4, seed=5,
)  # fmt: skip
KILLS = 10


def train_once(folder: Path) -> None:
    """The whole run, or what is left of it; the weights it ends with are in final.safetensors."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 200), nn.Dropout(0.3), nn.Linear(200, 200), nn.Tanh(), nn.Linear(200, 1))

    def loss_at(step: int) -> torch.Tensor:
        time.sleep(0.002)  # so that on a fast machine, too, there is time to be killed in
        x = torch.randn(16, 8, generator=torch.Generator().manual_seed(step))
        return (model(x) - x.square().sum(dim=1, keepdim=True)).square().mean()

    def measure() -> dict[str, float]:
        return {"error": abs(loss_at(1000).item() - 35)}  # best half way through, then worse until patience ends

    task = Task(in_one_part(loss_at, torch.device("cpu"), bf16=False), measure)
    list(train(model, task, SETTINGS, RunFolder(folder)))
    save_file(model.state_dict(), folder / "final.safetensors")


def start(folder: Path) -> int:
    child = os.fork()
    if child == 0:
        train_once(folder)
        os._exit(0)
    return child


def at_a_moment(folder: Path, rng: Random) -> Callable[[], bool]:
    until = time.monotonic() + rng.uniform(0.001, 0.03)
    return lambda: time.monotonic() > until


def while_a_file_is_written(folder: Path, rng: Random) -> Callable[[], bool]:
    """While there is one that was not there before: a killed run leaves its own behind."""
    before = half_written(folder)
    return lambda: bool(half_written(folder) - before)


def half_written(folder: Path) -> set[tuple[str, int]]:
    found = set()
    for path in folder.glob("*.partial"):
        with suppress(FileNotFoundError):  # it has just got its name
            found.add((path.name, path.stat().st_mtime_ns))
    return found


def kill_when(due: Callable[[], bool], child: int) -> bool:
    """Kill the child when it is due; False: it had ended before."""
    while not due():
        if os.waitpid(child, os.WNOHANG) != (0, 0):
            return False
        time.sleep(0.0003)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def main(folder: Path) -> None:
    """whole/: never stopped. killed/: stopped until it got through. Tells how often, and how often a file was half written."""
    torch.set_num_threads(1)
    rng, halves, kills = Random(0), 0, 0
    os.waitpid(start(folder / "whole"), 0)
    while kills < KILLS:
        before = half_written(folder / "killed")
        moment = (at_a_moment, while_a_file_is_written)[kills % 2]
        if not kill_when(moment(folder / "killed", rng), start(folder / "killed")):
            break
        kills += 1
        halves += bool(half_written(folder / "killed") - before)
    else:
        os.waitpid(start(folder / "killed"), 0)
    sys.stdout.write(f"{kills} {halves}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

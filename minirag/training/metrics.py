"""What does a run tell while it goes? A line of metrics.jsonl for each step, and the same to TensorBoard where it is installed.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_metrics.py
"""

import json
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from minirag.training.processes import Processes
from minirag.training.run_folder import RunFolder


@dataclass(frozen=True)
class Progress:
    """Steps done, the last one's loss (nats), rate and gradient norm before clipping; seconds since the run began.

    Step 0 is the measure before the first step: its loss, rate and norm are nan.
    """

    step: int
    loss: float
    learning_rate: float
    gradient_norm: float
    seconds: float
    measured: dict[str, float] = field(default_factory=dict)


def metrics_log(run: RunFolder | None, done: int, processes: Processes) -> Callable[[Progress], Progress]:
    """What writes a step down and hands it on; `done` steps came before. Of several processes the first one writes."""
    if run is None or processes.rank != 0:
        return lambda progress: progress
    run.folder.mkdir(parents=True, exist_ok=True)
    show = tensorboard(run, done)

    def log(progress: Progress) -> Progress:
        row = finite(progress)
        with run.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        show(progress.step, row)
        return progress

    return log


def finite(progress: Progress) -> dict[str, int | float]:
    """A step as one flat row; what is no number is left out, JSON has no word for it."""
    row = asdict(progress)
    row |= row.pop("measured")
    return {name: value for name, value in row.items() if math.isfinite(value)}


def tensorboard(run: RunFolder, done: int) -> Callable[[int, Mapping[str, int | float]], None]:
    """Writes scalars into the run's folder where TensorBoard is installed; events after the checkpoint count as not seen."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own imports are deprecated here and there
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return lambda step, row: None
    writer = SummaryWriter(str(run.folder / "tensorboard"), purge_step=done + 1)

    def show(step: int, row: Mapping[str, int | float]) -> None:
        for name, value in row.items():
            if name not in ("step", "seconds"):
                writer.add_scalar(name, value, step)
        writer.flush()  # a run may be killed at any moment

    return show

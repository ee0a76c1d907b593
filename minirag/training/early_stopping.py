"""Which weights are the best, and is it time to stop? The measured value that is watched decides.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_early_stopping.py
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from minirag.training.settings import LoopSettings


@dataclass(frozen=True)
class Best:
    """The step (None: nothing measured yet) and value of the best measure, larger is better, and how many came since."""

    step: int | None = None
    value: float = -math.inf
    since: int = 0


def judge(best: Best, step: int, measured: Mapping[str, float], settings: LoopSettings) -> Best:
    """The best so far, this measure included. What is no number is never better; among equals the earlier one stays."""
    if not settings.watch:
        return best
    name = settings.watch.removeprefix("-")
    if name not in measured:
        raise ValueError(f"watch {name!r}: is not measured, only {', '.join(measured) or 'nothing'}")
    value = -measured[name] if settings.watch.startswith("-") else measured[name]
    if value > best.value or (best.step is None and not math.isnan(value)):
        return Best(step, value)
    return Best(best.step, best.value, best.since + 1)


def out_of_patience(best: Best, settings: LoopSettings) -> bool:
    return 0 < settings.patience <= best.since

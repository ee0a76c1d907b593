"""With what is a training run? Every setting of the loop, the same for DPR, BART and RAG.

Paper     DPR §4.2, RAG §2.4 and appendix D
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_loop.py
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class LoopSettings:
    """What makes two runs differ, besides model and data. Rates are peaks; see learning_rates.py for their course.

    learning_rates: ("generator.", 1e-5), … for parameters whose names begin so; the first that fits counts.
    bf16: the forward pass under autocast (accumulation.py does it). checkpoint_every 0: only at the end.
    measure_every 0: only at the end; measure_first: also before the first step.
    watch: the measured value that says which weights are best, "-nll_per_token" where smaller is better; "": the last ones.
    patience: stop after so many measures without a better one; 0: run to the end.
    """

    steps: int
    learning_rate: float = 1e-3
    learning_rates: tuple[tuple[str, float], ...] = ()
    warmup_steps: int = 100
    decay_from: float = 0.0
    floor: float = 0.02
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    clip_norm: float = 1.0
    bf16: bool = True
    checkpoint_every: int = 500
    measure_every: int = 0
    measure_first: bool = False
    watch: str = ""
    patience: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "learning_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} {getattr(self, name)}: must be more than 0")
        for name in ("warmup_steps", "weight_decay", "checkpoint_every", "measure_every", "patience"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} {getattr(self, name)}: must not be negative")
        if self.patience and not self.watch:
            raise ValueError(f"patience {self.patience}: nothing is watched that could become better")

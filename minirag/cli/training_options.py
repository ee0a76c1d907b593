"""Which options has every training? Described once; a command takes them all as one argument, with its own defaults.

Paper     DPR §4.2, RAG §2.4 and appendix D
Tutorial  tutorials/17_training_rag.py
Tests     tests/cli/test_training_options.py
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from minirag.cli import options
from minirag.cli.several_processes import first_one_speaks

if TYPE_CHECKING:
    import torch

    from minirag.training.run_folder import RunFolder
    from minirag.training.settings import LoopSettings


def option(help: str, *names: str, metavar: str | None = "N") -> Any:
    return typer.Option(*names, help=help, metavar=metavar)


@dataclass(frozen=True)
class TrainingOptions:
    """A batch is what one step is made of; `accumulate` says in how many parts it is computed."""

    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the finished model.", show_default=False)]
    work: Annotated[Path | None, option("Checkpoints and metrics (default: OUT.training).", metavar="DIR")] = None
    steps: Annotated[int | None, option("Steps (default: what --epochs comes to).", metavar="N")] = None
    epochs: Annotated[float, option("Times through the data.", metavar="X")] = 1.0
    batch_size: Annotated[int, option("Examples to a step.")] = 32
    accumulate: Annotated[int, option("Compute each batch in N parts: less memory, the same step.")] = 1
    learning_rate: Annotated[float, option("Its peak, after the warm-up.", metavar="X")] = 1e-4
    warmup: Annotated[int, option("Steps until the learning rate is at its peak.")] = 100
    weight_decay: Annotated[float, option("Of matrices; biases and layer norms have none.", metavar="X")] = 0.01
    clip: Annotated[float, option("Longest gradient (its norm).", metavar="X")] = 1.0
    bf16: Annotated[bool | None, option("Number format (default: bf16 on a GPU).", "--bf16/--fp32", metavar=None)] = (
        None
    )
    activation_checkpointing: Annotated[
        bool, option("Compute layers again in backward: less memory, more time.", metavar=None)
    ] = False
    shard: Annotated[
        bool, option("Under torchrun: each process keeps a part of every tensor (FSDP).", metavar=None)
    ] = False
    checkpoint_every: Annotated[int, option("Steps from checkpoint to checkpoint.")] = 200
    measure_every: Annotated[int, option("Steps from one measure on dev to the next.")] = 200
    patience: Annotated[int, option("Stop after N measures without a better one (0: never).")] = 0
    seed: Annotated[int, option("Another seed, another run.")] = 0
    every: Annotated[int, option("Print a line every N steps.")] = 50
    device: options.Device = "auto"


def with_training_options(**defaults: object) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`def command(…, training: TrainingOptions)` becomes a command with every option in the place of `training`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def spread(**given: object) -> None:
            own = {f.name: given.pop(f.name) for f in fields(TrainingOptions)}
            with first_one_speaks():
                command(**given, training=TrainingOptions(**own))  # type: ignore[arg-type]

        parameters = [p for p in inspect.signature(command).parameters.values() if p.name != "training"]
        shared = option_parameters(defaults)
        hints = {
            name: hint for name, hint in get_type_hints(command, include_extras=True).items() if name != "training"
        }
        spread.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in [shared[0], *parameters, *shared[1:]]]
        )
        spread.__annotations__ = hints | {p.name: p.annotation for p in shared}
        return spread

    return decorate


def option_parameters(defaults: dict[str, object]) -> list[inspect.Parameter]:
    """A parameter for each field of TrainingOptions; `out` has no default unless it is given one."""
    hints = get_type_hints(TrainingOptions, include_extras=True)
    if unknown := sorted(defaults.keys() - hints.keys()):
        raise TypeError(f"no option of a training: {unknown[0]}")
    own = {f.name: inspect.Parameter.empty if f.default is MISSING else f.default for f in fields(TrainingOptions)}
    keyword = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(name, keyword, default=default, annotation=hints[name])
        for name, default in {**own, **defaults}.items()
    ]


def loop_settings(
    training: TrainingOptions, steps_per_epoch: int, device: "torch.device", **more: Any
) -> "LoopSettings":
    """What the options come to for data of so many steps an epoch. more: fields of LoopSettings (watch, learning_rates, …)."""
    from minirag.training.settings import LoopSettings

    for name in ("batch_size", "accumulate", "every", "epochs"):
        if getattr(training, name) <= 0:
            raise ValueError(f"--{name.replace('_', '-')} {getattr(training, name)}: must be more than 0")
    steps = training.steps if training.steps is not None else math.ceil(training.epochs * steps_per_epoch)
    own = {
        "learning_rate": training.learning_rate,
        "warmup_steps": training.warmup,
        "weight_decay": training.weight_decay,
        "clip_norm": training.clip,
        "bf16": in_bf16(training, device),
        "checkpoint_every": training.checkpoint_every,
        "measure_every": training.measure_every,
        "patience": training.patience,
        "seed": training.seed,
    }
    return LoopSettings(steps, **{**own, **more})


def in_bf16(training: TrainingOptions, device: "torch.device") -> bool:
    """As asked; else bf16 on a GPU, where it is the faster one."""
    return device.type == "cuda" if training.bf16 is None else training.bf16


def run_folder(training: TrainingOptions, **more: object) -> "RunFolder":
    """OUT.training, or --work. more: what else makes this run what it is, and may not change when it goes on."""
    from minirag.training.run_folder import RunFolder

    place = training.work or training.out.with_name(training.out.name + ".training")
    shared = {"batch_size": training.batch_size, "accumulate": training.accumulate}
    return RunFolder(place, {**shared, **{name: plain(value) for name, value in more.items()}})


def plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value

"""How large is a step? Linear warm-up, a plateau, linear decay; and AdamW, with a rate for each part of the model.

Paper     DPR §4.2 (Adam, linear scheduling with warm-up); Loshchilov & Hutter 2019 (AdamW)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_learning_rates.py
"""

import torch
from torch import nn

from minirag.training.settings import LoopSettings


def schedule(step: int, settings: LoopSettings) -> float:
    """min(1, (t+1)/warm-up) · max(floor, (1 − t/steps)/(1 − decay_from)): the share of its peak that each rate has."""
    warm = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    done = step / settings.steps
    left = 1.0 if done <= settings.decay_from else (1 - done) / (1 - settings.decay_from)
    return warm * max(settings.floor, left)


def adamw(model: nn.Module, settings: LoopSettings) -> torch.optim.AdamW:
    """AdamW over what is trained. Weight decay pulls matrices only: biases and layer norms are no evidence of complexity.

    Fused: one pass over each tensor, without temporary copies of the largest, the embeddings.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            decay = settings.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((peak_of(name, settings), decay), []).append(parameter)
    rows = [{"params": group, "peak": peak, "weight_decay": decay} for (peak, decay), group in groups.items()]
    return torch.optim.AdamW(rows, lr=settings.learning_rate, betas=settings.betas, fused=True)


def peak_of(name: str, settings: LoopSettings) -> float:
    """The peak rate of a parameter: that of the first prefix in `learning_rates` its name begins with, else the general one."""
    return next((peak for prefix, peak in settings.learning_rates if name.startswith(prefix)), settings.learning_rate)


def set_rates(optimizer: torch.optim.Optimizer, share: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = share * group["peak"]

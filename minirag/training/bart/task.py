"""A course, a generator and an exam: what the loop trains, and what it measures.

Paper     Lewis et al. 2019 (BART), §2.2
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/bart/test_task.py
"""

from collections.abc import Sequence
from dataclasses import dataclass

from minirag.model.bart import BartForConditionalGeneration
from minirag.training.accumulation import accumulate
from minirag.training.bart.batches import Course, batch_at, step_of_largest
from minirag.training.bart.measures import Exam, measure_reading
from minirag.training.bart.objective import fading, part_losses, whole_of
from minirag.training.loop import Task
from minirag.training.processes import ALONE, Processes


@dataclass(frozen=True)
class Objective:
    """parts: in how many each batch is computed. guidance, matching: weights that fall to 0 over help_steps (0: they stay)."""

    parts: int = 1
    smoothing: float = 0.0
    guidance: float = 0.0
    matching: float = 0.0
    help_steps: int = 0


def bart_task(
    generator: BartForConditionalGeneration,
    course: Course,
    exams: Sequence[Exam],
    how: Objective | None = None,
    bf16: bool = False,
    processes: Processes = ALONE,
) -> Task:
    """What `train` takes: forward and backward of a step's batch, dev measurements, a batch in words."""
    how = how or Objective()
    tokenizer, device = course.form.tokenizer, generator.embed_tokens.weight.device

    def objective(step: int) -> float:
        batch = batch_at(course, step)
        helps = [fading(step, weight, how.help_steps) for weight in (how.guidance, how.matching)]
        whole = whole_of(batch, how.smoothing, *helps)
        return accumulate(part_losses(generator, processes.share(batch), how.parts, whole), device, bf16)

    def describe(step: int) -> list[dict[str, object]]:
        return [
            {"source": tokenizer.decode(row.source, False), "target": tokenizer.decode(row.target, False)}
            for row in batch_at(course, step)
        ]

    def measure() -> dict[str, float]:
        return measure_reading(generator, tokenizer, exams, bf16)

    return Task(objective, measure if exams else None, describe, step_of_largest(course))

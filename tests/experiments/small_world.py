"""The tiny model folder as a world, in a size of two steps: every experiment in a second."""

from dataclasses import replace
from pathlib import Path

from minirag.experiments.size import Size
from minirag.experiments.world import World, own_world

SIZE = Size(
    seeds=2,
    steps=2,
    batch_size=2,
    warmup_steps=1,
    n_docs=2,
    dev_sample=4,
    curve_sample=2,
    collapse_steps=2,
    collapse_sample=3,
)


def small_world(folder: Path) -> World:
    """Its questions are learned from and asked."""
    questions = folder / "questions.jsonl"
    return replace(own_world(questions, questions, model=folder), facts=folder / "facts.jsonl")

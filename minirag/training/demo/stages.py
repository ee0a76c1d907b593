"""How was the demo model made? The whole recipe, from random weights, on worlds in which nothing is real.

Paper     DPR §3.2, BART §2.2, RAG §2.4: the paper's three trainings, on laptop scale
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/demo/test_stages.py

Stage by stage, each with its result in the work folder; a stage that was finished is not done again, and one that was
stopped goes on from its last checkpoint. `minirag train demo` runs them all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from random import Random

import torch
from torch import nn

from minirag.model.bart import BartForConditionalGeneration
from minirag.text.rag_tokenizer import RagTokenizer
from minirag.text.tokenizers import Tokenizer
from minirag.training.accumulation import in_one_part
from minirag.training.demo.lessons import (
    Lesson,
    Mix,
    curriculum,
    guidance_at,
    lesson_loss,
    lessons,
    polish,
    reading_exact_match,
)
from minirag.training.demo.pairs import pair_loss, pairs, top_1
from minirag.training.demo.recipe import (
    Recipe,
    load_trained,
    new_encoder,
    new_generator,
    trained_context_encoder,
    trained_together,
)
from minirag.training.demo.worlds import World, invented_world, rag_loss
from minirag.training.dpr.towers import question_encoder_of
from minirag.training.loop import Progress, Task, train
from minirag.training.run_folder import RunFolder
from minirag.training.settings import LoopSettings
from minirag.training.vocabulary import pieces_of
from minirag.world.invented import Inventor

POOL = 4  # batches drawn at once, see bart_batch


@dataclass(frozen=True)
class Stage:
    """One run of the loop, kept in the work folder under its name."""

    name: str
    model: nn.Module
    task: Task
    settings: LoopSettings
    run: RunFolder

    def steps(self) -> Iterator[Progress]:
        return train(self.model, self.task, self.settings, self.run)


def dpr_stage(recipe: Recipe, tokenizer: RagTokenizer, work: Path, device: torch.device) -> Stage:
    """Stage 1: one encoder for both sides, from in-batch negatives."""
    inventor = inventor_for_both(tokenizer)
    encoder = new_encoder(recipe, tokenizer).to(device)
    asked = [pair for part in range(4) for pair in pairs(inventor, recipe.dpr_entities, Random(f"dpr dev {part}"))]

    def loss_at(step: int) -> torch.Tensor:
        rng = Random(f"dpr {recipe.seed} {step}")
        return pair_loss(encoder, encoder, tokenizer.question_encoder, pairs(inventor, recipe.dpr_entities, rng))

    def measure() -> dict[str, float]:
        return {f"top_1 of {len(asked)}": top_1(encoder, tokenizer.question_encoder, asked)}

    task = Task(in_one_part(loss_at, device, recipe.dpr.bf16), measure)
    return Stage("dpr", encoder, task, replace(recipe.dpr, measure_every=100), RunFolder(work / "dpr"))


def inventor_for_both(tokenizer: RagTokenizer) -> Inventor:
    """Names joined from the pieces of both vocabularies: one in five countries has a piece of the question encoder's that
    the generator's pieces hardly ever come to, and a retriever that never met it takes Czechia for Latvia.
    """
    of_words = [piece.removeprefix("##") for piece in pieces_of(tokenizer.question_encoder)]
    return Inventor(pieces_of(tokenizer.generator) + of_words)


def bart_stage(recipe: Recipe, tokenizer: RagTokenizer, work: Path, device: torch.device) -> Stage:
    """Stage 2: mending, then reading (see the curriculum in lessons.py)."""
    inventor = Inventor(pieces_of(tokenizer.generator))
    generator = new_generator(recipe, tokenizer).to(device)
    unseen = {
        f"{facts} to a passage": lessons(inventor, Mix(facts, mending=0.0, misleading=0.0), 96, Random("bart dev"))
        for facts in (1, 4)
    }

    def loss_at(step: int) -> torch.Tensor:
        batch = bart_batch(recipe, inventor, step)
        return lesson_loss(generator, tokenizer.generator, batch, guidance_at(step))

    task = Task(in_one_part(loss_at, device, recipe.bart.bf16), exact_match_of(generator, tokenizer.generator, unseen))
    return Stage("bart", generator, task, replace(recipe.bart, measure_every=200), RunFolder(work / "bart"))


def polish_stage(recipe: Recipe, tokenizer: RagTokenizer, work: Path, device: torch.device) -> Stage:
    """Stage 3: reading goes on with what people do: they type in capitals, and their passages mislead."""
    inventor = Inventor(pieces_of(tokenizer.generator))
    generator = load_trained(new_generator(recipe, tokenizer), work / "bart").to(device)
    unseen = {
        "as written": lessons(inventor, Mix(4, mending=0.0, misleading=0.0, capitals=0.0), 96, Random("polish dev")),
        "in capitals": lessons(inventor, Mix(4, mending=0.0, misleading=0.0, capitals=0.85), 96, Random("polish dev")),
    }

    def loss_at(step: int) -> torch.Tensor:
        rng = Random(f"polish {recipe.seed} {step}")
        return lesson_loss(generator, tokenizer.generator, lessons(inventor, polish(rng), recipe.bart_batch, rng))

    task = Task(
        in_one_part(loss_at, device, recipe.polish.bf16), exact_match_of(generator, tokenizer.generator, unseen)
    )
    return Stage("polish", generator, task, replace(recipe.polish, measure_every=200), RunFolder(work / "polish"))


def exact_match_of(
    generator: BartForConditionalGeneration, tokenizer: Tokenizer, unseen: dict[str, list[Lesson]]
) -> Callable[[], dict[str, float]]:
    return lambda: {
        f"exact match, {name}": reading_exact_match(generator, tokenizer, asked) for name, asked in unseen.items()
    }


def bart_batch(recipe: Recipe, inventor: Inventor, step: int) -> list[Lesson]:
    """Step t's lessons. Four batches are drawn at once and sorted by length, so that little of a batch is padding."""
    group, place = divmod(step, POOL)
    return lesson_pool(recipe, inventor, group)[place]


@lru_cache(maxsize=1)
def lesson_pool(recipe: Recipe, inventor: Inventor, group: int) -> list[list[Lesson]]:
    rng = Random(f"bart {recipe.seed} {group}")
    mix = curriculum(POOL * group, rng)
    pool = sorted(lessons(inventor, mix, POOL * recipe.bart_batch, rng), key=lambda lesson: len(lesson.source))
    batches = [pool[start : start + recipe.bart_batch] for start in range(0, len(pool), recipe.bart_batch)]
    return rng.sample(batches, POOL)


def rag_stage(recipe: Recipe, tokenizer: RagTokenizer, work: Path, device: torch.device) -> Stage:
    """Stage 4: question encoder and generator together; a new invented world every `rag_world_steps` steps."""
    inventor = inventor_for_both(tokenizer)
    context_encoder = trained_context_encoder(recipe, tokenizer, work).to(device)
    question_encoder = question_encoder_of(context_encoder)
    generator = load_trained(new_generator(recipe, tokenizer), work / "polish").to(device)
    both = trained_together(question_encoder, generator)
    worlds: dict[int, World] = {}

    def loss_at(step: int) -> torch.Tensor:
        number = step // recipe.rag_world_steps
        if number not in worlds:
            worlds.clear()
            world_rng = Random(f"world {recipe.seed} {number}")
            worlds[number] = invented_world(inventor, context_encoder, tokenizer, recipe.rag_entities, world_rng)
        rng = Random(f"rag {recipe.seed} {step}")
        asked = rng.sample(worlds[number].facts, recipe.rag_batch)
        likelihood = ("token", "sequence")[step % 2]  # one set of weights serves both models
        return rag_loss(question_encoder, generator, tokenizer, worlds[number], asked, rng, recipe.n_docs, likelihood)

    task = Task(in_one_part(loss_at, device, recipe.rag.bf16))
    return Stage("rag", both, task, recipe.rag, RunFolder(work / "rag"))

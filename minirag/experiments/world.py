"""What is an experiment run on? Networks to start from, a knowledge base, questions to learn from and others to be asked.

Paper     RAG §3 (a trained DPR and a pretrained BART, joined; questions over one index)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_world.py
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from minirag.evaluation.hot_swap import two_worlds
from minirag.experiments.hot_swap import SWAP_SEED
from minirag.experiments.rows import Setting
from minirag.questions.question import Question
from minirag.questions.reading import open_questions, read_questions
from minirag.training.demo.questions import demo_training_questions
from minirag.training.dpr.towers import question_encoder_of
from minirag.training.rag.opening import Start, open_start
from minirag.world.facts import read_facts

SAMPLE_SEED = 0


@dataclass(frozen=True)
class World:
    """Folders and questions. fresh_retriever: the question encoder starts as a copy of the context encoder, as in the
    demo's recipe. facts: what the swapped index is made from, where there are any.
    """

    name: str
    model: Path
    train: Sequence[Question] = field(repr=False)
    dev: Sequence[Question] = field(repr=False)
    question_encoder: Path | None = None
    generator: Path | None = None
    knowledge_base: Path | None = None
    facts: Path | None = None
    fresh_retriever: bool = False
    scale: float | None = None


def demo_world(folder: Path) -> World:
    """Its 1,200 questions are asked; those for its other facts are learned from. The retriever is that of stage 1 again."""
    dev = read_questions(folder / "questions.jsonl")
    facts = folder / "facts.jsonl"
    return World("demo", folder, demo_training_questions(folder), dev, facts=facts, fresh_retriever=True)


def own_world(
    train: Path,
    dev: Path,
    model: Path | None = None,
    question_encoder: Path | None = None,
    generator: Path | None = None,
    knowledge_base: Path | None = None,
    scale: float | None = None,
) -> World:
    """What is not given comes from `model`, a RAG folder. scale: what q(x) is multiplied by.

    ValueError: neither a model nor all of its parts is given.
    """
    if model is None and (question_encoder is None or generator is None or knowledge_base is None):
        raise ValueError("give --question-encoder, --generator and --kb, or a --model that has what is missing of them")
    place = model or generator
    assert place is not None
    questions, asked = open_questions(train), read_questions(dev)
    return World("own", place, questions, asked, question_encoder, generator, knowledge_base, scale=scale)


def opened(world: World, setting: Setting, n_docs: int, seed: int) -> Start:
    """The networks before a fine-tuning. seed: of a generator with random weights."""
    start = open_start(
        world.model,
        question_encoder=world.question_encoder,
        generator=world.generator,
        knowledge_base=world.knowledge_base,
        likelihood=setting.likelihood,
        n_docs=n_docs,
        scale=world.scale,
        closed_book=setting.retriever == "closed-book",
        fresh_generator=seed if setting.generator == "random" else None,
    )
    if world.fresh_retriever:
        if start.context_encoder is None:
            raise ValueError(f"{world.model}: has no ctx_encoder/, of which the question encoder is to be a copy")
        copy = question_encoder_of(start.context_encoder)
        start.model.question_encoder.load_state_dict(copy.state_dict())
    return start


def questions_for(world: World, setting: Setting) -> list[Question]:
    """A sample, the same for every seed of a row and every row of a table."""
    if setting.answers == "dev":
        return sample(world.dev, setting.asked)
    assert world.facts is not None  # the catalogue has looked
    _, asked = two_worlds(read_facts(world.facts), SWAP_SEED)
    return [swapped if setting.answers == "swapped" else true for true, swapped in sample(asked, setting.asked)]


def sample(questions: Sequence, count: int) -> list:
    """`count` of them, or all; a smaller sample is the beginning of a larger one."""
    order = list(range(len(questions)))
    Random(SAMPLE_SEED).shuffle(order)
    return [questions[n] for n in order[:count]]


def described(world: World) -> dict[str, object]:
    """By names, not places: what is run elsewhere says the same."""
    folders = ("model", "question_encoder", "generator", "knowledge_base")
    named = {name: path.resolve().name for name in folders if (path := getattr(world, name)) is not None}
    named |= {} if world.scale is None else {"scale": f"{world.scale:g}"}
    return {"world": world.name, **named, "train_questions": len(world.train), "dev_questions": len(world.dev)}

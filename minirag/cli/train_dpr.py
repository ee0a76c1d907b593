"""How is a retriever trained on one's own questions? `minirag train dpr`.

Paper     DPR §3.2, §4.2; RAG §2.4 (`--against-base`: the question's side alone)
Tutorial  tutorials/16_training_dpr.py
Tests     tests/cli/test_train_dpr.py
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from minirag.cli.console import harmless, progress_bar
from minirag.cli.training_options import TrainingOptions, loop_settings, run_folder, with_training_options

if TYPE_CHECKING:
    from minirag.questions.sequence import Questions
    from minirag.retrieval.knowledge_base import KnowledgeBase
    from minirag.text.tokenizers import Tokenizer
    from minirag.training.dpr.dev_pool import DevPool
    from minirag.training.dpr.starting import Beginning
    from minirag.training.dpr.task import DprSettings
    from minirag.training.dpr.towers import Towers
    from minirag.training.loop import Task
    from minirag.training.order import Order
    from minirag.training.run_folder import RunFolder


@dataclass(frozen=True)
class Data:
    """What is learned from: questions with the numbers of those that name a passage, or paragraphs of plain text."""

    base: "KnowledgeBase | None"
    questions: "Questions | None"
    trained_on: list[int]
    paragraphs: list[Callable[[], Any]]
    dev: "DevPool | None"


@dataclass(frozen=True)
class Drawing:
    """What shares a batch: each question's own negatives, and questions that are neighbours in their file."""

    hard_negatives: int
    together: int


@with_training_options(batch_size=64, learning_rate=1e-4, epochs=10)
def dpr(
    training: TrainingOptions,
    questions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Questions with gold passages (and negatives: minirag mine).")
    ] = None,
    kb: Annotated[
        Path | None, typer.Option(metavar="KB", help="Knowledge base that holds the passages named by id.")
    ] = None,
    text: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Instead of questions: prose (inverse cloze task).")
    ] = None,
    dev: Annotated[Path | None, typer.Option(metavar="FILE", help="Questions to measure with.")] = None,
    start: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Begin with this encoder: DPR, BERT, sentence-transformers.")
    ] = None,
    tokenizer: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Tokenizer of a new encoder (default: learned from the data).")
    ] = None,
    vocab_size: Annotated[int, typer.Option(metavar="V", min=100, help="Pieces to learn without --tokenizer.")] = 8000,
    layers: Annotated[int, typer.Option(metavar="L", min=1, help="Of a new encoder.")] = 2,
    width: Annotated[int, typer.Option(metavar="D", min=1, help="Of a new encoder.")] = 256,
    heads: Annotated[int, typer.Option(metavar="H", min=1, help="Of a new encoder.")] = 4,
    pooling: Annotated[
        Literal["cls", "mean"] | None,
        typer.Option(help="Which states are the vector (default: the start's, else cls)."),
    ] = None,
    cosine: Annotated[
        bool | None, typer.Option("--cosine/--dot", help="Unit vectors or not (default: the start's, else not).")
    ] = None,
    scale: Annotated[
        float | None, typer.Option(metavar="X", help="Times the question's vector (default: 20 for cosines, else 1).")
    ] = None,
    dropout: Annotated[float | None, typer.Option(metavar="P", help="Default: the start's, else 0.1.")] = None,
    towers: Annotated[int, typer.Option(metavar="N", min=1, max=2, help="One encoder for both sides, or two.")] = 1,
    against_base: Annotated[
        bool, typer.Option("--against-base", help="Question encoder only, against all vectors of --kb.")
    ] = False,
    hard_negatives: Annotated[int, typer.Option(metavar="N", min=0, help="Of each question.")] = 1,
    together: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Neighbours in the file that share a batch: hard negatives for free."),
    ] = 1,
    mask_answers: Annotated[
        bool, typer.Option("--mask-answers", help="A passage with an answer string is no negative.")
    ] = False,
    max_length: Annotated[int, typer.Option(metavar="T", min=8, help="Tokens of a passage.")] = 256,
    pool: Annotated[int, typer.Option(metavar="N", min=1, help="Passages that dev questions are asked of.")] = 2000,
    dev_questions: Annotated[int, typer.Option(metavar="N", min=1, help="Dev questions at a measure.")] = 500,
) -> None:
    """Train a retriever: whatever else is in the batch is wrong. Writes DIR/question_encoder and DIR/ctx_encoder."""
    said = {name: value for name, value in locals().items() if name != "training"}  # what makes this run what it is
    from minirag.training.dpr.starting import Beginning
    from minirag.training.dpr.task import DprSettings

    check(questions, kb, text, start, against_base)
    data = open_data(questions, kb, text, dev, pool, dev_questions, training.seed)
    two = 2 if against_base else towers
    sizes = (vocab_size, layers, width, heads)
    beginning = Beginning(start, tokenizer, *sizes, two, scale, pooling, cosine, dropout, against_base, training.seed)
    settings = DprSettings(max_length, parts=training.accumulate, mask_answers=mask_answers)
    run = run_folder(training, **{**said, "text": [str(path) for path in text or ()]})
    train_and_save(training, data, beginning, settings, Drawing(hard_negatives, together), against_base, run)


def check(questions: Path | None, kb: Path | None, text: list[Path] | None, start: Path | None, fixed: bool) -> None:
    if (questions is None) == (not text):
        raise ValueError("give either --questions or --text to learn from")
    if fixed and (questions is None or kb is None or start is None):
        raise ValueError("--against-base needs --questions, --kb and, with --start, the encoders that made its vectors")


def open_data(
    questions: Path | None,
    kb: Path | None,
    text: list[Path] | None,
    dev: Path | None,
    pool: int,
    dev_questions: int,
    seed: int,
) -> Data:
    """All files, checked to their last line before anything is trained."""
    from minirag.questions.reading import open_questions, read_questions
    from minirag.retrieval.knowledge_base import KnowledgeBase
    from minirag.training.dpr.dev_pool import dev_pool
    from minirag.training.dpr.inverse_cloze import open_paragraphs
    from minirag.training.dpr.sources import lookup_in, with_gold

    base = None if kb is None else KnowledgeBase.open(kb)
    store = None if base is None else base.store
    measured = None
    if dev is not None:
        measured = dev_pool(read_questions(dev), lookup_in(store), store, pool, dev_questions, seed)
    if questions is None:
        return Data(base, None, [], open_paragraphs(text or []), measured)
    with progress_bar("questions read") as report:
        asked = open_questions(questions, progress=report)
    with progress_bar("passages found") as report:
        return Data(base, asked, with_gold(asked, lookup_in(store), report), [], measured)


def train_and_save(
    training: TrainingOptions,
    data: Data,
    beginning: "Beginning",
    settings: "DprSettings",
    drawing: Drawing,
    against_base: bool,
    run: "RunFolder",
) -> None:
    """The run, from its beginning or its checkpoint, to the folder of the two encoders."""
    from minirag.cli.opening import choose_device
    from minirag.cli.training_run import run_training
    from minirag.training.activation_checkpointing import checkpoint_activations
    from minirag.training.dpr.starting import begin
    from minirag.training.dpr.towers import save_towers

    device = choose_device(training.device)
    model, tokenizer = begin(beginning, lambda: texts_of(data), run.folder / "tokenizer")
    model.to(device)
    if training.activation_checkpointing:
        checkpoint_activations(model)
    bf16 = device.type == "cuda" if training.bf16 is None else training.bf16
    settings = replace(settings, bf16=bf16)
    make = task_against_base if against_base else task_in_batch
    task, order = make(model, tokenizer, data, settings, training, drawing)
    watch = "" if data.dev is None else "recall_at_5"
    loop = loop_settings(training, order.steps_per_epoch, device, watch=watch)
    run_training(model, task, loop, run, order.steps_per_epoch, training.every, "dpr")
    save_towers(model, tokenizer, training.out)
    print(f"{harmless(str(training.out))}: question_encoder and ctx_encoder; index with --model {training.out}")


def task_in_batch(
    model: "Towers",
    tokenizer: "Tokenizer",
    data: Data,
    settings: "DprSettings",
    training: TrainingOptions,
    drawing: Drawing,
) -> "tuple[Task, Order]":
    from minirag.training.dpr.sources import examples_from_questions, examples_from_text, lookup_in
    from minirag.training.dpr.task import dpr_task

    if data.questions is None:
        examples_at, order = examples_from_text(data.paragraphs, training.batch_size, training.seed)
    else:
        lookup = lookup_in(None if data.base is None else data.base.store)
        examples_at, order = examples_from_questions(
            data.questions,
            data.trained_on,
            lookup,
            training.batch_size,
            drawing.hard_negatives,
            training.seed,
            drawing.together,
        )
    return dpr_task(model, tokenizer, examples_at, settings, data.dev), order


def task_against_base(
    model: "Towers",
    tokenizer: "Tokenizer",
    data: Data,
    settings: "DprSettings",
    training: TrainingOptions,
    drawing: Drawing,
) -> "tuple[Task, Order]":
    """ValueError: the base's vectors were made by another encoder than this one's."""
    from minirag.model.checkpoint import encoder_fingerprint
    from minirag.retrieval.knowledge_base import KnowledgeBase
    from minirag.training.dpr.against_base import base_task

    assert data.base is not None and data.questions is not None
    base = KnowledgeBase.open(data.base.folder, encoder_fingerprint(model.ctx_encoder))
    vectors = base.vectors.to(next(model.parameters()).device)
    return base_task(
        model, tokenizer, vectors, base.store, data.questions, data.trained_on, settings,
        training.batch_size, training.seed, data.dev,
    )  # fmt: skip


def texts_of(data: Data) -> Iterator[str]:
    """What a vocabulary is learned from: every text that is trained on."""
    if data.base is not None:
        for passage in data.base.store:
            yield f"{passage.title} {passage.text}"
    for read in data.paragraphs:
        yield read().text
    for question in data.questions or ():
        yield question.question
        yield from (f"{passage.title} {passage.text}" for passage in question.positives)

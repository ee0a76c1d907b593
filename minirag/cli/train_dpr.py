"""How is a retriever trained on one's own questions? `minirag train dpr`.

Paper     DPR §3.2, §4.2; RAG §2.4 (`--against-base`: the question's side alone)
Tutorial  tutorials/16_training_dpr.py
Tests     tests/cli/test_train_dpr.py
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from minirag.cli.console import harmless
from minirag.cli.dpr_data import Data, open_data, texts_of
from minirag.cli.several_processes import first_one_first, joined, shared_out
from minirag.cli.training_options import TrainingOptions, in_bf16, loop_settings, run_folder, with_training_options

if TYPE_CHECKING:
    from minirag.text.tokenizers import Tokenizer
    from minirag.training.dpr.inverse_cloze import Cloze
    from minirag.training.dpr.starting import Beginning
    from minirag.training.dpr.task import DprSettings
    from minirag.training.dpr.towers import Towers
    from minirag.training.loop import Task
    from minirag.training.order import Order
    from minirag.training.processes import Processes
    from minirag.training.run_folder import RunFolder


@dataclass(frozen=True)
class Drawing:
    """What shares a batch: each question's own negatives, neighbours in a file, questions that text asks about itself."""

    hard_negatives: int
    together: int
    cloze: "Cloze"
    share: float


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
        list[Path] | None,
        typer.Option(metavar="FILE", help="Text that is asked about itself: alone, or beside questions."),
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
    feed_forward: Annotated[
        int | None, typer.Option(metavar="F", min=1, help="Of a new encoder (default: 4 D).")
    ] = None,
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
    bag_of_words: Annotated[
        bool | None,
        typer.Option(
            "--bag-of-words/--random-words",
            help="A new encoder starts by comparing rare words (default: with --pooling mean --cosine).",
        ),
    ] = None,
    embedding_learning_rate: Annotated[
        float | None, typer.Option(metavar="X", help="Of the word vectors (default: as all).")
    ] = None,
    towers: Annotated[int, typer.Option(metavar="N", min=1, max=2, help="One encoder for both sides, or two.")] = 1,
    against_base: Annotated[
        bool, typer.Option("--against-base", help="Question encoder only, against all vectors of --kb.")
    ] = False,
    hard_negatives: Annotated[int, typer.Option(metavar="N", min=0, help="Of each question.")] = 1,
    together: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Neighbours in the file that share a batch: hard negatives for free."),
    ] = 1,
    cloze: Annotated[
        Literal["sentence", "words"],
        typer.Option(help="What text is asked by: a sentence, or some words of a stretch of it."),
    ] = "sentence",
    cloze_questions: Annotated[
        int, typer.Option(metavar="N", min=1, help="Questions of each paragraph in a batch.")
    ] = 1,
    cloze_stays: Annotated[
        float, typer.Option(metavar="P", min=0, max=1, help="How often what is asked stays in its paragraph.")
    ] = 0.1,
    cloze_share: Annotated[
        float, typer.Option(metavar="P", min=0, max=1, help="Of a batch, with both --questions and --text.")
    ] = 0.5,
    mask_answers: Annotated[
        bool, typer.Option("--mask-answers", help="A passage with an answer string is no negative.")
    ] = False,
    max_length: Annotated[int, typer.Option(metavar="T", min=8, help="Tokens of a passage.")] = 256,
    pool: Annotated[int, typer.Option(metavar="N", min=1, help="Passages that dev questions are asked of.")] = 2000,
    dev_questions: Annotated[int, typer.Option(metavar="N", min=1, help="Dev questions at a measure.")] = 500,
) -> None:
    """Train a retriever: whatever else is in the batch is wrong. Writes DIR/question_encoder and DIR/ctx_encoder."""
    said = {name: value for name, value in locals().items() if name != "training"}  # what makes this run what it is
    from minirag.training.dpr.inverse_cloze import Cloze
    from minirag.training.dpr.starting import Beginning
    from minirag.training.dpr.task import DprSettings

    check(questions, kb, text, start, against_base)
    data = open_data(questions, kb, text, dev, pool, dev_questions, training.seed)
    drawing = Drawing(hard_negatives, together, Cloze(cloze == "words", cloze_questions, cloze_stays), cloze_share)
    beginning = Beginning(
        start=start,
        tokenizer=tokenizer,
        vocab_size=vocab_size,
        layers=layers,
        width=width,
        heads=heads,
        feed_forward=feed_forward,
        towers=2 if against_base else towers,
        scale=scale,
        pooling=pooling,
        normalize=cosine,
        dropout=dropout,
        fixed_context=against_base,
        bag_of_words=bag_of_words,
        seed=training.seed,
    )
    settings = DprSettings(max_length, parts=training.accumulate, mask_answers=mask_answers)
    run = run_folder(training, **{**said, "text": [str(path) for path in text or ()]})
    rates = word_rates(embedding_learning_rate)
    train_and_save(training, data, beginning, settings, drawing, against_base, rates, run)


def check(questions: Path | None, kb: Path | None, text: list[Path] | None, start: Path | None, fixed: bool) -> None:
    if questions is None and not text:
        raise ValueError("give --questions or --text, or both, to learn from")
    if fixed and (questions is None or text or kb is None or start is None):
        raise ValueError(
            "--against-base needs --questions alone, --kb and, with --start, the encoders that made its vectors"
        )


def word_rates(rate: float | None) -> tuple[tuple[str, float], ...]:
    """A rate of their own for the word vectors of either encoder."""
    names = ("ctx_encoder.ctx_encoder", "question_encoder.question_encoder")
    return () if rate is None else tuple((f"{name}.bert.embeddings.words.", rate) for name in names)


def train_and_save(
    training: TrainingOptions,
    data: Data,
    beginning: "Beginning",
    settings: "DprSettings",
    drawing: Drawing,
    against_base: bool,
    rates: tuple[tuple[str, float], ...],
    run: "RunFolder",
) -> None:
    """The run, from its beginning or its checkpoint, to the folder of the two encoders."""
    from minirag.cli.opening import choose_device
    from minirag.cli.training_run import run_training
    from minirag.training.activation_checkpointing import checkpoint_activations
    from minirag.training.dpr.starting import begin
    from minirag.training.dpr.towers import save_towers

    device = choose_device(training.device)
    processes = joined(training, device, evenly=False)
    with first_one_first(processes):
        model, tokenizer = begin(beginning, lambda: texts_of(data), run.folder / "tokenizer")
    model.to(device)
    if training.activation_checkpointing:
        checkpoint_activations(model)
    settings = replace(settings, bf16=in_bf16(training, device))
    make = task_against_base if against_base else task_in_batch
    task, order = make(model, tokenizer, data, settings, training, drawing, processes)
    shared_out(model, processes, training.shard)  # shares stay as they are: task.py encodes unequal ones equally often
    watch = "" if data.dev is None else "recall_at_5"
    loop = loop_settings(training, order.steps_per_epoch, device, watch=watch, learning_rates=rates)
    run_training(model, task, loop, run, order.steps_per_epoch, training.every, "dpr", processes)
    if processes.rank > 0:
        return
    save_towers(model, tokenizer, training.out)
    print(f"{harmless(str(training.out))}: question_encoder and ctx_encoder; index with --model {training.out}")


def task_in_batch(
    model: "Towers",
    tokenizer: "Tokenizer",
    data: Data,
    settings: "DprSettings",
    training: TrainingOptions,
    drawing: Drawing,
    processes: "Processes",
) -> "tuple[Task, Order]":
    """Epochs are those of the questions, where there are any."""
    from minirag.training.dpr.sources import ExamplesAt, both, examples_from_questions, examples_from_text, lookup_in
    from minirag.training.dpr.task import dpr_task

    size, seed, together = training.batch_size, training.seed, drawing.together
    made = 0 if data.paragraphs is None else size if data.questions is None else round(size * drawing.share)
    asked: list[tuple[ExamplesAt, Order]] = []
    if data.questions is not None and made < size:
        lookup, own = lookup_in(None if data.base is None else data.base.store), drawing.hard_negatives
        asked += [examples_from_questions(data.questions, data.trained_on, lookup, size - made, own, seed, together)]
    if data.paragraphs is not None and made:
        asked += [examples_from_text(data.paragraphs, made, seed, together, drawing.cloze)]
    examples_at = both(asked[0][0], asked[-1][0]) if len(asked) > 1 else asked[0][0]
    return dpr_task(model, tokenizer, examples_at, settings, data.dev, processes), asked[0][1]


def task_against_base(
    model: "Towers",
    tokenizer: "Tokenizer",
    data: Data,
    settings: "DprSettings",
    training: TrainingOptions,
    drawing: Drawing,
    processes: "Processes",
) -> "tuple[Task, Order]":
    """ValueError: the base's vectors were made by another encoder than this one's."""
    from minirag.model.checkpoint import encoder_fingerprint
    from minirag.retrieval.knowledge_base import KnowledgeBase
    from minirag.training.dpr.against_base import base_task

    assert data.base is not None and data.questions is not None
    base = KnowledgeBase.open(data.base.folder, encoder_fingerprint(model.ctx_encoder))
    vectors = base.vectors.float().to(next(model.parameters()).device)
    return base_task(
        model, tokenizer, vectors, base.store, data.questions, data.trained_on, settings,
        training.batch_size, training.seed, data.dev, processes,
    )  # fmt: skip

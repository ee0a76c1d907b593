"""How are retriever and generator trained together on one's own questions? `minirag train rag`.

Paper     RAG §2.4; table 6 (`--retriever frozen | bm25`), table 1 (`--closed-book`)
Tutorial  tutorials/17_training_rag.py
Tests     tests/cli/test_train_rag.py
"""

from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from minirag.cli import options
from minirag.cli.console import harmless, progress_bar
from minirag.cli.several_processes import joined, only_alone, shared_out, started
from minirag.cli.training_options import TrainingOptions, in_bf16, loop_settings, run_folder, with_training_options

if TYPE_CHECKING:
    from minirag.questions.question import Question
    from minirag.training.rag.opening import Start
    from minirag.training.rag.reencoding import RollingBase
    from minirag.training.rag.task import RagSettings
    from minirag.training.run_folder import RunFolder

BASES_FOLDER = "bases"  # in the run's folder
ENCODERS = ("question_encoder.", "ctx_encoder.")
NOT_OF_THE_RUN = {"training"}


@with_training_options(batch_size=8, learning_rate=3e-5, epochs=1)
def rag(
    training: TrainingOptions,
    questions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Questions to train on (default: the demo's, where it has facts)."),
    ] = None,
    dev: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Questions to measure with (default: the model's own).")
    ] = None,
    model: options.Model = None,
    question_encoder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Another question encoder: its folder, or that of minirag train dpr."),
    ] = None,
    generator: Annotated[Path | None, typer.Option(metavar="DIR", help="Another generator: BART's folder.")] = None,
    fresh_generator: Annotated[
        bool, typer.Option("--fresh-generator", help="Random weights for the generator: watch the retriever collapse.")
    ] = False,
    kb: options.KnowledgeBaseFolder = None,
    likelihood: Annotated[
        Literal["token", "sequence", "both"], typer.Option(help="p(y|x) of which model; both: they take turns.")
    ] = "token",
    retriever: Annotated[
        Literal["learned", "frozen", "bm25"], typer.Option(help="frozen: the generator alone; bm25: no encoder at all.")
    ] = "learned",
    closed_book: Annotated[bool, typer.Option("--closed-book", help="No passages: plain BART.")] = False,
    n_docs: options.Documents = None,
    question_encoder_rate: Annotated[
        float | None, typer.Option(metavar="X", help="Its own learning rate (default: --learning-rate).")
    ] = None,
    scale: Annotated[
        float | None, typer.Option(metavar="X", help="Times q(x): vectors of length 1 need about 20.")
    ] = None,
    bm25_scale: Annotated[float, typer.Option(metavar="X", help="Times BM25's scores.")] = 1.0,
    label_smoothing: Annotated[float, typer.Option(metavar="E", help="Share of a target that is spread evenly.")] = 0.0,
    answers: Annotated[
        Literal["each", "drawn"], typer.Option(help="Of several answers: each once an epoch, or one that is drawn.")
    ] = "each",
    space: Annotated[
        bool,
        typer.Option("--space/--no-space", help="Answers behind a space, as in a passage (not for published BARTs)."),
    ] = True,
    max_answer: Annotated[int, typer.Option(metavar="T", min=2, help="Tokens of an answer that are trained on.")] = 64,
    dev_questions: Annotated[int, typer.Option(metavar="N", min=1, help="Dev questions at a measure.")] = 100,
    num_beams: Annotated[int, typer.Option(metavar="W", min=1, help="Beams at a measure.")] = 1,
    watch: Annotated[
        str,
        typer.Option(metavar="NAME", help="Measure of the best weights; '-': smaller is better; '': the last ones."),
    ] = "-nll_per_answer",
    end_to_end: Annotated[bool, typer.Option("--end-to-end", help="Train the context encoder, too.")] = False,
    reencode_every: Annotated[
        int, typer.Option(metavar="N", min=1, help="With --end-to-end: steps from one knowledge base to the next.")
    ] = 500,
) -> None:
    """Train question encoder and generator on −log p(y|x): nobody says which passage is right. Writes a RAG model."""
    said = {name: value for name, value in locals().items() if name not in NOT_OF_THE_RUN}
    from minirag.cli.opening import choose_device, demo_folder
    from minirag.training.rag.opening import open_start
    from minirag.training.rag.task import RagSettings

    folder, device = model or demo_folder(), choose_device(training.device)
    seed = training.seed if fresh_generator else None
    start = open_start(folder, question_encoder, generator, kb, likelihood, n_docs, scale, closed_book, seed)
    settings = RagSettings(
        likelihood=likelihood,
        retriever="closed-book" if closed_book else retriever,
        n_docs=start.model.config.n_docs,
        label_smoothing=label_smoothing,
        batch_size=training.batch_size,
        at_once=-(-training.batch_size // training.accumulate),
        answers=answers,
        space=space,
        max_answer=max_answer,
        bm25_scale=bm25_scale,
        end_to_end=end_to_end,
        num_beams=num_beams,
        seed=training.seed,
        bf16=in_bf16(training, device),
        shared_by=started() if training.shard else 1,
    )
    data = open_data(questions, dev, folder, dev_questions)
    rates = () if question_encoder_rate is None else tuple((name, question_encoder_rate) for name in ENCODERS)
    own = {"learning_rates": rates, "watch": watch if data.dev else ""}
    train_and_save(training, data, start, settings, run_folder(training, **said), own, reencode_every, kb is None)


@dataclass(frozen=True)
class Data:
    """Questions to train on, and those to measure with (maybe none)."""

    questions: "Sequence[Question]"
    dev: "Sequence[Question]"


def open_data(questions: Path | None, dev: Path | None, folder: Path, dev_questions: int) -> Data:
    """Without files: the demo's facts that its questions.jsonl does not ask for, and a sample of that file."""
    from minirag.questions.reading import open_questions, read_questions
    from minirag.training.demo.questions import demo_training_questions

    if questions is None and not (folder / "facts.jsonl").is_file():
        raise ValueError("give --questions to learn from")
    asked_of = dev or (folder / "questions.jsonl" if questions is None else None)
    judged = read_questions(asked_of) if asked_of else []
    judged = Random(0).sample(judged, min(dev_questions, len(judged)))
    if questions is None:
        return Data(demo_training_questions(folder), judged)
    with progress_bar("questions read") as report:
        return Data(open_questions(questions, progress=report), judged)


def train_and_save(
    training: TrainingOptions,
    data: Data,
    start: "Start",
    settings: "RagSettings",
    run: "RunFolder",
    own: dict[str, Any],
    reencode_every: int,
    keep_base: bool,
) -> None:
    """The run, from its beginning or its checkpoint, to the folder of the model."""
    from minirag.cli.opening import choose_device
    from minirag.cli.training_run import run_training
    from minirag.training.activation_checkpointing import checkpoint_activations
    from minirag.training.rag.saving import save_trained
    from minirag.training.rag.task import rag_order, rag_task, trained_networks

    if settings.end_to_end:
        only_alone("--end-to-end")
    device = choose_device(training.device)
    processes = joined(training, device)
    networks = trained_networks(start, settings).to(device)
    start.model.to(device)
    if training.activation_checkpointing:
        checkpoint_activations(networks)
    processes = shared_out(networks, processes, training.shard)
    rolling = rolling_base(start, run, reencode_every, training) if settings.end_to_end else None
    with closing(rolling) if rolling else nullcontext():
        task = rag_task(start, data.questions, data.dev, settings, rolling.at if rolling else None, processes)
        order = rag_order(data.questions, settings)
        loop = loop_settings(training, order.steps_per_epoch, device, measure_first=bool(data.dev), **own)
        run_training(networks, task, loop, run, order.steps_per_epoch, training.every, "rag", processes)
    if processes.rank > 0:
        return
    with progress_bar("passages encoded") as report:
        base = save_trained(start, settings, training.out, keep_base, progress=report)
    ask_it = f"--model {training.out}" + ("" if base is not None else " --kb KB")
    print(harmless(f"{training.out}: ready; ask it with {ask_it}"))


def rolling_base(start: "Start", run: "RunFolder", every: int, training: TrainingOptions) -> "RollingBase":
    """The knowledge base that follows the context encoder. A checkpoint must not be older than one of its versions."""
    from minirag.training.rag.reencoding import RollingBase

    if training.checkpoint_every < 1 or training.checkpoint_every > every:
        raise ValueError(
            f"--reencode-every {every}: --checkpoint-every {training.checkpoint_every} must be 1 to {every}"
        )
    model, encoder = start.model, start.context_encoder
    assert encoder is not None and model.retriever is not None  # trained_networks has looked
    tokenizer = model.retriever.tokenizer_for_strings().question_encoder
    return RollingBase(model.retriever.knowledge_base, encoder, tokenizer, run.folder / BASES_FOLDER, every)

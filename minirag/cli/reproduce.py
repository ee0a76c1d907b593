"""Do the paper's experiments come out the same, on a laptop? `minirag reproduce`: fine-tunings, evaluations, tables, figures.

Paper     RAG tables 1 and 6, Fig. 3, §2.5, §4.1, §4.5, appendix H
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/cli/test_reproduce.py
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from minirag.cli import options
from minirag.cli.console import duration, progress_bar

if TYPE_CHECKING:
    import torch

    from minirag.experiments.rows import Experiment
    from minirag.experiments.size import Size
    from minirag.experiments.world import World


def number(help: str, metavar: str = "N") -> Any:
    return typer.Option(metavar=metavar, help=help)


def reproduce(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Runs and answers; called again, it goes on.")],
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="report.md, tables.json and figures (default: OUT).")
    ] = None,
    only: Annotated[
        str, typer.Option(metavar="NAMES", help="table1,table6,figure3,decoding,hot-swap,without-answer,collapse")
    ] = "",
    likelihood: Annotated[
        Literal["token", "both"], typer.Option(help="token: without the rows of RAG-Sequence.")
    ] = "both",
    train: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Questions to learn from (default: the demo's).")
    ] = None,
    dev: Annotated[Path | None, typer.Option(metavar="FILE", help="Questions that are asked.")] = None,
    model: options.Model = None,
    question_encoder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The retriever to start from: a folder of minirag train dpr.")
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(metavar="X", help="Of the question's vector: unit vectors, as MiniLM's, need some 20."),
    ] = None,
    generator: Annotated[Path | None, typer.Option(metavar="DIR", help="The generator to start from: BART.")] = None,
    kb: options.KnowledgeBaseFolder = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Of the report (default: its world).")] = None,
    seeds: Annotated[int | None, number("Fine-tunings of each row (default: 3).")] = None,
    steps: Annotated[int | None, number("Steps of each fine-tuning.")] = None,
    batch_size: Annotated[int | None, number("Questions of a step.")] = None,
    n_docs: options.Documents = None,
    dev_sample: Annotated[int | None, number("Questions of each row.")] = None,
    curve_sample: Annotated[int | None, number("Questions of each n_docs of the figure.")] = None,
    learning_rate: Annotated[float | None, number("Of the generator.", "X")] = None,
    encoder_rate: Annotated[
        float | None, typer.Option("--question-encoder-rate", metavar="X", help="Of the question encoder.")
    ] = None,
    space: Annotated[
        bool, typer.Option("--space/--no-space", help="Answers behind a space (not for published BARTs).")
    ] = True,
    device: options.Device = "auto",
) -> None:
    """Closed book, retrievers, n_docs, decoding, hot-swap, collapse: each with seeds and intervals, in one report."""
    from minirag.cli.opening import choose_device
    from minirag.experiments.catalogue import chosen
    from minirag.experiments.settled import begin
    from minirag.experiments.work import do, jobs
    from minirag.experiments.writing import write_all

    given = {"seeds": seeds, "steps": steps, "batch_size": batch_size, "n_docs": n_docs, "space": space}
    samples = {"dev_sample": dev_sample, "curve_sample": curve_sample}
    rates = {"learning_rate": learning_rate, "encoder_rate": encoder_rate}
    size = sized({**given, **samples, **rates})
    world = opened_world(model, question_encoder, generator, kb, train, dev, scale)
    experiments = chosen(
        [name for name in only.split(",") if name], size, world.facts is not None, likelihood == "both"
    )
    check_plots()
    begin(out, world, size)
    where, work = choose_device(device), jobs(experiments, size, out)
    announce(experiments, world, size, out, where)
    for done in do(work, world, size, out, where, progress_bar):
        print(f"{done.name}: exact match {100 * done.exact_match:.1f} % of {done.setting.asked}, {done.seconds:.0f} s")
    place = report or out
    write_all(
        title or ("on the demo world" if world.name == "demo" else "on your own data"),
        experiments,
        world,
        size,
        out,
        place,
    )
    print(f"{place / 'report.md'}: {len(experiments)} tables")


def sized(given: dict[str, Any]) -> "Size":
    """The usual sizes, but for what was given."""
    from minirag.experiments.size import Size

    return replace(Size(), **{name: value for name, value in given.items() if value is not None})


def opened_world(
    model: Path | None,
    question_encoder: Path | None,
    generator: Path | None,
    kb: Path | None,
    train: Path | None,
    dev: Path | None,
    scale: float | None = None,
) -> "World":
    """The demo, unless questions are given. ValueError: half of what is needed."""
    from minirag.cli.opening import demo_folder
    from minirag.experiments.world import demo_world, own_world

    if train is None and dev is None:
        for name, path in (
            ("--question-encoder", question_encoder),
            ("--generator", generator),
            ("--kb", kb),
            ("--scale", scale),
        ):
            if path is not None:
                raise ValueError(f"{name} goes with --train and --dev; the demo has its own")
        return demo_world(model or demo_folder())
    if train is None or dev is None:
        raise ValueError("--train and --dev go together")
    return own_world(train, dev, model, question_encoder, generator, kb, scale)


def check_plots() -> None:
    """Before hours of work: can the figures be drawn?"""
    try:
        import minirag.plots  # noqa: F401
    except ImportError as error:
        raise ValueError(f"figures need the extra 'plots' ({error})") from None


def announce(experiments: "list[Experiment]", world: "World", size: "Size", out: Path, device: "torch.device") -> None:
    """What there is to do, and how long it should take, before it is begun."""
    from minirag.experiments.size import usual
    from minirag.experiments.work import estimate, jobs

    names = ", ".join(experiment.name for experiment in experiments)
    work = jobs(experiments, size, out)
    if not work:
        print(f"{names}: all of it lies in {out}")
        return
    plan = estimate(work, world, size, usual(size), out, device)
    print(
        f"{names}: {plan.trainings} fine-tunings of {plan.steps:,} steps in all, {plan.evaluations} evaluations of "
        f"{plan.questions:,} questions, about {duration(plan.seconds)}"
    )

"""How is the demo model made again? `minirag train`: the whole recipe, or one of its stages.

Paper     DPR §3.2, BART §2.2, RAG §2.4
Tutorial  tutorials/17_training_rag.py
Tests     tests/cli/test_train.py
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from minirag.cli import options
from minirag.cli.console import progress_bar, stdout

if TYPE_CHECKING:
    from minirag.text.rag_tokenizer import RagTokenizer
    from minirag.training.demo.stages import StageProgress

STAGES = ("dpr", "bart", "polish", "rag", "folder")


def train(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the finished model.", show_default=False)],
    facts: Annotated[Path | None, typer.Option(metavar="FILE", help="Facts to index (default: the demo's).")] = None,
    text: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Prose for new vocabularies (default: the demo's vocabularies).")
    ] = None,
    work: Annotated[Path | None, typer.Option(metavar="DIR", help="Checkpoints (default: OUT.training).")] = None,
    stage: Annotated[
        Literal["dpr", "bart", "polish", "rag", "folder"] | None, typer.Option(help="One stage (default: all).")
    ] = None,
    every: Annotated[int, typer.Option(metavar="N", help="Print a line every N steps.")] = 100,
    device: options.Device = "auto",
) -> None:
    """Train the demo model from random weights, on invented worlds; stopped at any moment, it goes on when called again."""
    from minirag.cli.opening import choose_device, demo_folder
    from minirag.training.demo.folder import trained_rag, write_demo
    from minirag.training.demo.recipe import Recipe
    from minirag.training.demo.stages import train_bart, train_dpr, train_polish, train_rag

    place = work or out.with_name(out.name + ".training")
    facts = facts or demo_folder() / "facts.jsonl"
    tokenizer, recipe = vocabularies(text, place), Recipe()
    stages = {"dpr": train_dpr, "bart": train_bart, "polish": train_polish, "rag": train_rag}
    for name in [stage] if stage else STAGES:
        if name in stages:
            show(stages[name](recipe, tokenizer, place, choose_device(device)), every)
        else:
            with progress_bar("passages encoded") as report:
                write_demo(trained_rag(recipe, tokenizer, place), facts, out, report)
            print(f"{out}: ready; ask it with --model {out}")


def vocabularies(text: Path | None, work: Path) -> "RagTokenizer":
    """Those of an earlier call, else learned from `text`, else the demo's."""
    from minirag.cli.opening import demo_folder
    from minirag.text.rag_tokenizer import RagTokenizer
    from minirag.training.vocabulary import read_prose, train_tokenizers

    if not (work / "generator_tokenizer").exists():
        tokenizer = RagTokenizer.from_pretrained(demo_folder()) if text is None else train_tokenizers(read_prose(text))
        tokenizer.save_pretrained(work)
    return RagTokenizer.from_pretrained(work)


def show(steps: "Iterator[StageProgress]", every: int) -> None:
    """A bar for the stage, and a line every so many steps."""
    console, losses = stdout(), []
    with progress_bar("steps") as report:
        for done in steps:
            losses.append(done.progress.loss)
            report(done.progress.step, done.steps)
            if done.progress.measured or done.progress.step % every == 0:
                measured = "".join(f", {name} {value:.3f}" for name, value in done.progress.measured.items())
                loss = sum(losses) / len(losses)
                seconds = done.progress.seconds
                console.print(
                    f"{done.stage} {done.progress.step}/{done.steps}: loss {loss:.3f}{measured}, {seconds:.0f} s"
                )
                losses.clear()

"""How is the demo model made again? `minirag train demo`: the whole recipe, or one of its stages.

Paper     DPR §3.2, BART §2.2, RAG §2.4
Tutorial  tutorials/17_training_rag.py
Tests     tests/cli/test_train.py
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from minirag.cli import options
from minirag.cli.console import progress_bar
from minirag.cli.several_processes import only_alone

if TYPE_CHECKING:
    from minirag.text.rag_tokenizer import RagTokenizer

STAGES = ("dpr", "bart", "polish", "rag", "folder")


def demo(
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
    from minirag.cli.training_run import run_training
    from minirag.training.demo.folder import trained_rag, write_demo
    from minirag.training.demo.recipe import Recipe
    from minirag.training.demo.stages import bart_stage, dpr_stage, polish_stage, rag_stage

    only_alone("minirag train demo")
    place = work or out.with_name(out.name + ".training")
    facts = facts or demo_folder() / "facts.jsonl"
    tokenizer, recipe = vocabularies(text, place), Recipe()
    stages = {"dpr": dpr_stage, "bart": bart_stage, "polish": polish_stage, "rag": rag_stage}
    for name in [stage] if stage else STAGES:
        if name in stages:
            run = stages[name](recipe, tokenizer, place, choose_device(device))
            run_training(run.model, run.task, run.settings, run.run, every=every, name=name)
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

"""What can be done from a shell? `minirag ask | search | serve | index | remove | verify | recall | evaluate | train | …`.

Paper     none
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/cli

Only this room prints. Whatever goes wrong with what a person gave is one line on stderr and exit status 2; modules that
need torch are imported inside the commands, so that `--help` and a mistyped option answer at once.
"""

import os
import sys
from typing import Any

import typer

from minirag.cli import (
    ask,
    convert,
    evaluate,
    index,
    mine,
    recall,
    remove,
    reproduce,
    search,
    serve,
    shard,
    train,
    verify,
)
from minirag.cli.console import harmless

UsageError: Any = typer.BadParameter.__base__  # what every mistyped command or option is

app = typer.Typer(
    help="Retrieval-Augmented Generation (Lewis et al. 2020): answers with the passages that explain them.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
COMMANDS = (
    ask.ask,
    search.search,
    serve.serve,
    index.index,
    remove.remove,
    shard.shard,
    mine.mine,
    verify.verify,
    recall.recall,
    evaluate.evaluate,
    reproduce.reproduce,
    convert.convert,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(train.app, name="train")


def main() -> None:
    """The `minirag` command."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show a character shows its number
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit status: 0, or 2 with one line on stderr that names the thing at fault."""
    try:
        return app(arguments or ["--help"], prog_name="minirag", standalone_mode=False) or 0
    except UsageError as error:
        message = error.format_message().rstrip(".")
        return refuse(f"{message} (see minirag --help)")
    except (ValueError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            return close_pipe()
        return refuse(str(error))
    except (KeyboardInterrupt, typer.Abort):
        return 130


def refuse(message: str) -> int:
    print("minirag:", harmless(message), file=sys.stderr)
    return 2


def close_pipe() -> int:
    """The reader went away (`minirag … | head`): nobody is left to tell, not even when Python flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1

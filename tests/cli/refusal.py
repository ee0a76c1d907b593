"""What a person sees when something is wrong: one line, exit status 2, and nothing else."""

import pytest

from minirag.cli import run


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line that `minirag ARGUMENTS` leaves on stderr."""
    assert run([str(argument) for argument in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("minirag: ")
    assert printed.err.endswith("\n")
    assert printed.err.count("\n") == 1
    assert len(printed.err) < 500
    return printed.err

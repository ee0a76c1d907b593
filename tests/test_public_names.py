"""The names that minirag hands out: each is there, and none of them is imported before it is asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import minirag


@pytest.mark.parametrize("name", dir(minirag))
def test_every_public_name_is_there(name):
    assert getattr(minirag, name).__name__ == name


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = minirag.nonsense


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(minirag.__file__).read_text(encoding="utf-8"))
    names = [alias.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(name for name in names if name) == dir(minirag)


def test_help_and_a_mistyped_option_do_not_wait_for_torch():
    code = (
        "import sys; from minirag.cli import run; run(['ask', '--help']); run(['--wat']); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")

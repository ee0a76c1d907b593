"""`minirag serve`: what keeps the page from being opened is one line. (The page itself: tests/serve.)"""

import socket
import sys

import pytest

from tests.cli.refusal import refusal


@pytest.mark.parametrize("missing", ["nicegui", "matplotlib"])
def test_without_the_extra_one_line_names_it(capsys, tmp_path, monkeypatch, missing):
    for module in [name for name in sys.modules if name.startswith(("minirag.plots", f"{missing}."))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr("minirag.plots", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    line = refusal(capsys, "serve", "--model", tmp_path / "no-model")
    assert "'serve'" in line
    assert "no-model" not in line


def test_a_port_in_use_is_named_before_the_model_is_opened(capsys, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = refusal(capsys, "serve", "--port", port, "--model", tmp_path / "no-model")
    assert line == f"minirag: port {port} of 127.0.0.1 is in use; give another with --port\n"


@pytest.mark.parametrize("option", ["--model", "--kb"])
def test_a_folder_that_does_not_open_is_named_before_the_page_is(capsys, tmp_path, option):
    assert "nowhere" in refusal(capsys, "serve", "--port", 0, option, tmp_path / "nowhere")


@pytest.mark.parametrize("option", [("--port", "65536"), ("--port", "http"), ("--device", "tpu")])
def test_a_mistyped_option_is_named(capsys, option):
    assert option[0] in refusal(capsys, "serve", *option)

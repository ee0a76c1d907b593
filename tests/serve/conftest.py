"""The page as a person meets it: `minirag serve` in a process of its own, and Chromium.

It serves the demo with three knowledge bases: its own, one of hostile documents, and one that is not there.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from minirag.cli import main; main()"]
# NiceGUI looks for its server among all objects, the youngest first: a server that was collected with is the last one.
SERVE = """
import gc, uvicorn
run = uvicorn.Server.run
uvicorn.Server.run = lambda server, sockets: (gc.collect(), run(server, sockets))
from minirag.cli import main; main()
"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HOSTILE = [
    (
        "<script>alert(1)</script>",
        'The capital of Mongolia is Ulaanbaatar. <img src="/x" onerror="alert(2)"> **b** $x^2$',
    ),
    (
        '"><svg onload=alert(3)>',
        '<iframe src="http://other.example/"></iframe> [click](javascript:alert(4)) \u202eevil\u202c',
    ),
    ("W" * 120, "{{ 7 * 7 }} &lt;b&gt;bold&lt;/b&gt; http://other.example/" + "w" * 300),
]


def listen_to_ctrl_c() -> None:
    """A shell tells what it runs in the background to ignore it, and whoever is started from there inherits that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Iterator[str]:
    """Where the page is. In all that time the server says nothing more, and Ctrl-C ends it."""
    place = tmp_path_factory.mktemp("served")
    documents = [json.dumps({"title": title, "text": text}) for title, text in HOSTILE]
    (place / "hostile.jsonl").write_text("\n".join(documents))
    run = {"cwd": place, "env": {**os.environ, "PYTHONPATH": str(REPOSITORY)}}
    own = REPOSITORY / "weights" / "demo" / "knowledge_base"
    bases = [word for name in (own, "hostile", "gone") for word in ("--kb", str(name))]
    with open(place / "stderr", "w+") as complaints:
        command = [sys.executable, "-c", SERVE, "serve", "--port", "0", *bases]
        pipes = {"stdout": subprocess.PIPE, "stderr": complaints, "text": True}
        server = subprocess.Popen(command, **pipes, **run, preexec_fn=listen_to_ctrl_c)
        try:  # the knowledge base need not be there before it is chosen
            subprocess.run(
                [*COMMAND, "index", "hostile.jsonl", "--out", "hostile"], check=True, capture_output=True, **run
            )
            yield server.stdout.readline().split()[0]
        finally:
            server.send_signal(signal.SIGINT)  # Ctrl-C
            rest, _ = server.communicate(timeout=20)
            complaints.seek(0)
            ended = (server.returncode, rest, complaints.read())
    assert ended == (130, "", "")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail(f"these tests need one of {', '.join(BROWSERS)}; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has none
        browser = playwright.chromium.launch(executable_path=found, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, served):
    """A function: settings of the window → a page that is ready. What goes wrong in the browser fails the test."""
    wrong: list[str] = []

    @contextmanager
    def opened(width: int = 1280, height: int = 900, **settings: Any) -> Iterator[Any]:
        context = chromium.new_context(viewport={"width": width, "height": height}, **settings)
        try:
            page = context.new_page()
            page.set_default_timeout(10_000)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
            page.goto(served)
            page.get_by_label("Question").wait_for()
            yield page
        finally:
            context.close()

    yield opened
    assert wrong == []

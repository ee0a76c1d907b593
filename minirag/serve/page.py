"""What is on the page? A form that the keyboard alone can fill, one line for what goes wrong, and the answers.

Paper     none
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/serve/test_page.py
"""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from nicegui import events, ui

from minirag.cli.console import harmless
from minirag.serve.answer_html import answer_card, passage_list
from minirag.serve.asking import MOST_BEAMS, MOST_DOCUMENTS, MOST_LETTERS, Ask, Request
from minirag.serve.folders import DEMO, Folders

STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
HEADING = (
    "<h1>minirag</h1><p>One question, answered in both ways of the RAG paper: in RAG-Token each token may come from "
    "another passage, in RAG-Sequence the whole answer comes from one.</p>"
)
N_DOCS, BEAMS = 5, 4  # where the sliders stand at first


@dataclass
class Position:
    """Of a slider, as the browser last told it."""

    value: Any


@dataclass(frozen=True)
class Form:
    """What a person can set."""

    question: ui.input
    model: ui.select
    knowledge_base: ui.select
    n_docs: Position
    num_beams: Position

    def request(self) -> Request:
        return Request(
            self.question.value,
            self.model.value,
            self.knowledge_base.value,
            self.n_docs.value,
            self.num_beams.value,
        )


@dataclass(frozen=True)
class Shown:
    """What the page says. Screen readers are told at once of the three that come first."""

    refusal: ui.label
    state: ui.label
    answers: ui.html
    passages: ui.html


def lay_out(folders: Folders, ask: Ask, worker: Executor) -> None:
    """One visitor's page."""
    ui.add_css(STYLE)
    with ui.element("div").classes("minirag"):
        ui.html(HEADING, sanitize=False)
        with ui.element("form") as element:
            form = fields(folders)
        shown = results()
    asked = asyncio.Lock()

    async def answer() -> None:
        if not asked.locked():  # whoever presses Enter twice has asked once
            async with asked:
                await show(form.request(), shown, ask, worker)

    element.on("submit.prevent", answer)


def fields(folders: Folders) -> Form:
    """Question and button, then what to read and how: in the order in which Tab goes through them."""
    example = "What is the capital of Mongolia?" if DEMO in folders.models else None
    question = ui.input("Question", placeholder=example)
    question.props(f'autofocus outlined stack-label maxlength={MOST_LETTERS} autocomplete="off"')
    ui.button("Ask", color=None).props('type="submit" unelevated no-caps')
    with ui.element("div").classes("settings"):
        model = ui.select(list(folders.models), label="Model", value=next(iter(folders.models)))
        bases = list(folders.knowledge_bases)
        knowledge_base = ui.select(bases, label="Knowledge base", value=bases[0])
        n_docs = slider("Passages to read", MOST_DOCUMENTS, N_DOCS)
        num_beams = slider("Beams", MOST_BEAMS, BEAMS)
    return Form(question, model, knowledge_base, n_docs, num_beams)


def slider(name: str, most: int, value: int) -> Position:
    """The browser's own: unlike NiceGUI's it tells a screen reader its name. Its value is the browser's, who shows it."""
    position = Position(value)
    with ui.element("label"):
        told = ui.label(f"{name}: {value}")
        element = ui.element("input").props(f'type="range" min="1" max="{most}" defaultValue="{value}"')
        element.props(f'aria-label="{name}"')

    def moved(event: events.GenericEventArguments) -> None:
        position.value = event.args
        told.text = f"{name}: {position.value}"

    element.on("input", moved, js_handler="event => emit(event.target.valueAsNumber)")
    return position


def results() -> Shown:
    return Shown(
        refusal=ui.label().props('role="alert"').classes("refusal"),
        state=ui.label().props('role="status"').classes("quiet"),
        answers=ui.html(sanitize=False).props('aria-live="polite"').classes("answers"),
        passages=ui.html(sanitize=False).classes("passages"),
    )


async def show(request: Request, shown: Shown, ask: Ask, worker: Executor) -> None:
    """The answers, or one line that says why there are none. `worker` reads, so that the page stays awake meanwhile."""
    shown.refusal.text, shown.state.text = "", "Reading …"
    refusal, state, cards, passages = "This failed; the terminal says why.", "", "", ""  # unless it goes as below
    start = perf_counter()
    try:
        cards, passages = await asyncio.get_running_loop().run_in_executor(worker, written, ask, request)
        refusal, state = "", f"Answered in {perf_counter() - start:.1f} seconds."
    except (ValueError, OSError, RuntimeError) as error:  # RuntimeError: torch, when memory is short
        refusal = harmless(str(error))
    finally:
        shown.refusal.text, shown.state.text = refusal, state
        shown.answers.content, shown.passages.content = cards, passages


def written(ask: Ask, request: Request) -> tuple[str, str]:
    """The two answers as HTML: cards, then passages."""
    token, sequence = ask(request)
    return answer_card(token) + answer_card(sequence), passage_list(token, sequence)

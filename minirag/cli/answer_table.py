"""How does an answer look in a terminal of 80 columns? The answer, its probability, and a bar for every passage.

Paper     RAG §2.2 (prior p(z|x)), Fig. 2 (posterior p(z|x,y))
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/cli/test_answer_table.py
"""

import math
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from minirag.cli.console import bar, harmless
from minirag.retrieval.passage import places_named

if TYPE_CHECKING:
    from minirag.answer import Answer, AnswerCandidate

BAR = 8  # characters
EXCERPT = 240  # characters of a passage
VARIANTS = {"token": "RAG-Token", "sequence": "RAG-Sequence"}


def answer_table(answer: "Answer") -> Group:
    """Everything on one screen; `--json` has it in full."""
    headline = Text.assemble(
        (harmless(answer.text) or "(an empty answer)", "bold green"),
        f"   probability {probability(answer.logprob)}, {VARIANTS.get(answer.variant, answer.variant)}",
    )
    return Group(headline, Text(), passage_table(answer), *other_candidates(answer.candidates[1:4]))


def passage_table(answer: "Answer") -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("prior p(z|x)", "posterior", "passage"):
        table.add_column(name, no_wrap=name != "passage", overflow="fold")
    for passage in answer.passages:
        title = Text(harmless(passage.title) or harmless(passage.id), style="bold")
        shown = title + Text("\n") + excerpt(passage.text, answer.text)
        if passage.places:
            shown += Text("\n") + Text(harmless(places_named(passage.places)), style="not bold dim", overflow="fold")
        table.add_row(share(passage.prior), share(passage.posterior), shown)
    return table


def share(value: float) -> Text:
    return Text.assemble((bar(value, BAR), "cyan"), f" {value:.2f}")


def excerpt(text: str, answer: str) -> Text:
    """The part of a passage around the answer, which is set in bold green."""
    text, answer = harmless(text), harmless(answer)
    found = max(text.lower().find(answer.lower()), 0)
    start = max(0, min(found - EXCERPT // 2, len(text) - EXCERPT))
    cut = ("…" if start else "") + text[start : start + EXCERPT] + ("…" if start + EXCERPT < len(text) else "")
    shown = Text(cut, style="not bold", overflow="fold")
    if answer:
        shown.highlight_words([answer], style="bold green", case_sensitive=False)
    return shown


def other_candidates(candidates: "list[AnswerCandidate]") -> list[Text]:
    """The next best answers, if there are any."""
    if not candidates:
        return []
    listed = " · ".join(f"{harmless(c.text) or '(empty)'} {probability(c.logprob)}" for c in candidates)
    return [Text(), Text(f"less likely: {listed}", style="dim", overflow="fold")]


def probability(logprob: float) -> str:
    """exp(logprob) with two digits that count: 0.97, 0.031, 2e-07."""
    value = math.exp(logprob)
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"

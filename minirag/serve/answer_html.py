"""How do two answers look on a page? As HTML in which everything that a person or a document wrote is text.

Paper     RAG §2.2 (prior p(z|x)), Fig. 2 (posterior p(z|x,y_≤t))
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/serve/test_answer_html.py
"""

import base64
import re
from collections.abc import Sequence
from html import escape

from minirag.answer import Answer, AnswerCandidate
from minirag.cli.answer_table import VARIANTS, probability
from minirag.cli.console import harmless
from minirag.plots import alt_text, svg_text, token_posterior
from minirag.retrieval.passage import places_named

MOST_LETTERS = 2_000  # of a passage: `minirag index` makes shorter ones, unless told to leave documents whole

CAPTIONS = {
    "token": "Which passage each token comes from, p(z<sub>t</sub>|x,y<sub>≤t</sub>)",
    "sequence": "Which passage the answer so far comes from, p(z|x,y<sub>≤t</sub>)",
}


def text(words: str) -> str:
    """On one line, no control character, no markup."""
    return escape(harmless(words))


def answer_card(answer: Answer) -> str:
    """One model's answer: its probability, where each token comes from, and what else was considered."""
    likely = probability(answer.logprob)
    return (
        f'<section class="card"><h2>{VARIANTS[answer.variant]}</h2>'
        f'<p class="answer" dir="auto">{text(answer.text) or "(an empty answer)"}</p>'
        f'<p>probability <b class="probability">{likely}</b></p>'
        f"{heat_map(answer)}{less_likely(answer.candidates[1:4])}</section>"
    )


def less_likely(candidates: Sequence[AnswerCandidate]) -> str:
    """The next best answers, if there are any."""
    if not candidates:
        return ""
    listed = [f"<bdi>{text(c.text) or '(empty)'}</bdi> <b>{probability(c.logprob)}</b>" for c in candidates]
    return f'<p class="quiet">less likely: {" · ".join(listed)}</p>'


def heat_map(answer: Answer) -> str:
    """Fig. 2 as a picture: an svg inside <img> runs nothing, and its alt says in words what it shows."""
    if not answer.tokens:
        return '<p class="quiet">There is no token to explain.</p>'
    titles = [passage.title or passage.id for passage in answer.passages]
    figure = token_posterior(answer.token_posterior, answer.tokens, titles)
    picture = base64.b64encode(svg_text(figure).encode()).decode()
    return (
        f"<figure><figcaption>{CAPTIONS[answer.variant]}</figcaption>"
        f'<img src="data:image/svg+xml;base64,{picture}" alt="{text(alt_text(figure))}"></figure>'
    )


def passage_list(token: Answer, sequence: Answer) -> str:
    """Both models have read the same passages, with the same priors; what each makes of them differs."""
    items = [
        f'<li class="card"><h3 dir="auto">{text(read.title) or text(read.id)}</h3><dl>'
        + share("prior p(z|x)", read.prior)
        + share("posterior, RAG-Token", read.posterior)
        + share("posterior, RAG-Sequence", other.posterior)
        + f'</dl><p dir="auto">{marked(read.text, [token.text, sequence.text])}</p>'
        + (f'<p class="quiet" dir="auto">{text(places_named(read.places))}</p></li>' if read.places else "</li>")
        for read, other in zip(token.passages, sequence.passages, strict=True)
    ]
    count = "1 passage" if len(items) == 1 else f"{len(items)} passages"
    return f"<h2>{count} read for “{text(token.question)}”</h2><ol>{''.join(items)}</ol>"


def share(name: str, value: float) -> str:
    """A number from 0 to 1, and a bar of that length."""
    bar = f'<span class="bar" style="--share: {value:.4f}"></span>'
    return f"<div><dt>{name}</dt><dd>{bar}{value:.2f}</dd></div>"


def marked(passage: str, answers: Sequence[str]) -> str:
    """The passage, the answers in it set off."""
    shown = harmless(passage)
    cut = shown[:MOST_LETTERS] + ("…" if len(shown) > MOST_LETTERS else "")
    wanted = sorted({harmless(answer) for answer in answers} - {""}, key=len, reverse=True)
    if not wanted:
        return escape(cut)
    pieces = re.split(f"({'|'.join(map(re.escape, wanted))})", cut, flags=re.IGNORECASE)  # every second one an answer
    return "".join(f"<mark>{escape(piece)}</mark>" if n % 2 else escape(piece) for n, piece in enumerate(pieces))

"""What is the answer, and which passages explain it? `minirag ask`.

Paper     RAG §2.1 (the answer's probability), Fig. 2 (the posterior over passages)
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/cli/test_ask.py, tests/cli/test_ask_plot.py
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minirag.cli import options
from minirag.cli.console import progress_bar, stdout

if TYPE_CHECKING:
    from minirag.answer import Answer


def ask(
    question: Annotated[str, typer.Argument(help="In quotes.", show_default=False)],
    model: options.Model = None,
    kb: options.KnowledgeBaseFolder = None,
    variant: options.Variant = None,
    n_docs: options.Documents = None,
    num_beams: options.Beams = 4,
    plot: options.Plot = None,
    as_json: options.Json = False,
    device: options.Device = "auto",
) -> None:
    """Answer a question, and show the passages that explain the answer."""
    if plot is not None:
        check_picture(plot)
    from minirag.cli.opening import open_model

    with progress_bar("reading"):
        answer = open_model(model, kb, variant, device).answer(question, n_docs=n_docs, num_beams=num_beams)
    if plot is not None:
        draw(answer, plot)
    if as_json:
        print(json.dumps(as_object(answer), allow_nan=False))  # ASCII, so that no terminal and no pipe can spoil it
        return
    from minirag.cli.answer_table import answer_table

    stdout().print(answer_table(answer))


def check_picture(path: Path) -> None:
    """Whatever would keep the picture from being made is said before the model is opened."""
    try:
        from minirag.plots import picture_path
    except ImportError as error:
        raise ValueError(f"--plot {path}: {error}") from None
    picture_path(path)


def draw(answer: "Answer", path: Path) -> None:
    """Fig. 2 of the paper for this answer, and its priors and posteriors."""
    from minirag.plots import answer_figure, save

    figure = answer_figure(
        answer.question,
        answer.text,
        answer.logprob,
        [passage.title or passage.id for passage in answer.passages],
        [passage.prior for passage in answer.passages],
        [passage.posterior for passage in answer.passages],
        answer.tokens,
        answer.token_posterior,
    )
    save(figure, path)


def as_object(answer: "Answer") -> dict[str, Any]:
    """What `--json` prints. token_posterior[t].posterior[k]: how much passage k counts for token t."""
    passages = [
        {
            "id": p.id,
            "title": p.title,
            "text": p.text,
            "prior": p.prior,
            "posterior": p.posterior,
            "places": [asdict(place) for place in p.places],
        }
        for p in answer.passages
    ]
    columns = answer.token_posterior.T.tolist()  # (T, K)
    return {
        "question": answer.question,
        "answer": answer.text,
        "logprob": answer.logprob,
        "variant": answer.variant,
        "passages": passages,
        "candidates": [{"text": c.text, "logprob": c.logprob} for c in answer.candidates],
        "token_posterior": [
            {"token": token, "posterior": column} for token, column in zip(answer.tokens, columns, strict=True)
        ],
    }

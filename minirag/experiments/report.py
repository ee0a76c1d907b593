"""How does it look on a page? report.md from tables.json, and nothing that is not in it; the figures beside them.

Paper     RAG tables 1 and 6, Fig. 3, §4.1, §4.5
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_report.py
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]
COLUMNS = {
    "exact_match": "exact match",
    "f1": "F1",
    "recall_at_1": "gold in top 1",
    "recall_at_5": "gold in top 5",
    "answer_retrieved": "a passage holds an answer",
    "exact_match_without_answer": "exact match where none does",
    "distinct_passages": "distinct passages",
}
HOW = (
    "In per cent: the mean over the seeds, in brackets its 95 % bootstrap interval over the questions (a question's "
    "score is its mean over the seeds), and behind | each seed's own mean. A difference is to the row named, over "
    "the same questions. index: the one that was searched; checkpoint: the first letters of the fingerprint of each "
    "seed's weights."
)


def write_report(contents: Json, place: Path) -> None:
    """tables.json and report.md in a folder that may be there already."""
    place.mkdir(parents=True, exist_ok=True)
    for name, text in (("tables.json", as_json(contents)), ("report.md", page(contents))):
        partial = place / f".{name}.partial"
        partial.write_text(text, "utf-8")
        partial.replace(place / name)


def as_json(contents: Json) -> str:
    return json.dumps(contents, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def page(contents: Json) -> str:
    """The whole report as Markdown: a function of tables.json alone."""
    head = ["# The paper's experiments: " + contents["title"], paragraph(contents), HOW]
    return "\n\n".join([*head, *(section(table) for table in contents["tables"])]) + "\n"


def paragraph(contents: Json) -> str:
    """What it was run on, for how long and with what."""
    world, size = contents["world"], contents["size"]
    names = [f"{name.replace('_', ' ')} `{world[name]}`" for name in PARTS if name in world]
    return (
        f"Start: {', '.join(names)}; {world['train_questions']:,} questions to learn from, a sample of "
        f"{world['dev_questions']:,} is asked. Each fine-tuning: {size['steps']} steps of {size['batch_size']} "
        f"questions with {size['n_docs']} passages, learning rates {size['learning_rate']:g} (generator) and "
        f"{size['encoder_rate']:g} (question encoder), {counted(size['seeds'], 'seed')} (orders of the questions). All "
        f"{contents['trainings']} fine-tunings took {minutes(contents['trained_seconds'])}, all "
        f"{contents['evaluations']} evaluations {minutes(contents['asked_seconds'])}. Machine: "
        f"{'; '.join(contents['machines'])}."
    )


PARTS = ("model", "question_encoder", "generator", "knowledge_base")


def counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} minutes"


def section(table: Json) -> str:
    """Title, what the paper says, the numbers, what each of them was measured with, the figures."""
    figures = [f"![{figure['says']}]({figure['file']})" for figure in table["figures"]]
    return "\n\n".join([f"## {table['title']}", table["said"], numbers(table), settings(table), *figures])


def numbers(table: Json) -> str:
    """A row of numbers for each row."""
    shown = [name for name in table["measures"] if any(name in row["measures"] for row in table["rows"])]
    head = [table["name"], *(COLUMNS[name] for name in shown), f"difference in {COLUMNS[table['measures'][0]]}"]
    rows = [
        [row["row"], *(share(row["measures"].get(name), asked_of(row)) for name in shown), compared(row)]
        for row in table["rows"]
    ]
    return lines([head, *rows])


def settings(table: Json) -> str:
    """What the numbers of each row were measured with, and the mean seconds of its seeds."""
    head = ["row", "questions", "n_docs", "beams", "decoding", "index", "checkpoints", "training s", "asking s"]
    return lines([head, *map(measured_with, table["rows"])])


def measured_with(row: Json) -> list[str]:
    said = row["settings"]
    index = "none" if said["index"] is None else said["index"]
    return [
        row["row"],
        str(asked_of(row)),
        "none" if said["n_docs"] is None else str(said["n_docs"]),
        str(said["num_beams"]),
        said["decoding"],
        index + (", swapped" if row["setting"]["index"] == "swapped" else ""),
        " ".join(said["checkpoint"]),
        mean_of(row["trained_seconds"]),
        mean_of(row["asked_seconds"]),
    ]


def asked_of(row: Json) -> int:
    """The number of questions. Some measures say nothing of some of them."""
    counts: list[int] = [measure["n"] for measure in row["measures"].values()]
    return max(counts, default=0)


def share(measure: Json | None, asked: int) -> str:
    """`92.5 [90.0, 95.0] | 92.0 92.5 93.0`, and of how many questions where these are not all that were asked."""
    if measure is None:
        return "–"
    each = " ".join(f"{100 * value:.1f}" for value in measure["each"] if value is not None)
    of = "" if measure["n"] == asked else f" of {measure['n']}"
    return f"{100 * measure['mean']:.1f} [{100 * measure['low']:.1f}, {100 * measure['high']:.1f}]{of} \\| {each}"


def compared(row: Json) -> str:
    """`+2.5 [0.5, 4.5] to RAG-Token`"""
    if row["difference"] is None:
        return "–"
    found = row["difference"]
    ends = f"[{100 * found['low']:+.1f}, {100 * found['high']:+.1f}]"
    return f"{100 * found['mean']:+.1f} {ends} to {row['against']}"


def mean_of(seconds: Sequence[float]) -> str:
    return f"{sum(seconds) / len(seconds):.0f}"


def lines(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row is its head."""
    head, *others = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, f"|{'---|' * len(rows[0])}", *others])

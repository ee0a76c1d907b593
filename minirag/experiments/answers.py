"""What came of asking one fine-tuned model in one way? Its answers, judged one by one, kept as a file.

Paper     RAG §3.1 (exact match), §4.1 (answers that no passage holds)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_answers.py

OUT/runs/NAME/SEED/asked/….json: what was asked once is not asked again.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from minirag.evaluation.evaluate import evaluate
from minirag.evaluation.judged import Judged
from minirag.evaluation.report import Report, Settings
from minirag.experiments.rows import Setting, asking_name
from minirag.experiments.runs import run_place
from minirag.model.checkpoint import weights_fingerprint
from minirag.questions.question import Question
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.training.machine import machine

Values = list[float | None]  # one per question; None where a measure says nothing of it
FINGERPRINT = 8  # characters
READ_TOGETHER = 80  # passages
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Answers:
    """columns: measure → a value per question. settings: what the answers were made with."""

    settings: Settings
    columns: dict[str, Values]
    seconds: float
    machine: str


def ask(
    model: RagTokenForGeneration | RagSequenceForGeneration,
    setting: Setting,
    questions: Sequence[Question],
    device: torch.device,
    progress: Progress,
) -> Answers:
    """By the evaluation that `minirag evaluate` runs."""
    began = time.monotonic()
    report = evaluate(
        model,
        questions,
        n_docs=setting.n_docs,
        num_beams=setting.num_beams,
        decoding=setting.decoding,
        batch_size=max(1, READ_TOGETHER // setting.n_docs),
        closed_book=setting.retriever == "closed-book",
        retriever="bm25" if setting.retriever == "bm25" else "dense",
        checkpoint=weights_fingerprint(model)[:FINGERPRINT],
        progress=progress,
    )
    assert report.settings is not None
    return Answers(report.settings, columns_of(report), time.monotonic() - began, machine(device))


def columns_of(report: Report) -> dict[str, Values]:
    """Every measure question by question: seeds are averaged, and rows compared, for the same question."""
    rows = report.rows
    columns: dict[str, Values] = {
        "exact_match": [float(row.exact_match) for row in rows],
        "f1": [row.f1 for row in rows],
    }
    n_docs = report.settings.n_docs if report.settings is not None else None
    if n_docs is None:
        return columns
    for k in (1, 5):
        if k <= n_docs:
            columns[f"recall_at_{k}"] = [within(row.gold_rank, k) if row.question.gold else None for row in rows]
    return columns | {
        "answer_retrieved": [float(row.answer_rank is not None) for row in rows],
        "exact_match_without_answer": [float(row.exact_match) if row.answer_rank is None else None for row in rows],
        "distinct_passages": distinct_shares(rows),
    }


def within(rank: int | None, k: int) -> float:
    return float(rank is not None and rank <= k)


def distinct_shares(rows: Sequence[Judged]) -> Values:
    """(1/K) Σ_z 1/c(z), c(z) the number of questions that retrieved z: its mean is distinct / retrieved passages."""
    count = Counter(passage for row in rows for passage in row.passages)
    return [sum(1 / count[z] for z in row.passages) / len(row.passages) if row.passages else None for row in rows]


def answers_place(out: Path, setting: Setting, seed: int) -> Path:
    return run_place(out, setting, seed) / "asked" / f"{asking_name(setting)}.json"


def write_answers(path: Path, answers: Answers) -> None:
    """There as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(answers)) + "\n", "utf-8")
    partial.replace(path)


def read_answers(path: Path) -> Answers:
    """ValueError: the file is not what `write_answers` wrote."""
    try:
        contents = json.loads(path.read_text("utf-8"))
        return Answers(**{**contents, "settings": Settings(**contents["settings"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path}: not the answers of an experiment ({error})") from None

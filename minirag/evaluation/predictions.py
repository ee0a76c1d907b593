"""How good are answers that were made elsewhere? One prediction a line, in the order of the questions.

Paper     RAG §3.1 (exact match)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/evaluation/test_predictions.py
"""

from collections.abc import Sequence
from pathlib import Path

from minirag.documents.lines import numbered_lines
from minirag.evaluation.judged import judge
from minirag.evaluation.measures import measures_of
from minirag.evaluation.report import Report
from minirag.questions.question import Question
from minirag.questions.records import any_text, parsed


def read_predictions(path: Path) -> list[str]:
    """A .jsonl has objects with "prediction" (what `minirag evaluate --rows` writes); of any other file, the lines."""
    if path.suffix != ".jsonl":
        return [line.strip() for _, line in numbered_lines(path)]
    return [prediction_of(line, f"{path}:{number}") for number, line in numbered_lines(path) if line.strip()]


def prediction_of(line: str, place: str) -> str:
    record = parsed(line, place)
    if "prediction" not in record:
        raise ValueError(f'{place}: has no "prediction"')
    return any_text(record, "prediction", place)


def score_predictions(predictions: Sequence[str], questions: Sequence[Question]) -> Report:
    """Prediction n is judged by the answers of question n. ValueError: there are more of one than of the other."""
    if len(predictions) != len(questions):
        raise ValueError(f"{len(predictions):,} predictions for {len(questions):,} questions")
    if not questions:
        raise ValueError("there are no questions to evaluate")
    rows = tuple(judge(question, said) for question, said in zip(questions, predictions, strict=True))
    return Report(settings=None, n=len(rows), measures=measures_of(rows, None), rows=rows)

"""What is a row of a table? Everything that its numbers depend on, and the row that it differs from in one thing.

Paper     RAG tables 1 and 6, Fig. 3, §4.5
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_rows.py
"""

from dataclasses import dataclass, fields

TRAINED = (
    "retriever",
    "likelihood",
    "generator",
    "encoder_rate",
    "steps",
)  # how it was fine-tuned; the rest: how asked


@dataclass(frozen=True)
class Setting:
    """One row, without its seed: how the model was fine-tuned, then how it was asked.

    retriever: learned, frozen, bm25 or closed-book. generator: "trained" (the one that is given) or "random" weights in its
    place. encoder_rate: the question encoder's learning rate. index: the knowledge base, "own" or "swapped" (every fact is
    another entity's). answers: what counts as right, "dev" questions' own, or of questions about facts that were swapped the
    "true" or the "swapped" values. asked: the number of questions.
    """

    retriever: str
    likelihood: str
    generator: str
    encoder_rate: float
    steps: int
    n_docs: int
    num_beams: int
    decoding: str
    index: str
    answers: str
    asked: int


@dataclass(frozen=True)
class Row:
    """against: the name of the row that its differences are to; it differs from that one in one thing only."""

    name: str
    setting: Setting
    against: str | None = None


@dataclass(frozen=True)
class Experiment:
    """One table. measures: its columns; differences are in the first. said: what the paper found, what is asked "
    "here."""

    name: str
    title: str
    said: str
    rows: tuple[Row, ...]
    measures: tuple[str, ...] = ("exact_match", "f1")


def training_name(setting: Setting) -> str:
    """The folder of a fine-tuning, without its seed: settings that were trained alike share one."""
    kind = setting.retriever if setting.retriever == "closed-book" else f"{setting.retriever}-{setting.likelihood}"
    return f"{kind}-{setting.generator}-{setting.encoder_rate:g}-{setting.steps}"


def asking_name(setting: Setting) -> str:
    """The file of an evaluation, in the folder of its fine-tuning."""
    asked = [f"{field.name}-{getattr(setting, field.name)}" for field in fields(Setting) if field.name not in TRAINED]
    return "_".join(asked)

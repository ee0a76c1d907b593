"""How long is everything? Steps, batches, questions and seeds of all experiments in one place.

Paper     RAG appendix A (greedy decoding for question answering), appendix D
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_rows.py
"""

from dataclasses import dataclass

from minirag.experiments.rows import Setting


@dataclass(frozen=True)
class Size:
    """The same for every row of every table, unless the row says otherwise. The defaults are the demo's.

    dev_sample: questions of the tables; curve_sample: of the figure over n_docs, which reads up to 50 passages for each.
    encoder_rate: the question encoder's learning rate; collapse_rate: one that makes it collapse, over collapse_steps steps.
    space: answers are written behind a space (training/rag/objective.py says why).
    """

    seeds: int = 3
    steps: int = 48
    batch_size: int = 8
    learning_rate: float = 2e-5
    encoder_rate: float = 2e-5
    warmup_steps: int = 5
    n_docs: int = 5
    num_beams: int = 1
    dev_sample: int = 200
    curve_sample: int = 50
    collapse_rate: float = 1e-3
    collapse_steps: int = 30
    collapse_sample: int = 40
    space: bool = True

    def __post_init__(self) -> None:
        for name in ("seeds", "steps", "batch_size", "n_docs", "num_beams", "dev_sample"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")


def usual(size: Size, retriever: str = "learned", likelihood: str = "token") -> Setting:
    """The row that the others differ from."""
    return Setting(
        retriever=retriever,
        likelihood=likelihood,
        generator="trained",
        encoder_rate=size.encoder_rate,
        steps=size.steps,
        n_docs=size.n_docs,
        num_beams=size.num_beams,
        decoding="thorough",
        index="own",
        answers="dev",
        asked=size.dev_sample,
    )

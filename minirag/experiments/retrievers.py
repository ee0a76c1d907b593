"""What is a learned retriever worth? BM25, the retriever as it was, and the one that learns with the generator.

Paper     RAG table 6, §4.5
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_rows.py
"""

from minirag.experiments.rows import Experiment, Row
from minirag.experiments.size import Size, usual

NAMES = {"bm25": "BM25", "frozen": "frozen", "learned": "learned"}


def retrievers(size: Size) -> Experiment:
    """Each row is compared with the one above: another retriever, or for the first of RAG-Sequence the other "
    "likelihood."""
    rows: list[Row] = []
    for likelihood in ("token", "sequence"):
        for retriever, name in NAMES.items():
            against = "RAG-Token, BM25" if retriever == "bm25" else rows[-1].name
            name = f"RAG-{likelihood.capitalize()}, {name}"
            rows.append(Row(name, usual(size, retriever, likelihood), against if rows else None))
    return Experiment(
        name="table6",
        title="The retriever: BM25, frozen, learned",
        said=(
            "Table 6 of the paper (dev, Natural Questions): RAG-Token has 29.7 % exact match with BM25, 37.8 % with "
            "the frozen retriever, 43.5 % with the learned one; RAG-Sequence 31.8, 41.2 and 44.0 %. The generator is "
            "fine-tuned with each of them; BM25's scores are the logits of p(z|x)."
        ),
        rows=tuple(rows),
        measures=("exact_match", "f1", "recall_at_1", "recall_at_5"),
    )

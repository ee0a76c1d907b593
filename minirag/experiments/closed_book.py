"""Does it help to look things up? The generator alone, and with passages in both ways of reading them.

Paper     RAG table 1
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_rows.py
"""

from minirag.experiments.rows import Experiment, Row
from minirag.experiments.size import Size, usual


def closed_book(size: Size) -> Experiment:
    """Closed-book BART reads one empty passage, with which both likelihoods are the generator's own."""
    return Experiment(
        name="table1",
        title="Closed book, RAG-Token, RAG-Sequence",
        said=(
            "Table 1 of the paper: on Natural Questions a closed-book T5-11B has 34.5 % exact match, RAG-Token 44.1 %, "
            "RAG-Sequence 44.5 %. Here the closed book is the same generator, fine-tuned on the same questions "
            "without a passage."
        ),
        rows=(
            Row("BART, closed book", usual(size, "closed-book")),
            Row("RAG-Token", usual(size), "BART, closed book"),
            Row("RAG-Sequence", usual(size, likelihood="sequence"), "RAG-Token"),
        ),
        measures=("exact_match", "f1", "recall_at_5", "answer_retrieved"),
    )

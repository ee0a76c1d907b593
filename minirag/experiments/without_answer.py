"""Can it answer what no passage says? Exact match where none of the retrieved passages holds an answer.

Paper     RAG §4.1 (11.8 % right on Natural Questions where no retrieved document holds the answer)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_rows.py
"""

from dataclasses import replace

from minirag.experiments.rows import Experiment, Row
from minirag.experiments.size import Size, usual


def without_answer(size: Size) -> Experiment:
    """With one passage there are more such questions than with many."""
    token, sequence = usual(size), usual(size, likelihood="sequence")
    rows = (
        Row("RAG-Token", token),
        Row("RAG-Token, one passage", replace(token, n_docs=1), "RAG-Token"),
        Row("RAG-Sequence", sequence, "RAG-Token"),
        Row("RAG-Sequence, one passage", replace(sequence, n_docs=1), "RAG-Sequence"),
    )
    return Experiment(
        name="without-answer",
        title="Right although no retrieved passage holds the answer",
        said=(
            "Section 4.1 of the paper: 11.8 % right on Natural Questions where no retrieved document holds the "
            "answer; an extractive reader has none of these. The first column is over these questions only."
        ),
        rows=rows if size.n_docs > 1 else (rows[0], rows[2]),
        measures=("exact_match_without_answer", "answer_retrieved", "exact_match"),
    )

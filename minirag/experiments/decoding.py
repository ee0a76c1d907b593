"""What does thorough decoding buy? RAG-Sequence by both ways of §2.5, with one beam and with four.

Paper     RAG §2.5 (thorough and fast decoding), appendix A
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_rows.py
"""

from dataclasses import replace

from minirag.experiments.rows import Experiment, Row
from minirag.experiments.size import Size, usual


def decoding(size: Size) -> Experiment:
    """The same weights throughout."""
    sequence = usual(size, likelihood="sequence")
    one, four = replace(sequence, num_beams=1), replace(sequence, num_beams=4)
    return Experiment(
        name="decoding",
        title="Thorough against fast decoding",
        said=(
            "RAG-Sequence finds candidates by a beam search for each passage. Thorough decoding scores each "
            "candidate with every passage; fast decoding takes p(y|x,z) as 0 where y is not among z's own candidates "
            "(§2.5)."
        ),
        rows=(
            Row("fast, 1 beam", replace(one, decoding="fast")),
            Row("thorough, 1 beam", one, "fast, 1 beam"),
            Row("fast, 4 beams", replace(four, decoding="fast"), "fast, 1 beam"),
            Row("thorough, 4 beams", four, "fast, 4 beams"),
        ),
    )

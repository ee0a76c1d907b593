"""When does a retriever collapse, and what prevents it? The same passages for every question, made to happen.

Paper     RAG appendix H (retrieval collapse), §2.4
Tutorial  tutorials/17_training_rag.py
Tests     tests/experiments/test_rows.py, tests/experiments/test_work.py

Where a passage tells the generator nothing, the gradient of its score, prior − posterior, is noise; a question encoder that
follows it in long steps ends where no question differs from another.
"""

from dataclasses import replace

from minirag.experiments.rows import Experiment, Row
from minirag.experiments.size import Size, usual


def collapse(size: Size) -> Experiment:
    """A generator of random weights under a question encoder that learns fast; then one of the two is changed."""
    short = replace(usual(size), steps=size.collapse_steps, asked=size.collapse_sample)
    collapses = replace(short, generator="random", encoder_rate=size.collapse_rate)
    slow = replace(collapses, encoder_rate=size.encoder_rate)
    return Experiment(
        name="collapse",
        title="Retriever collapse, made to happen and prevented",
        said=(
            "Appendix H of the paper: in some tasks the retriever learns to return the same documents whatever is "
            "asked, and the generator learns to ignore them. Distinct passages: of all that were retrieved, the "
            "share that are different ones."
        ),
        rows=(
            Row("random generator, fast question encoder", collapses),
            Row(
                "random generator, question encoder at the usual rate",
                slow,
                "random generator, fast question encoder",
            ),
            Row(
                "trained generator, fast question encoder",
                replace(collapses, generator="trained"),
                "random generator, fast question encoder",
            ),
        ),
        measures=("distinct_passages", "recall_at_1", "recall_at_5", "exact_match"),
    )

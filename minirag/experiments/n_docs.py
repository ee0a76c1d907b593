"""How many passages should be read? Exact match against n_docs, from 1 to 50.

Paper     RAG Fig. 3 (left), §4.5 (effect of retrieving more documents)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_rows.py
"""

from dataclasses import replace

from minirag.experiments.rows import Experiment, Row
from minirag.experiments.size import Size, usual

READ = (1, 2, 5, 10, 20, 50)


def n_docs(size: Size) -> Experiment:
    """Fine-tuned with the usual n_docs, asked with others."""
    rows: list[Row] = []
    for likelihood in ("token", "sequence"):
        model = f"RAG-{likelihood.capitalize()}"
        for count in READ:
            setting = replace(usual(size, likelihood=likelihood), n_docs=count, asked=size.curve_sample)
            first = None if likelihood == "token" else f"RAG-Token, {READ[0]}"
            rows.append(Row(f"{model}, {count}", setting, first if count == READ[0] else rows[-1].name))
    return Experiment(
        name="figure3",
        title="Exact match against the number of passages",
        said=(
            "Figure 3 of the paper: with more passages at test time RAG-Sequence improves monotonically on Natural "
            "Questions, RAG-Token is best with 10."
        ),
        rows=tuple(rows),
        measures=("exact_match", "f1", "answer_retrieved"),
    )

"""Which experiments are there, under which names?

Paper     RAG tables 1 and 6, Fig. 3, §2.5, §4.1, §4.5, appendix H
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_rows.py
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from minirag.experiments.closed_book import closed_book
from minirag.experiments.collapse import collapse
from minirag.experiments.decoding import decoding
from minirag.experiments.hot_swap import hot_swap
from minirag.experiments.n_docs import n_docs
from minirag.experiments.retrievers import retrievers
from minirag.experiments.rows import Experiment
from minirag.experiments.size import Size
from minirag.experiments.without_answer import without_answer

EXPERIMENTS: dict[str, Callable[[Size], Experiment]] = {
    "table1": closed_book,
    "table6": retrievers,
    "figure3": n_docs,
    "decoding": decoding,
    "hot-swap": hot_swap,
    "without-answer": without_answer,
    "collapse": collapse,
}
OF_FACTS = {"hot-swap"}  # these need a world that is made of facts


def chosen(names: Sequence[str], size: Size, has_facts: bool, sequence: bool = True) -> list[Experiment]:
    """Those that are named, or all that can be run; without the rows of RAG-Sequence unless these are wanted.

    ValueError: an unknown name; facts are needed and missing; no row is left.
    """
    for name in names:
        if name not in EXPERIMENTS:
            raise ValueError(f"experiment {name!r} is not one of {', '.join(EXPERIMENTS)}")
        if name in OF_FACTS and not has_facts:
            raise ValueError(f"experiment {name!r} swaps facts, and only a model folder with facts.jsonl has any")
        if not sequence and not of_token(EXPERIMENTS[name](size)).rows:
            raise ValueError(f"experiment {name!r} has rows of RAG-Sequence only")
    wanted = names or [name for name in EXPERIMENTS if has_facts or name not in OF_FACTS]
    experiments = [experiment(size) for name, experiment in EXPERIMENTS.items() if name in wanted]
    if sequence:
        return experiments
    return [only for experiment in experiments if (only := of_token(experiment)).rows]


def of_token(experiment: Experiment) -> Experiment:
    """Without the rows of RAG-Sequence: they are compared with those of RAG-Token, and none the other way."""
    return replace(experiment, rows=tuple(row for row in experiment.rows if row.setting.likelihood == "token"))

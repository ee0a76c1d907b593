"""A figure shows the table's own numbers."""

from minirag.experiments.figures import mean_loss, parts, rates
from minirag.experiments.runs import run_place
from minirag.experiments.size import usual
from tests.experiments.small_world import SIZE


def test_exact_match_has_a_line_for_each_model_over_the_numbers_of_passages():
    def row(likelihood, n_docs, right):
        return {
            "setting": {"likelihood": likelihood, "n_docs": n_docs},
            "measures": {"exact_match": {"mean": right}},
        }

    made = {"rows": [row("token", 1, 0.5), row("token", 2, 0.75), row("sequence", 1, 0.5), row("sequence", 2, 1.0)]}
    assert rates(made) == ({"RAG-Token": [0.5, 0.75], "RAG-Sequence": [0.5, 1.0]}, [1, 2])


def test_a_loss_curve_is_the_mean_over_seeds_in_parts_of_the_steps(tmp_path):
    for seed, losses in enumerate([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]]):
        place = run_place(tmp_path, usual(SIZE), seed)
        place.mkdir(parents=True)
        (place / "metrics.jsonl").write_text("".join(f'{{"step": {n}, "loss": {x}}}\n' for n, x in enumerate(losses)))
    assert mean_loss(tmp_path, usual(SIZE), SIZE) == [2.0, 3.0, 4.0] and parts(3) == [1, 2, 3]
    assert parts(48)[0] == 6 and parts(48)[-1] == 48 and parts(50)[-1] == 50

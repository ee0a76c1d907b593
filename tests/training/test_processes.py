"""Two processes that share a batch: what they exchange, and that they learn what one process learns."""

import json

import pytest
import torch
from safetensors.torch import load_file

from minirag.training.processes import ALONE, Processes, processes_from_environment
from tests.training.two_processes import dpr_gradients, exchange, in_two, small_bart, trained

CLOSE = {"rtol": 1e-9, "atol": 1e-9}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    in_two(exchange, folder)
    return [load_file(folder / f"{rank}.safetensors") for rank in range(2)], folder


def test_both_get_all_rows_in_the_order_of_the_ranks(results):
    expected = torch.cat([torch.arange(6.0), torch.arange(100.0, 104.0)]).view(5, 2)
    for own in results[0]:
        assert torch.equal(own["gathered"], expected)


def test_the_gradient_of_gathered_rows_reaches_ones_own(results):
    weights = torch.arange(10.0).view(5, 2)
    for own, expected in zip(results[0], weights.split([3, 2]), strict=True):
        assert torch.equal(own["gradient"], expected)


def test_gradients_are_added_up_where_somebody_has_one(results):
    for own in results[0]:
        assert own["both"].tolist() == [3.0, 3.0] and own["some"].tolist() == [1.0, 1.0]


def test_a_sum_is_everybodys_and_the_first_one_says_its_number(results):
    for own in results[0]:
        assert own["numbers"].tolist() == [4.0, 7.0]


def test_two_processes_learn_what_one_learns_from_the_same_batches(results):
    model = small_bart()
    losses = torch.tensor(trained(model, ALONE, None))
    for own in results[0]:
        torch.testing.assert_close(own["losses"], losses, rtol=0, atol=1e-6)  # reported in float32
        for name, weight in model.state_dict().items():
            torch.testing.assert_close(own[f"model.{name}"], weight, **CLOSE)
    untrained = small_bart().embed_tokens.weight
    assert (untrained - model.embed_tokens.weight).abs().max() > 0.01


def test_in_batch_negatives_of_both_processes_give_the_gradient_of_the_whole_batch(results):
    whole = dpr_gradients(ALONE)
    for own in results[0]:
        for name, expected in whole.items():
            torch.testing.assert_close(own[name], expected, rtol=1e-4, atol=1e-6)  # float32


def test_one_of_them_writes(results):
    lines = (results[1] / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3, 4]
    assert (results[1] / "run" / "checkpoint.safetensors").exists()


def test_shares_have_every_row_once_and_even_ones_are_refused_where_they_cannot_be():
    rows = list("abcde")
    assert [Processes(rank, 2).share(rows) for rank in range(2)] == [["a", "c", "e"], ["b", "d"]]
    with pytest.raises(ValueError, match="a batch of 5 cannot be shared evenly by 2 processes"):
        Processes(0, 2, evenly=True).share(rows)


def test_alone_nothing_is_exchanged(monkeypatch):
    rows = torch.ones(2, 3, requires_grad=True)
    assert ALONE.gather(rows) is rows and ALONE.sum(0.1) == 0.1
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert processes_from_environment(torch.device("cpu")) is ALONE

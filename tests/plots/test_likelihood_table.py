"""The (K, T) table: its margins are the likelihoods of likelihood.py, and every number stands in the picture."""

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minirag.likelihood import rag_sequence_logprob, rag_token_logprob
from minirag.plots import alt_text, likelihood_table
from minirag.plots.likelihood_table import nats, with_margins
from tests.plots.figures import texts
from tests.strategies import answer_tables

PRIOR, CELLS = torch.tensor([0.75, 0.25]).log(), torch.tensor([[0.9, 0.8], [0.1, 0.9]]).log()


@given(answer_tables(all_passages=True))
def test_the_two_results_are_the_two_likelihoods(table):
    from minirag.likelihood import doc_logprobs, gather_token_logprobs

    whole = torch.ones_like(table.mask[:1])
    prior = doc_logprobs(table.doc_scores)[:1]
    cells = gather_token_logprobs(table.logits.nan_to_num(0.0), table.targets)[:1]
    drawn = with_margins(prior[0], cells[0])
    torch.testing.assert_close(drawn.sequence, rag_sequence_logprob(prior, cells, whole).item(), rtol=1e-12, atol=0)
    torch.testing.assert_close(drawn.token, rag_token_logprob(prior, cells, whole).item(), rtol=1e-12, atol=1e-12)


def test_every_number_of_the_example_can_be_checked_by_hand():
    """0.75·0.9·0.8 + 0.25·0.1·0.9 = 0.5625 and (0.675 + 0.025)·(0.6 + 0.225) = 0.5775."""
    shown = texts(likelihood_table(PRIOR, CELLS, ["Ulaan", "baatar"], ["Mongolia", "Gambia"]))
    numbers = [
        *(0.75, 0.9, 0.8, 0.75 * 0.9 * 0.8),
        *(0.25, 0.1, 0.9, 0.25 * 0.1 * 0.9),
        *(0.7, 0.825),
        *(0.5625, 0.5775),
    ]
    for number in numbers:
        assert nats(math.log(number)) in shown
    assert {"prior", "Ulaan", "baatar", "sum", "Mongolia", "Gambia", "mix of column"} <= set(shown)


def test_the_words_give_both_results():
    words = alt_text(likelihood_table(PRIOR, CELLS, ["Ulaan", "baatar"], ["Mongolia", "Gambia"]))
    assert f"{nats(math.log(0.5625))} nats for RAG-Sequence" in words
    assert f"{nats(math.log(0.5775))} nats for RAG-Token" in words


def test_a_passage_that_cannot_have_said_it_is_drawn():
    figure = likelihood_table([0.0, -math.inf], [[-0.5], [-math.inf]], ["a"], ["x", "y"])
    assert texts(figure).count("−∞") == 3


@settings(max_examples=30)
@given(st.floats(-1e6, 0.0))
def test_a_log_probability_is_written_with_a_true_minus_and_is_never_minus_nothing(value):
    assert "-" not in nats(value)
    assert nats(value) not in ("−0.00", "−0.0", "−0.000")
    assert math.isclose(float(nats(value).replace("−", "-")), value, abs_tol=0.051)

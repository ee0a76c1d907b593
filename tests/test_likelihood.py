"""Do the likelihoods say what the paper's equations say?

The oracle is written with loops and `math`, over one question at a time, and knows nothing of padding, batches or
logsumexp. Everything is float64 and holds to 1e-9.
"""

import math
from dataclasses import replace
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag import likelihood
from tests.strategies import AnswerTable, answer_tables

CLOSE = {"rtol": 0.0, "atol": 1e-9}
BOTH = pytest.mark.parametrize("logprob_of", [likelihood.rag_sequence_logprob, likelihood.rag_token_logprob])


def read(table: AnswerTable) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(doc_logprobs, token_logprobs, mask) of a table, as a model would make them."""
    doc_logprobs = likelihood.doc_logprobs(table.doc_scores, table.doc_mask)
    return doc_logprobs, likelihood.gather_token_logprobs(table.logits, table.targets), table.mask


# --- the oracle


def softmax(scores: list[float]) -> list[float]:
    highest = max(scores)
    weights = [math.exp(score - highest) for score in scores]
    return [weight / sum(weights) for weight in weights]


def priors_and_rows(table: AnswerTable, b: int) -> tuple[list[float], list[list[float]]]:
    """p(z|x) and p(y_t|x,z,y_<t) of question b: real passages, real tokens."""
    passages = [k for k in range(table.doc_mask.shape[1]) if table.doc_mask[b, k]]
    tokens = [t for t in range(table.mask.shape[1]) if table.mask[b, t]]
    priors = softmax([table.doc_scores[b, k].item() for k in passages])
    rows = [[softmax(table.logits[b, k, t].tolist())[table.targets[b, t]] for t in tokens] for k in passages]
    return priors, rows


def sequence_probability(priors: list[float], rows: list[list[float]]) -> float:
    return sum(prior * math.prod(row) for prior, row in zip(priors, rows, strict=True))


def token_probability(priors: list[float], rows: list[list[float]]) -> float:
    columns = zip(*rows, strict=True)
    return math.prod(sum(p * q for p, q in zip(priors, column, strict=True)) for column in columns)


ORACLE = {
    likelihood.rag_sequence_logprob: sequence_probability,
    likelihood.rag_token_logprob: token_probability,
}


# --- identity 1: the definition


@BOTH
@given(table=answer_tables())
def test_the_likelihood_is_the_sum_over_passages_that_the_paper_writes(logprob_of, table):
    got = logprob_of(*read(table))
    expected = [math.log(ORACLE[logprob_of](*priors_and_rows(table, b))) for b in range(len(got))]
    torch.testing.assert_close(got, torch.tensor(expected, dtype=torch.float64), **CLOSE)


@given(table=answer_tables())
def test_the_prior_is_a_softmax_over_the_passages_that_are_there(table):
    prior = likelihood.doc_logprobs(table.doc_scores, table.doc_mask).exp()
    torch.testing.assert_close(prior.sum(dim=1), torch.ones(len(prior), dtype=torch.float64), **CLOSE)
    for b in range(len(prior)):
        expected = torch.tensor(priors_and_rows(table, b)[0], dtype=torch.float64)
        torch.testing.assert_close(prior[b][table.doc_mask[b]], expected, **CLOSE)
    assert (prior[~table.doc_mask] == 0).all()


@given(table=answer_tables(), constant=st.floats(-100, 100))
def test_adding_a_constant_to_all_scores_changes_nothing(table, constant):
    shifted = likelihood.doc_logprobs(table.doc_scores + constant, table.doc_mask)
    torch.testing.assert_close(shifted, likelihood.doc_logprobs(table.doc_scores, table.doc_mask), **CLOSE)


# --- identity 2: both are distributions, and they meet at T = 1 and K = 1


@given(table=st.one_of(answer_tables(max_tokens=1), answer_tables(max_passages=1)))
def test_sequence_and_token_are_equal_for_one_token_or_one_passage(table):
    sequence, token = (logprob_of(*read(table)) for logprob_of in ORACLE)
    torch.testing.assert_close(sequence, token, **CLOSE)


def test_sequence_and_token_differ_for_two_tokens_and_two_passages():
    doc_logprobs = torch.tensor([[0.5, 0.5]], dtype=torch.float64).log()
    token_logprobs = torch.tensor([[[0.9, 0.1], [0.1, 0.9]]], dtype=torch.float64).log()
    mask = torch.ones(1, 2, dtype=torch.bool)
    sequence = likelihood.rag_sequence_logprob(doc_logprobs, token_logprobs, mask).exp().item()
    token = likelihood.rag_token_logprob(doc_logprobs, token_logprobs, mask).exp().item()
    assert sequence == pytest.approx(0.09) and token == pytest.approx(0.25)


@BOTH
@given(K=st.integers(1, 4), seed=st.integers(0, 2**31 - 1))
def test_the_probabilities_of_all_answers_of_a_tiny_vocabulary_sum_to_1(logprob_of, K, seed):
    V, longest, eos = 3, 3, 0
    generator = torch.Generator().manual_seed(seed)
    doc_logprobs = likelihood.doc_logprobs(torch.randn(1, K, generator=generator, dtype=torch.float64))
    next_logprobs = {
        prefix: torch.randn(K, V, generator=generator, dtype=torch.float64).log_softmax(dim=-1)
        for length in range(longest)
        for prefix in product(range(V), repeat=length)
    }
    complete = [y for n in range(1, longest) for y in product(range(V), repeat=n) if y[-1] == eos and eos not in y[:-1]]
    complete += [y for y in product(range(V), repeat=longest) if eos not in y[:-1]]  # cut short by the length limit
    total = 0.0
    for answer in complete:
        rows = torch.stack([next_logprobs[answer[:t]][:, token] for t, token in enumerate(answer)], dim=1)
        total += logprob_of(doc_logprobs, rows[None], torch.ones(1, len(answer), dtype=torch.bool)).exp().item()
    assert total == pytest.approx(1.0, abs=1e-9)


# --- identity 3: passages are a set


@BOTH
@given(data=st.data(), table=answer_tables())
def test_the_order_of_passages_does_not_matter(logprob_of, data, table):
    order = data.draw(st.permutations(range(table.doc_mask.shape[1])))
    permuted = replace(
        table, doc_scores=table.doc_scores[:, order], doc_mask=table.doc_mask[:, order], logits=table.logits[:, order]
    )
    torch.testing.assert_close(logprob_of(*read(permuted)), logprob_of(*read(table)), **CLOSE)


@BOTH
@given(table=answer_tables(), share=st.floats(0.01, 0.99))
def test_splitting_a_passage_into_two_that_share_its_prior_changes_nothing(logprob_of, table, share):
    doc_logprobs, token_logprobs, mask = read(table)
    first = doc_logprobs[:, :1]
    split = torch.cat([first + math.log(share), first + math.log1p(-share), doc_logprobs[:, 1:]], dim=1)
    twice = torch.cat([token_logprobs[:, :1], token_logprobs], dim=1)
    torch.testing.assert_close(logprob_of(split, twice, mask), logprob_of(doc_logprobs, token_logprobs, mask), **CLOSE)


@BOTH
@given(table=answer_tables())
def test_a_passage_that_is_there_twice_counts_twice(logprob_of, table):
    columns = [0, *range(table.doc_mask.shape[1])]
    twice = replace(
        table,
        doc_scores=table.doc_scores[:, columns],
        doc_mask=table.doc_mask[:, columns],
        logits=table.logits[:, columns],
    )
    scores = table.doc_scores.clone()
    scores[:, 0] += math.log(2)
    torch.testing.assert_close(logprob_of(*read(twice)), logprob_of(*read(replace(table, doc_scores=scores))), **CLOSE)


# --- identity 4: a mixture lies between its parts


@given(table=answer_tables())
def test_rag_sequence_lies_between_its_worst_and_its_best_passage(table):
    mixed = likelihood.rag_sequence_logprob(*read(table))
    for b, logprob in enumerate(mixed.tolist()):
        passages = [sum(map(math.log, row)) for row in priors_and_rows(table, b)[1]]
        assert min(passages) - 1e-9 <= logprob <= max(passages) + 1e-9


# --- identity 5: gradients


def gradients(logprob_of, table: AnswerTable) -> tuple[torch.Tensor, torch.Tensor]:
    scores, logits = table.doc_scores.clone().requires_grad_(), table.logits.clone().requires_grad_()
    logprob_of(*read(replace(table, doc_scores=scores, logits=logits))).sum().backward()
    assert scores.grad is not None and logits.grad is not None
    return scores.grad, logits.grad


@given(table=answer_tables())
def test_the_score_gradient_of_rag_sequence_is_posterior_minus_prior(table):
    score_gradient, _ = gradients(likelihood.rag_sequence_logprob, table)
    doc_logprobs, token_logprobs, mask = read(table)
    expected = likelihood.passage_posterior(doc_logprobs, token_logprobs, mask) - doc_logprobs.exp()
    torch.testing.assert_close(score_gradient, expected, **CLOSE)
    torch.testing.assert_close(score_gradient.sum(dim=1), torch.zeros(len(mask), dtype=torch.float64), **CLOSE)


@given(table=answer_tables())
def test_the_score_gradient_of_rag_token_is_the_sum_over_tokens_of_posterior_minus_prior(table):
    score_gradient, _ = gradients(likelihood.rag_token_logprob, table)
    doc_logprobs, token_logprobs, mask = read(table)
    posterior = likelihood.rag_token_posterior(doc_logprobs, token_logprobs, mask)
    posterior_sum = posterior.masked_fill(~mask[:, None], 0.0).sum(dim=2)
    expected = posterior_sum - mask.sum(dim=1, keepdim=True) * doc_logprobs.exp()
    torch.testing.assert_close(score_gradient, expected, **CLOSE)
    torch.testing.assert_close(score_gradient.sum(dim=1), torch.zeros(len(mask), dtype=torch.float64), **CLOSE)


@BOTH
@given(table=answer_tables(min_passages=2))
def test_missing_passages_and_padding_leave_gradients_finite_and_get_none(logprob_of, table):
    real = (table.doc_mask[:, :, None] & table.mask[:, None, :])[..., None]
    filled = replace(
        table, doc_scores=table.doc_scores.nan_to_num(7.0), logits=table.logits.masked_fill(~real, 7.0)
    )  # a network turns NaN into NaN gradients by itself: what it hands over here is finite
    score_gradient, logit_gradient = gradients(logprob_of, filled)
    assert score_gradient.isfinite().all() and logit_gradient.isfinite().all()
    assert (score_gradient[~table.doc_mask] == 0).all()
    assert (logit_gradient.masked_fill(real, 0.0) == 0).all()


@BOTH
def test_the_prior_is_trained_by_an_answer_of_one_token(logprob_of):
    """Deviation 1: transformers adds the prior at the second token, so it vanished here and 2.4686 was 2.1024."""
    table = AnswerTable(
        doc_scores=torch.tensor([[1.0, 0.0]], dtype=torch.float64),
        doc_mask=torch.ones(1, 2, dtype=torch.bool),
        logits=torch.tensor([[[[3.0, 0.0]], [[0.0, 0.0]]]], dtype=torch.float64),
        targets=torch.zeros(1, 1, dtype=torch.long),
        mask=torch.ones(1, 1, dtype=torch.bool),
    )
    assert gradients(logprob_of, table)[0][0, 0] > 0.05


# --- identity 6: padding and batching


@BOTH
@given(table=answer_tables())
def test_a_batch_gives_the_same_likelihoods_as_one_by_one_without_padding(logprob_of, table):
    together = logprob_of(*read(table))
    for b in range(len(together)):
        passages, tokens = table.doc_mask[b], table.mask[b]
        alone = AnswerTable(
            doc_scores=table.doc_scores[b : b + 1, passages],
            doc_mask=passages[passages][None],
            logits=table.logits[b : b + 1, passages][:, :, tokens],
            targets=table.targets[b : b + 1, tokens],
            mask=tokens[tokens][None],
        )
        torch.testing.assert_close(logprob_of(*read(alone)), together[b : b + 1], **CLOSE)


def test_a_padded_token_of_rag_token_counts_as_certain_and_not_as_the_sum_of_the_prior():
    doc_logprobs = torch.tensor([[0.25, 0.25]], dtype=torch.float64).log()  # not a distribution: its sum would show
    token_logprobs = torch.tensor([[[0.5, 0.1], [0.5, 0.1]]], dtype=torch.float64).log()
    logprob = likelihood.rag_token_logprob(doc_logprobs, token_logprobs, torch.tensor([[True, False]]))
    assert logprob.exp().item() == pytest.approx(0.25)


# --- the next-token mixture (§2.5)


@given(table=answer_tables(max_tokens=3))
def test_the_mixture_sums_to_1_over_the_vocabulary(table):
    doc_logprobs, _, mask = read(table)
    mixture = likelihood.next_token_mixture(doc_logprobs, table.logits.log_softmax(dim=-1)).exp().sum(dim=-1)
    torch.testing.assert_close(mixture[mask], torch.ones_like(mixture[mask]), **CLOSE)


@given(table=answer_tables())
def test_the_chain_of_mixtures_is_the_rag_token_likelihood(table):
    doc_logprobs, token_logprobs, mask = read(table)
    mixture = likelihood.next_token_mixture(doc_logprobs, table.logits.log_softmax(dim=-1))
    chain = likelihood.pick_targets(mixture[:, None], table.targets)[:, 0].masked_fill(~mask, 0.0).sum(dim=1)
    torch.testing.assert_close(chain, likelihood.rag_token_logprob(doc_logprobs, token_logprobs, mask), **CLOSE)


# --- posteriors (Fig. 2)


@given(table=answer_tables())
def test_every_posterior_sums_to_1_over_passages(table):
    for posterior in (likelihood.passage_posterior, likelihood.rag_sequence_posterior, likelihood.rag_token_posterior):
        total = posterior(*read(table)).sum(dim=1)
        torch.testing.assert_close(total, torch.ones_like(total), **CLOSE)


@given(table=answer_tables())
def test_posteriors_follow_bayes_rule(table):
    cumulative, per_token = (
        likelihood.rag_sequence_posterior(*read(table)),
        likelihood.rag_token_posterior(*read(table)),
    )
    for b in range(len(table.mask)):
        priors, rows = priors_and_rows(table, b)
        for t in range(len(rows[0])):
            for posterior, first in ((cumulative, 0), (per_token, t)):
                joint = [prior * math.prod(row[first : t + 1]) for prior, row in zip(priors, rows, strict=True)]
                expected = torch.tensor([p / sum(joint) for p in joint], dtype=torch.float64)
                torch.testing.assert_close(posterior[b, table.doc_mask[b], t], expected, **CLOSE)
                assert (posterior[b, ~table.doc_mask[b], t] == 0).all()


@given(table=answer_tables())
def test_the_belief_after_the_last_token_is_the_passage_posterior(table):
    last = likelihood.rag_sequence_posterior(*read(table))[:, :, -1]
    torch.testing.assert_close(last, likelihood.passage_posterior(*read(table)), **CLOSE)


@given(table=answer_tables())
def test_the_mean_token_posterior_averages_real_tokens_only(table):
    per_token = likelihood.rag_token_posterior(*read(table))
    mean = likelihood.mean_token_posterior(per_token, table.mask)
    for b in range(len(mean)):
        torch.testing.assert_close(mean[b], per_token[b][:, table.mask[b]].mean(dim=1), **CLOSE)


# --- label smoothing


@given(table=answer_tables())
def test_no_smoothing_is_the_negative_log_likelihood(table):
    doc_logprobs, token_logprobs, mask = read(table)
    next_logprobs = table.logits.log_softmax(dim=-1)
    for smoothed, logprob_of in (
        (likelihood.rag_token_smoothed_nll, likelihood.rag_token_logprob),
        (likelihood.rag_sequence_smoothed_nll, likelihood.rag_sequence_logprob),
    ):
        loss = smoothed(doc_logprobs, next_logprobs, table.targets, mask, 0.0)
        torch.testing.assert_close(loss, -logprob_of(doc_logprobs, token_logprobs, mask), **CLOSE)


@given(table=answer_tables(), epsilon=st.floats(0.0, 0.9))
def test_smoothing_is_its_formula_in_loops(table, epsilon):
    doc_logprobs, _, mask = read(table)
    next_logprobs = table.logits.log_softmax(dim=-1)
    token = likelihood.rag_token_smoothed_nll(doc_logprobs, next_logprobs, table.targets, mask, epsilon)
    sequence = likelihood.rag_sequence_smoothed_nll(doc_logprobs, next_logprobs, table.targets, mask, epsilon)
    V = next_logprobs.shape[-1]
    for b in range(len(mask)):
        priors, rows = priors_and_rows(table, b)
        p = [[softmax(row.tolist()) for row in k[table.mask[b]]] for k in table.logits[b, table.doc_mask[b]]]
        tokens = range(len(rows[0]))
        even = sum(
            math.log(sum(q * p_z[t][v] for q, p_z in zip(priors, p, strict=True))) for t in tokens for v in range(V)
        )
        expected = (1 - epsilon) * -math.log(token_probability(priors, rows)) - epsilon / V * even
        assert token[b].item() == pytest.approx(expected, rel=1e-9, abs=1e-9)
        per_passage = [
            V * math.log(q) + sum(math.log(p_z[t][v]) for t in tokens for v in range(V))
            for q, p_z in zip(priors, p, strict=True)
        ]
        highest = max(per_passage)
        even = highest + math.log(sum(math.exp(score - highest) for score in per_passage))
        expected = (1 - epsilon) * -math.log(sequence_probability(priors, rows)) - epsilon / V * even
        assert sequence[b].item() == pytest.approx(expected, rel=1e-9, abs=1e-9)


# --- precision and bad input


def test_the_prior_of_bfloat16_scores_is_computed_in_float32():
    """Deviation 10: near 75 bfloat16 counts in halves, and a bfloat16 log-softmax is off by as much."""
    scores = torch.tensor([[75.0, 74.5, 71.5]], dtype=torch.bfloat16)
    prior = likelihood.doc_logprobs(scores)
    assert prior.dtype == torch.float32
    torch.testing.assert_close(prior, scores.float().log_softmax(dim=1), rtol=0, atol=0)
    assert likelihood.doc_logprobs(scores.double()).dtype == torch.float64


def test_token_logprobs_of_bfloat16_logits_are_computed_in_float32():
    logits = torch.tensor([[[[8.0, 1.0, 0.5]]]], dtype=torch.bfloat16)
    table = likelihood.gather_token_logprobs(logits, torch.zeros(1, 1, dtype=torch.long))
    assert table.dtype == torch.float32
    torch.testing.assert_close(table[..., 0], logits.float().log_softmax(dim=-1)[..., 0, 0], rtol=0, atol=0)


def test_a_question_without_any_passage_is_named():
    mask = torch.tensor([[True, False], [False, False]])
    with pytest.raises(ValueError, match="question 1 of the batch has no passage"):
        likelihood.doc_logprobs(torch.zeros(2, 2), mask)

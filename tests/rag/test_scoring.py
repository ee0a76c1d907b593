"""What the loss is: which tokens are scored, with which prior. (The likelihoods are in tests/test_likelihood.py.)"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minirag.likelihood import doc_logprobs
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from tests.rag.contexts import BOS, EOS, LABELS, PAD, START, both, contexts, read
from tests.small_rag import VARIANTS, small_rag


@both
def test_the_loss_is_minus_the_log_probability_that_decoding_reports(variant):
    model = small_rag(variant)
    sources, encoded = read(model, contexts())
    found = model.search(sources, encoded, model.search_options({"num_beams": 3, "num_return_sequences": 3}))
    for b, candidates in enumerate(found):
        for candidate in candidates:
            labels = torch.tensor([candidate.tokens])
            given = {**contexts(), "doc_scores": contexts()["doc_scores"][b : b + 1]}
            for name in ("context_input_ids", "context_attention_mask"):
                given[name] = given[name][3 * b : 3 * b + 3]
            assert -model(**given, labels=labels).loss.item() == pytest.approx(candidate.logprob, abs=1e-4)


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), K=st.integers(1, 3), tokens=st.lists(st.integers(5, 399), min_size=1, max_size=3))
def test_sequence_and_token_agree_where_the_paper_says_they_do(seed, K, tokens):
    sequence, token = (small_rag(variant).double() for variant in VARIANTS)
    given = contexts(1, K, seed=seed)
    given["doc_scores"] = given["doc_scores"].double()
    labels = torch.tensor([[START, *tokens]])
    losses = [model(**given, labels=labels).loss.item() for model in (sequence, token)]
    if K == 1 or len(tokens) == 1:
        assert losses[0] == pytest.approx(losses[1], abs=1e-9)


@both
@settings(max_examples=8)
@given(seed=st.integers(0, 1000))
def test_the_loss_of_a_batch_is_the_loss_one_by_one(variant, seed):
    model, given = small_rag(variant), contexts(seed=seed)
    together = model(**given, labels=LABELS).loss
    for b in range(2):
        rows = slice(3 * b, 3 * b + 3)
        width = int(given["context_attention_mask"][rows].sum(1).max())  # no column of padding alone
        alone = model(
            context_input_ids=given["context_input_ids"][rows, :width],
            context_attention_mask=given["context_attention_mask"][rows, :width],
            doc_scores=given["doc_scores"][b : b + 1],
            labels=LABELS[b : b + 1, : int((LABELS[b] != PAD).sum())],
        ).loss
        assert alone.item() == pytest.approx(together[b].item(), abs=1e-4)


@both
def test_reduced_it_is_the_sum(variant):
    model = small_rag(variant)
    loss = model(**contexts(), labels=LABELS).loss
    assert model(**contexts(), labels=LABELS, reduce_loss=True).loss.item() == pytest.approx(
        loss.sum().item(), rel=1e-6
    )
    assert small_rag(variant, reduce_loss=True)(**contexts(), labels=LABELS).loss.shape == ()


def test_marginalised_logits_are_a_distribution_over_the_vocabulary():
    logits = small_rag(RagTokenForGeneration)(**contexts(), decoder_input_ids=LABELS, do_marginalize=True).logits
    assert logits.shape == (2, 4, 400)
    assert (logits.logsumexp(-1)).abs().max() < 1e-5


def test_the_prior_counts_for_an_answer_of_one_token():
    """Deviation 1: transformers adds log p(z|x) at the second target position, where there may be none."""
    model, given = small_rag(RagSequenceForGeneration), contexts(1)
    given["doc_scores"].requires_grad_()
    out = model(**given, labels=torch.tensor([[START, EOS]]))
    prior = given["doc_scores"].softmax(1)[0]
    token = out.logits.log_softmax(-1)[:, 0, EOS].exp()
    assert out.loss.item() == pytest.approx(-(prior * token).sum().log().item(), abs=1e-5)
    out.loss.sum().backward()
    assert given["doc_scores"].grad.abs().max() > 1e-4


@both
def test_labels_and_decoder_inputs_may_both_be_given_when_they_agree(variant):
    """Deviation 2: transformers scores decoder_input_ids and ignores the labels."""
    model = small_rag(variant)
    expected = model(**contexts(), labels=LABELS).loss
    assert torch.equal(model(**contexts(), labels=LABELS, decoder_input_ids=LABELS).loss, expected)
    with pytest.raises(ValueError, match="labels and decoder_input_ids disagree"):
        model(**contexts(), labels=LABELS, decoder_input_ids=LABELS + 1)
    with pytest.raises(ValueError, match="labels and decoder_input_ids disagree"):
        model(**contexts(), labels=LABELS, decoder_input_ids=LABELS[:, :2])


@both
def test_tokens_that_are_read_but_not_scored_need_decoder_inputs(variant):
    model = small_rag(variant)
    unscored = LABELS.clone()
    unscored[:, 1] = -100
    out = model(**contexts(), labels=unscored, decoder_input_ids=LABELS)
    assert torch.equal(out.logits, model(**contexts(), labels=LABELS).logits)
    assert (out.loss < model(**contexts(), labels=LABELS).loss).all()


@both
def test_minus_100_and_padding_are_both_ignored(variant):
    """Deviation 5: transformers fails with an IndexError."""
    model = small_rag(variant)
    ignored = LABELS.masked_fill(LABELS == PAD, -100)
    assert torch.equal(model(**contexts(), labels=ignored).loss, model(**contexts(), labels=LABELS).loss)


def test_excluding_bos_is_decided_row_by_row():
    """Deviation 9: transformers excludes it only where every row of the batch starts with it."""
    model = small_rag(RagSequenceForGeneration)
    labels = torch.tensor([[START, BOS, 81, EOS], [START, 90, EOS, PAD]])
    together = model(**contexts(), labels=labels, exclude_bos_score=True).loss
    counted = model(**contexts(), labels=labels).loss
    assert together[0] < counted[0] and together[1] == counted[1]
    with_bos = labels.clone()
    with_bos[1, 1] = BOS
    neighbours = model(**contexts(), labels=with_bos, exclude_bos_score=True).loss
    assert neighbours[0].item() == pytest.approx(together[0].item(), abs=1e-5)


@both
def test_the_prior_is_float32_in_a_bfloat16_model(variant):
    """Deviation 10: near 75, bfloat16 counts in halves."""
    model, given = small_rag(variant).bfloat16(), contexts(1)
    given["doc_scores"] = torch.tensor([[75.0, 75.2, 74.9]])
    out = model(**given, labels=LABELS[:1])
    assert out.loss.dtype == torch.float32
    prior = doc_logprobs(out.doc_scores).exp()
    assert (prior - torch.tensor([[75.0, 75.2, 74.9]]).softmax(1)).abs().max() < 1e-6

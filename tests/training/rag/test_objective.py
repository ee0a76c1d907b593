"""RAG's training loss: the classes' own loss, gradients that move towards the posterior, and answers as they are written."""

import pytest
import torch

from minirag.likelihood import passage_posterior, rag_token_posterior
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.retrieval.passages import Passage
from minirag.training.rag.objective import answer_batch_ids, answer_nll, likelihood_at
from tests.small_rag import PASSAGES, small_rag
from tests.small_tokenizers import byte_level

CLASSES = {"token": RagTokenForGeneration, "sequence": RagSequenceForGeneration}
ASKED = ["Where is Bern?", "Who discovered radium?", "Where is Lyon?"]
ANSWERS = ["Switzerland", "Marie Curie", "in"]
both = pytest.mark.parametrize("likelihood", ["token", "sequence"])


@pytest.fixture
def sources_of():
    def make(model, scores=None):
        """Three, two and one passages: some are missing."""
        given = [PASSAGES[:3], PASSAGES[3:5], [Passage("x", "Lyon", "It is in France.")]]
        torch.manual_seed(3)
        scores = torch.randn(3, 3, dtype=torch.float64) if scores is None else scores
        return model.rag.text_sources(ASKED, given, scores)

    return make


def answers_for(model):
    return answer_batch_ids(byte_level(), model.config.generator, ANSWERS)


@both
@pytest.mark.parametrize("epsilon", [0.0, 0.1])
def test_the_loss_and_its_gradients_are_those_of_the_class(likelihood, epsilon, sources_of):
    model = small_rag(CLASSES[likelihood]).double()
    answers = answers_for(model)
    labels = answers.input_ids.masked_fill(~answers.attention_mask, -100)
    sources = sources_of(model)
    whole = model(
        context_input_ids=sources.context_input_ids,
        context_attention_mask=sources.context_attention_mask,
        doc_scores=sources.doc_scores,
        doc_mask=sources.doc_mask,
        labels=labels,
        label_smoothing=epsilon,
    ).loss
    own = answer_nll(model.rag, sources, answers.input_ids, answers.attention_mask, likelihood, epsilon)
    torch.testing.assert_close(own, whole)
    weights = list(model.generator.parameters())
    expected = torch.autograd.grad(whole.sum(), weights, allow_unused=True)
    for mine, theirs in zip(torch.autograd.grad(own.sum(), weights, allow_unused=True), expected, strict=True):
        torch.testing.assert_close(mine, theirs)


@both
def test_the_gradient_of_a_score_is_prior_minus_posterior(likelihood, sources_of):
    """RAG-Token: once for every token of the answer."""
    model = small_rag(CLASSES[likelihood]).double()
    answers = answers_for(model)
    scores = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    sources = sources_of(model, scores)
    nll = answer_nll(model.rag, sources, answers.input_ids, answers.attention_mask, likelihood)
    (gradient,) = torch.autograd.grad(nll.sum(), scores)
    prior, mask = sources.doc_logprobs(), answers.attention_mask[:, 1:]
    table = model.rag.token_logprobs(sources, model.rag.encode(sources), answers.input_ids)
    if likelihood == "sequence":
        expected = prior.exp() - passage_posterior(prior, table, mask)
    else:
        surprise = prior.exp()[:, :, None] - rag_token_posterior(prior, table, mask)
        expected = surprise.masked_fill(~mask[:, None], 0.0).sum(dim=2)
    torch.testing.assert_close(gradient, expected)


@both
def test_neither_padding_nor_the_other_questions_change_a_loss(likelihood, sources_of):
    model = small_rag(CLASSES[likelihood]).double()
    answers = answers_for(model)
    together = answer_nll(model.rag, sources_of(model), answers.input_ids, answers.attention_mask, likelihood)
    scores = sources_of(model).doc_scores
    alone = model.rag.text_sources(ASKED[1:2], [PASSAGES[3:5]], scores[1:2, :2])
    answer = answer_batch_ids(byte_level(), model.config.generator, ANSWERS[1:2])
    own = answer_nll(model.rag, alone, answer.input_ids, answer.attention_mask, likelihood)
    torch.testing.assert_close(own[0], together[1])


def test_both_likelihoods_take_turns():
    assert [likelihood_at(step, "both") for step in range(4)] == ["token", "sequence"] * 2
    assert {likelihood_at(step, "sequence") for step in range(4)} == {"sequence"}
    with pytest.raises(ValueError, match="likelihood='either'"):
        likelihood_at(0, "either")


def test_an_answer_stands_behind_a_space_unless_asked_otherwise_and_ends_with_eos():
    tokenizer, config = byte_level(), small_rag(RagTokenForGeneration).config.generator
    spaced = answer_batch_ids(tokenizer, config, ["Bern"]).input_ids[0].tolist()
    plain = answer_batch_ids(tokenizer, config, ["Bern"], space=False).input_ids[0].tolist()
    assert tokenizer.decode(spaced) == " Bern" and tokenizer.decode(plain) == "Bern"
    assert spaced[0] == plain[0] == config.decoder_start_token_id and spaced[-1] == plain[-1] == config.eos_token_id
    assert (
        spaced[1] == tokenizer.cls_token_id
    )  # this generator starts with </s>, as published BARTs do: it writes <s> itself


def test_a_generator_that_starts_with_bos_does_not_write_it_again():
    from dataclasses import replace

    tokenizer, config = byte_level(), small_rag(RagTokenForGeneration).config.generator
    ids = answer_batch_ids(tokenizer, replace(config, decoder_start_token_id=0), ["Bern"]).input_ids[0].tolist()
    assert ids.count(0) == 1 and ids[0] == 0


def test_a_long_answer_keeps_its_first_tokens_and_its_end():
    config = small_rag(RagTokenForGeneration).config.generator
    cut = answer_batch_ids(byte_level(), config, ["Ulaanbaatar " * 50], max_length=8).input_ids[0].tolist()
    assert len(cut) == 1 + 8 and cut[-1] == config.eos_token_id

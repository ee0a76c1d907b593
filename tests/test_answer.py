"""One call for people: is the answer the model's, and do prior, posterior and candidates belong to it?"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minirag.answer import answer, answer_batch
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.retrieval.passages import Passage
from tests.small_rag import PASSAGES, VARIANTS, small_config, small_knowledge_base, small_rag

both = pytest.mark.parametrize("variant", VARIANTS)
QUESTIONS = ["Where is Bern?", "WHO discovered Radium?", "Où?", "iron's number"]
some_passages = st.lists(st.sampled_from(PASSAGES), min_size=1, max_size=4, unique=True)


@pytest.fixture(scope="module")
def knowledge_base(tmp_path_factory):
    return small_knowledge_base(tmp_path_factory.mktemp("kb") / "knowledge_base")


@pytest.fixture(scope="module")
def models(knowledge_base):
    return {variant: small_rag(variant, knowledge_base) for variant in VARIANTS}


# --- what an answer holds


@both
def test_prior_posterior_and_every_column_sum_to_1(variant, models):
    for question in QUESTIONS:
        made = models[variant].answer(question)
        assert made.question == question and made.variant == variant.variant
        assert sum(p.prior for p in made.passages) == pytest.approx(1, abs=1e-5)
        assert sum(p.posterior for p in made.passages) == pytest.approx(1, abs=1e-5)
        assert made.token_posterior.shape == (len(made.passages), len(made.tokens))
        assert (made.token_posterior.sum(0) - 1).abs().max() < 1e-5


@both
def test_the_tokens_are_the_pieces_of_the_text_without_the_end(variant, models):
    for question in QUESTIONS:
        made = models[variant].answer(question)
        assert "".join(made.tokens).strip() == made.text
        assert "</s>" not in made.tokens


@both
def test_the_candidates_are_distinct_and_start_with_the_answer(variant, models):
    made = models[variant].answer("Who?", num_beams=4, num_candidates=3)
    assert len(made.candidates) == 3
    assert (made.candidates[0].text, made.candidates[0].logprob) == (made.text, made.logprob)
    assert models[variant].answer("Who?", num_beams=2, num_candidates=1).candidates[1:] == []


@both
def test_passages_come_as_the_retriever_ranks_them(variant, models):
    model = models[variant]
    made = model.answer("Where is Bern?", n_docs=4)
    sources = model.rag.retrieve_for(["Where is Bern?"], 4)
    assert [p.id for p in made.passages] == [p.id for p in sources.passages[0]]
    assert [p.prior for p in made.passages] == sorted((p.prior for p in made.passages), reverse=True)
    assert near([p.prior for p in made.passages], sources.doc_scores.softmax(1)[0])


def test_answers_may_be_drawn_and_are_the_same_from_the_same_seed(models):
    model = models[RagTokenForGeneration]
    drawn = [model.answer("Who?", do_sample=True, seed=3, num_candidates=5, temperature=3.0) for _ in range(2)]
    assert_same(*drawn)
    assert len(drawn[0].candidates) == 5 and len({c.text for c in drawn[0].candidates}) > 1
    assert len(model.answer("Who?", do_sample=True).candidates) == 1 and len(model.answer("Who?").candidates) == 4


@both
def test_the_posterior_is_what_the_gradient_of_the_loss_says(variant, models):
    """∂ log p(y|x) / ∂ score_z = posterior_z − prior_z (Sequence), T times that of the mean over tokens (Token)."""
    model = models[variant]
    made = model.answer("Where is Bern?", PASSAGES[:3], [0.5, 1.0, -1.0], num_beams=3)
    sources = model.rag.text_sources(["Where is Bern?"], [PASSAGES[:3]], torch.tensor([[0.5, 1.0, -1.0]]))
    encoded = model.rag.encode(sources)
    found = model.search(sources, encoded, model.search_options({"num_beams": 3}))[0][0]
    scores = sources.doc_scores.requires_grad_()
    loss = model(
        encoder_outputs=encoded,
        context_attention_mask=sources.context_attention_mask,
        doc_scores=scores,
        labels=torch.tensor([found.tokens]),
    ).loss
    loss.sum().backward(inputs=[scores])
    counted = len(found.tokens) - 1 if variant is RagTokenForGeneration else 1
    expected = scores.softmax(1) - scores.grad / counted
    assert near([p.posterior for p in made.passages], expected[0])
    assert made.logprob == pytest.approx(-loss.item(), abs=1e-4)


def test_rag_sequences_belief_moves_from_the_prior_to_the_posterior(models):
    made = models[RagSequenceForGeneration].answer("Where is Bern?", max_length=5, min_length=5)  # no eos fits
    assert len(made.tokens) == 4
    assert near([p.posterior for p in made.passages], made.token_posterior[:, -1])


@both
def test_an_answer_that_ends_at_once_has_no_tokens(variant, models):
    made = models[variant].answer("Who?", max_length=2, forced_eos_token_id=2)
    assert made.text == "" and made.tokens == [] and made.token_posterior.shape == (3, 0)
    assert sum(p.posterior for p in made.passages) == pytest.approx(1, abs=1e-5)


# --- passages as text, with no knowledge base


@both
def test_without_scores_the_given_passages_are_equally_likely(variant):
    made = small_rag(variant).answer(
        "Where?", ["Bern is the capital.", ("Iron", "Fe"), Passage("p7", "Radium", "1898")]
    )
    assert [p.prior for p in made.passages] == pytest.approx([1 / 3] * 3)
    assert [(p.id, p.title) for p in made.passages] == [("0", ""), ("1", "Iron"), ("p7", "Radium")]


@both
def test_scores_of_given_passages_become_their_prior(variant):
    made = small_rag(variant).answer("Where?", PASSAGES[:2], doc_scores=[0.0, 2.0])
    assert [p.prior for p in made.passages] == pytest.approx(torch.tensor([0.0, 2.0]).softmax(0).tolist())


@both
def test_given_and_retrieved_passages_give_the_same_answer(variant, models):
    model = models[variant]
    retrieved = model.answer("Where is Bern?")
    scores = model.rag.retrieve_for(["Where is Bern?"]).doc_scores[0].tolist()
    passages = [Passage(p.id, p.title, p.text) for p in retrieved.passages]
    assert_same(model.answer("Where is Bern?", passages, doc_scores=scores), retrieved)


@both
@settings(max_examples=5)
@given(data=st.data(), passages=some_passages)
def test_permuting_passages_permutes_their_posteriors_and_keeps_the_answer(variant, models, data, passages):
    order = data.draw(st.permutations(range(len(passages))))
    scores = [float(len(p.text) % 3) for p in passages]
    first = models[variant].answer("Where is Bern?", passages, doc_scores=scores)
    second = models[variant].answer(
        "Where is Bern?", [passages[i] for i in order], doc_scores=[scores[i] for i in order]
    )
    assert second.text == first.text and second.logprob == pytest.approx(first.logprob, abs=1e-4)
    assert [p.posterior for p in second.passages] == pytest.approx(
        [first.passages[i].posterior for i in order], abs=1e-4
    )
    assert near(second.token_posterior, first.token_posterior[list(order)])


# --- many at once


@both
@settings(max_examples=5)
@given(
    questions=st.lists(st.sampled_from(QUESTIONS), min_size=1, max_size=4),
    decoding=st.sampled_from(["thorough", "fast"]),
)
def test_a_batch_gives_the_same_answers_as_one_by_one(variant, models, questions, decoding):
    together = answer_batch(models[variant], questions, num_beams=3, decoding=decoding)
    for question, made in zip(questions, together, strict=True):
        assert_same(made, answer(models[variant], question, num_beams=3, decoding=decoding))


@both
@settings(max_examples=5)
@given(rows=st.lists(st.tuples(st.sampled_from(QUESTIONS), some_passages), min_size=2, max_size=3))
def test_questions_may_have_different_numbers_of_passages(variant, models, rows):
    questions, passages = zip(*rows, strict=True)
    together = answer_batch(models[variant], list(questions), list(passages), num_beams=2)
    for question, those, made in zip(questions, passages, together, strict=True):
        assert_same(made, answer(models[variant], question, those, num_beams=2))


# --- what bad input gets


@both
def test_bad_input_is_one_line_that_names_it(variant, models, knowledge_base):
    model, alone = models[variant], small_rag(variant)
    cases = [
        (lambda: model.answer(""), "the question is empty"),
        (lambda: model.answer(" \t\n"), "the question is empty"),
        (lambda: answer_batch(model, ["Who?", " "]), "question 1 is empty"),
        (lambda: answer_batch(model, []), "no question was given"),
        (lambda: model.answer("Who?", n_docs=0), "n_docs=0 must be at least 1"),
        (lambda: model.answer("Who?", num_beams=0), "num_beams=0 must be at least 1"),
        (
            lambda: models[RagTokenForGeneration].answer("Who?", num_beams=2, num_candidates=3),
            "is more than num_beams=2",
        ),
        (lambda: model.answer("Who?", num_candidates=0), "num_return_sequences=0 must be at least 1"),
        (lambda: model.answer("Who?", []), "question 0 of the batch has no passage"),
        (lambda: model.answer("Who?", PASSAGES[:2], doc_scores=[1.0]), "doc_scores of shape"),
        (lambda: model.answer("Who?", PASSAGES[:2], doc_scores=[1.0, float("nan")]), "doc_scores hold NaN or infinity"),
        (lambda: model.answer("Who?", PASSAGES[:2], n_docs=2), "n_docs=2 goes with retrieval"),
        (lambda: model.answer("Who?", doc_scores=[1.0]), "doc_scores go with passages"),
        (lambda: answer_batch(model, ["Who?", "Where?"], [PASSAGES[:2]]), "2 questions with 1 lists of passages"),
        (lambda: model.answer("word " * 100_000), "tokens do not fit in max_combined_length=80"),
        (lambda: alone.answer("Who?"), "knowledge_base/ is missing"),
        (lambda: variant(small_config()).answer("Who?", PASSAGES), "generator_tokenizer/ are missing"),
    ]
    for ask, message in cases:
        with pytest.raises(ValueError, match=message) as caught:
            ask()
        assert "\n" not in str(caught.value)


@both
def test_questions_and_passages_may_hold_anything(variant, models):
    for text in ["🎉🎉", "שלום, מה?", "\x00\x1b[31m?", "\ud800?", "</s><s>?", '"' * 20, "a" * 20]:
        made = models[variant].answer(text, num_beams=2)
        assert made.question == text and len(made.passages) == 3
        assert models[variant].answer("Who?", [text, (text, text), "   "], num_beams=2).passages[2].text == "   "


def near(made, expected, tolerance=1e-4):
    made = torch.as_tensor(made)
    return made.shape == expected.shape and (made - expected).abs().max() < tolerance


def assert_same(made, expected):
    assert (made.text, made.tokens) == (expected.text, expected.tokens)
    assert made.logprob == pytest.approx(expected.logprob, abs=1e-4)
    assert [p.id for p in made.passages] == [p.id for p in expected.passages]
    assert [p.posterior for p in made.passages] == pytest.approx([p.posterior for p in expected.passages], abs=1e-4)
    assert near(made.token_posterior, expected.token_posterior)
    assert [c.text for c in made.candidates] == [c.text for c in expected.candidates]

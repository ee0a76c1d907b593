"""The three classes on a tiny random model: what they compute, and where they differ from transformers on purpose.

What must be equal to transformers is in tests/crosscheck/test_rag.py, the likelihoods are in tests/test_likelihood.py.
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minirag.likelihood import doc_logprobs
from minirag.rag import RagModel, RagSequenceForGeneration, RagTokenForGeneration
from minirag.rag.sources import RagInputs
from tests.small_rag import PASSAGES, VARIANTS, context_encoder, small_knowledge_base, small_rag
from tests.small_tokenizers import word_piece

both = pytest.mark.parametrize("variant", VARIANTS)
START, PAD, EOS, BOS = 2, 1, 2, 0


@pytest.fixture(scope="module")
def knowledge_base(tmp_path_factory):
    return small_knowledge_base(tmp_path_factory.mktemp("kb") / "knowledge_base")


def contexts(B=2, K=3, S=12, seed=0):
    """What a caller prepares: ragged contexts (B·K, S), and scores (B, K)."""
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 400, (B * K, S), generator=random)
    mask = torch.arange(S)[None, :] < torch.randint(3, S + 1, (B * K, 1), generator=random)
    scores = torch.randn(B, K, generator=random)
    return {"context_input_ids": ids.masked_fill(~mask, PAD), "context_attention_mask": mask, "doc_scores": scores}


LABELS = torch.tensor([[START, 70, 81, EOS], [START, 90, EOS, PAD]])


# --- what is computed


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


@both
def test_training_reaches_question_encoder_and_generator_but_not_the_index(variant, knowledge_base):
    model = small_rag(variant, knowledge_base)
    before = knowledge_base.vectors.clone()
    model(questions=["Where is Bern?", "Who?"], labels=LABELS).loss.sum().backward()
    for network in (model.question_encoder, model.generator):
        assert sum(p.grad.abs().sum() for p in network.parameters() if p.grad is not None) > 0
    assert not knowledge_base.vectors.requires_grad and torch.equal(knowledge_base.vectors, before)


@both
def test_a_context_encoder_can_be_trained_along(variant, knowledge_base):
    model = small_rag(variant, knowledge_base)
    encoder = context_encoder()
    expected = model(questions=["Where is Bern?"], labels=LABELS[:1]).loss
    model.set_context_encoder_for_training(encoder)
    with pytest.raises(ValueError, match="set_ctx_encoder_tokenizer"):
        model(questions=["Where is Bern?"], labels=LABELS[:1])
    model.retriever.set_ctx_encoder_tokenizer(word_piece())
    loss = model(questions=["Where is Bern?"], labels=LABELS[:1]).loss
    loss.sum().backward()
    assert loss.item() == pytest.approx(expected.item(), abs=1e-4)  # the same encoder made the index
    assert sum(p.grad.abs().sum() for p in encoder.parameters() if p.grad is not None) > 0
    encoder.zero_grad()


def test_the_logits_of_rag_model_are_those_of_each_passage_alone():
    model = small_rag(RagTokenForGeneration).rag
    together = model(**contexts(), decoder_input_ids=LABELS).logits
    for row in range(6):
        ids, mask = (contexts()[name][row : row + 1] for name in ("context_input_ids", "context_attention_mask"))
        alone = model.generator(ids[mask][None], decoder_input_ids=LABELS[row // 3 : row // 3 + 1]).logits
        assert (together[row] - alone[0]).abs().max() < 1e-4


def test_marginalised_logits_are_a_distribution_over_the_vocabulary():
    logits = small_rag(RagTokenForGeneration)(**contexts(), decoder_input_ids=LABELS, do_marginalize=True).logits
    assert logits.shape == (2, 4, 400)
    assert (logits.logsumexp(-1)).abs().max() < 1e-5


def test_without_decoder_inputs_the_decoder_reads_the_context_as_bart_does():
    model = small_rag(RagTokenForGeneration).rag
    ids = contexts()["context_input_ids"]
    shifted = torch.cat([torch.full((6, 1), START), ids[:, :-1]], dim=1)
    expected = model.generator(ids, contexts()["context_attention_mask"], decoder_input_ids=shifted).logits
    assert torch.equal(model(**contexts()).logits, expected)


def test_encoder_outputs_can_be_given_instead_of_contexts():
    model = small_rag(RagTokenForGeneration)
    encoded = read(model, contexts())[1]
    rest = {name: contexts()[name] for name in ("context_attention_mask", "doc_scores")}
    expected = model(**contexts(), labels=LABELS).loss
    assert torch.equal(model(encoder_outputs=encoded, **rest, labels=LABELS).loss, expected)


def test_what_was_retrieved_is_handed_out_when_asked_for(knowledge_base):
    model = small_rag(RagTokenForGeneration, knowledge_base)
    out = model(questions=["Who?", "Where?"], labels=LABELS, output_retrieved=True, output_hidden_states=True)
    assert out.retrieved_doc_embeds.shape == (2, 3, 16) and out.retrieved_doc_ids.shape == (2, 3)
    assert out.context_input_ids.shape == out.context_attention_mask.shape
    products = torch.einsum("bp,bkp->bk", out.question_encoder_last_hidden_state, out.retrieved_doc_embeds)
    assert (products - out.doc_scores).abs().max() < 1e-4
    assert len(out.question_enc_hidden_states) == 3
    again = model(**{n: getattr(out, n) for n in contexts()}, labels=LABELS)
    assert (again.loss - out.loss).abs().max() < 1e-5 and again.retrieved_doc_embeds is None


# --- where transformers 5.23.0 is wrong (the numbers are those of the table in the README)


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
def test_the_number_of_passages_is_the_shape_of_the_tensors(variant, knowledge_base):
    """Deviation 3: config.n_docs is 3 here; transformers raises, or rescores with another number than it searched."""
    model = small_rag(variant, knowledge_base)
    given = contexts(B=1, K=2)
    assert model(**given, labels=LABELS[:1]).loss.shape == (1,)
    assert model.generate(**given, num_beams=2).shape[0] == 1
    assert model.generate(questions=["Who?"], n_docs=1, num_beams=2).shape[0] == 1
    with pytest.raises(ValueError, match="n_docs=3, but doc_scores hold 2 passages"):
        model(**given, labels=LABELS[:1], n_docs=3)
    with pytest.raises(ValueError, match="n_docs=3, but doc_scores hold 2 passages"):
        model.get_nll(model(**given, labels=LABELS[:1]).logits, given["doc_scores"], LABELS[:1], n_docs=3)


@both
@pytest.mark.parametrize("decoding", ["thorough", "fast"])
def test_passages_are_retrieved_and_read_once_whatever_the_number_of_candidates(
    variant, decoding, knowledge_base, monkeypatch
):
    """Deviation 3: transformers retrieves and encodes again for every candidate."""
    model = small_rag(variant, knowledge_base)
    calls = {"retrieve": 0, "encode": 0}
    for name, owner in (("retrieve", model.retriever), ("encode", model.generator)):
        monkeypatch.setattr(owner, name, counting(getattr(owner, name), calls, name))
    model.answer("Where is Bern?", num_beams=3, decoding=decoding)
    assert calls == {"retrieve": 1, "encode": 1}


@both
def test_fewer_distinct_answers_than_asked_for_are_all_there_are(variant):
    """Deviation 4: transformers says "selected index k out of range"."""
    forced = {"forced_bos_token_id": BOS, "max_length": 2}
    made = small_rag(variant).generate(**contexts(), num_beams=4, num_return_sequences=4, **forced)
    assert made.tolist() == [[START, BOS], [START, BOS]]


@both
def test_minus_100_and_padding_are_both_ignored(variant):
    """Deviation 5: transformers fails with an IndexError."""
    model = small_rag(variant)
    ignored = LABELS.masked_fill(LABELS == PAD, -100)
    assert torch.equal(model(**contexts(), labels=ignored).loss, model(**contexts(), labels=LABELS).loss)


@both
def test_a_small_knowledge_base_gives_as_many_passages_as_it_has(variant, tmp_path):
    """Deviation 6: transformers repeats the last passage with a zero vector."""
    model = small_rag(variant, small_knowledge_base(tmp_path / "kb", PASSAGES[:2]))
    answer = model.answer("Where is Bern?", n_docs=5)
    assert sorted(p.id for p in answer.passages) == ["ch", "mn"]
    assert sum(p.prior for p in answer.passages) == pytest.approx(1)


@both
@settings(max_examples=8)
@given(seed=st.integers(0, 1000))
def test_a_missing_passage_changes_nothing(variant, seed):
    model, given = small_rag(variant), contexts(1, 3, seed=seed)
    given["doc_mask"] = torch.tensor([[True, False, True]])
    given["context_attention_mask"][1] = False
    rows = torch.tensor([0, 2])
    without = {name: given[name][rows] for name in ("context_input_ids", "context_attention_mask")}
    without["doc_scores"] = given["doc_scores"][:, rows]
    loss = model(**given, labels=LABELS[:1]).loss
    assert loss.item() == pytest.approx(model(**without, labels=LABELS[:1]).loss.item(), abs=1e-5)
    assert model.generate(**given, num_beams=2).tolist() == model.generate(**without, num_beams=2).tolist()
    model.zero_grad()
    loss.sum().backward()
    assert all(p.grad.isfinite().all() for p in model.generator.parameters() if p.grad is not None)


@both
def test_the_generator_reads_the_questions_own_string(variant, knowledge_base):
    """Deviation 8: transformers decodes the question from uncased ids, so case and accents are lost."""
    model = small_rag(variant, knowledge_base)
    question = "Où est la CAPITALE?"
    out = model(questions=[question], labels=LABELS[:1], output_retrieved=True)
    read_by_generator = model.rag.tokenizer.batch_decode(out.context_input_ids)
    assert all(text.endswith(" // " + question) for text in read_by_generator)
    ids = model.rag.tokenizer([question, "Who?"])
    from_ids = model(ids.input_ids, ids.attention_mask, labels=LABELS, output_retrieved=True)
    assert torch.equal(from_ids.retrieved_doc_ids[:1], out.retrieved_doc_ids)
    assert (from_ids.doc_scores[:1] - out.doc_scores).abs().max() < 1e-4
    assert torch.equal(model(ids.input_ids, labels=LABELS).doc_scores, from_ids.doc_scores)  # padding is not read


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


def test_fast_decoding_scores_no_answer_above_its_thorough_score():
    """Deviation 11: there is no fast decoding in transformers."""
    model = small_rag(RagSequenceForGeneration)
    sources, encoded = read(model, contexts())
    options = model.search_options({"num_beams": 4, "num_return_sequences": 4})
    thorough = model.search(sources, encoded, options, "thorough")
    for b, candidates in enumerate(model.search(sources, encoded, options, "fast")):
        exact = {tuple(c.tokens): c.logprob for c in thorough[b]}
        for candidate in candidates:
            assert candidate.logprob <= exact.get(tuple(candidate.tokens), 0.0) + 1e-4
    with pytest.raises(ValueError, match="decoding='quick' is neither 'thorough' nor 'fast'"):
        model.generate(**contexts(), decoding="quick")


# --- what bad input gets


@both
def test_missing_parts_are_named(variant):
    model = small_rag(variant)
    for name, message in (
        ("doc_scores", "doc_scores is missing"),
        ("context_attention_mask", "context_attention_mask is missing"),
        ("context_input_ids", "no retriever"),
    ):
        with pytest.raises(ValueError, match=message):
            model(**{k: v for k, v in contexts().items() if k != name}, labels=LABELS)
    with pytest.raises(ValueError, match=r"knowledge_base/ is missing"):
        model.generate(questions=["Who?"])
    with pytest.raises(ValueError, match="5 contexts for doc_scores of shape"):
        few = {name: contexts()[name][:5] for name in ("context_input_ids", "context_attention_mask")}
        model(**{**contexts(), **few}, labels=LABELS)


@both
def test_a_retriever_without_questions_asks_for_them(variant, knowledge_base):
    with pytest.raises(ValueError, match="give questions"):
        small_rag(variant, knowledge_base).generate()


@both
def test_labels_that_leave_nothing_to_score_are_refused(variant):
    with pytest.raises(ValueError, match="labels of length 1"):
        small_rag(variant)(**contexts(), labels=LABELS[:, :1])


def test_the_generators_config_gives_the_defaults_of_the_search():
    model = small_rag(RagTokenForGeneration)
    assert model.search_options({}).max_length == model.config.generator.max_length == 8
    assert model.search_options({"max_length": 5, "num_beams": None}).max_length == 5
    with pytest.raises(ValueError, match="num_return_sequences=3 is more than num_beams=2"):
        model.generate(**contexts(), num_beams=2, num_return_sequences=3)


@pytest.mark.parametrize("variant", [RagModel, *VARIANTS])
def test_a_model_of_random_weights_can_be_made_from_a_config_alone(variant):
    assert isinstance(variant(small_rag(RagTokenForGeneration).config), variant)


def read(model, given):
    with torch.no_grad():
        sources = model.rag.sources(RagInputs(**given))
        return sources, model.rag.encode(sources)


def counting(function, calls, name):
    def counted(*args, **kwargs):
        calls[name] += 1
        return function(*args, **kwargs)

    return counted

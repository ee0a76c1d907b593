"""Every way to call the RAG classes that means something, ours and transformers 5.23.0 side by side: all output fields.

Left out is what minirag does on purpose otherwise (docs/deviations.md, tests/crosscheck/test_deviations.py). Retrieved
contexts are padded to max_combined_length there and to the longest here: theirs are cropped before they are compared.
"""

from contextlib import contextmanager
from dataclasses import fields

import pytest
import torch
import transformers
from transformers import logging
from transformers.modeling_outputs import BaseModelOutput

from minirag.model.checkpoint import save_network
from minirag.model.dpr import DPRContextEncoder
from minirag.model.name_tables import DPR_CONTEXT_ENCODER, published_names
from minirag.rag import RagModel, RagSequenceForGeneration, RagTokenForGeneration
from tests.crosscheck.rag_pairs import (
    BOTH,
    CLASSES,
    LABELS,
    THEIRS,
    contexts,
    hand_out_every_layer,
    inner,
    pair,
    questions,
)
from tests.small_rag import small_knowledge_base, small_rag
from tests.small_tokenizers import word_piece

logging.disable_progress_bar()
logging.set_verbosity_error()
every = pytest.mark.parametrize("variant", CLASSES)
both = pytest.mark.parametrize("variant", BOTH)
WITHIN = 1e-5  # the networks run in float64; retrieved scores are float32 here
EVERYTHING = {"output_retrieved": True, "output_hidden_states": True, "output_attentions": True}


@pytest.fixture(scope="module")
def knowledge_base(tmp_path_factory):
    return small_knowledge_base(tmp_path_factory.mktemp("kb") / "knowledge_base")


@pytest.fixture(scope="module")
def pairs(knowledge_base, tmp_path_factory):
    """class → (ours, theirs) in float64, both with a retriever over the same passages, and every layer handed out."""
    made = {cls: pair(cls, tmp_path_factory.mktemp("pair") / "model", knowledge_base) for cls in CLASSES}
    for each in made.values():
        each.ours.double(), each.theirs.double()
        hand_out_every_layer(each.theirs)
    return made


def answer(variant):
    """The decoder's input: as labels, where there is a loss."""
    return {"decoder_input_ids" if variant is RagModel else "labels": LABELS}


def assert_same_call(models, given, theirs_given=None):
    mine = models.ours(**given)
    with torch.no_grad():
        assert_same_fields(mine, models.theirs(**(given if theirs_given is None else theirs_given)))


def assert_same_fields(mine, expected):
    for name in {field.name for field in fields(mine)} - {"doc_mask", "past_key_values"}:
        found, wanted = getattr(mine, name), getattr(expected, name)
        if name.startswith(("generator_enc_", "question_enc_")) and found is not None:
            source = name.startswith("generator_enc_")
            last_state = mine.generator_enc_last_hidden_state if source else mine.question_enc_hidden_states[-1]
            found, wanted = (of_real_tokens(last_state, each) for each in (found, wanted))
        if found is None:  # their context_input_ids is then (None,), and their layers were told to be handed out always
            assert wanted in (None, (None,)) or name.endswith(("_hidden_states", "_attentions")), name
        elif isinstance(found, tuple):
            for layer, their_layer in zip(found, wanted, strict=True):
                assert close(layer, their_layer), name
        else:
            assert close(found, wanted), name


def of_real_tokens(last_state, found):
    """States, or rows of attention weights, of tokens that are not padding: our encoders compute no others.

    Those are 0 in the last state, and only those (tests/model/test_real_tokens.py).
    """
    if isinstance(found, tuple):
        return tuple(of_real_tokens(last_state, each) for each in found)
    real = (last_state != 0).any(dim=-1)  # (R, S)
    by_token = found if found.dim() == 3 else found.transpose(1, 2)  # (R, S, …)
    return by_token[:, : real.shape[1]][real]


@contextmanager
def configured(models, **settings):
    """The same settings in both configs."""
    ours, theirs = models.ours, models.theirs
    before = ours.config, {name: getattr(theirs.config, name) for name in settings}
    for model in {ours, inner(ours)}:
        model.config = before[0].with_settings(**settings)
    for name, value in settings.items():
        setattr(theirs.config, name, value)
    yield
    for model in {ours, inner(ours)}:
        model.config = before[0]
    for name, value in before[1].items():
        setattr(theirs.config, name, value)


def close(mine, expected):
    """Where theirs has more padding at the end of an axis, that is passed over."""
    assert mine.dim() == expected.dim() and all(n <= m for n, m in zip(mine.shape, expected.shape, strict=True))
    cropped = expected[tuple(slice(n) for n in mine.shape)]
    return (mine.double() - cropped.double()).abs().max() < WITHIN


# --- what is read


@every
def test_questions_and_a_retriever(pairs, variant):
    assert_same_call(pairs[variant], {**questions(), **answer(variant), **EVERYTHING})


@every
def test_questions_without_their_mask(pairs, variant):
    assert_same_call(pairs[variant], {"input_ids": questions()["input_ids"], **answer(variant), **EVERYTHING})


@every
@pytest.mark.parametrize("n_docs", [1, 2, 6])
def test_another_number_of_passages_than_the_config_says(pairs, variant, n_docs):
    assert_same_call(pairs[variant], {**questions(), **answer(variant), **EVERYTHING, "n_docs": n_docs})


@every
def test_contexts_with_mask_and_scores(pairs, variant):
    layers = {"output_hidden_states": True, "output_attentions": True}
    assert_same_call(pairs[variant], {**contexts(), **answer(variant), **layers})
    assert_same_call(pairs[variant], {**contexts(), **answer(variant), **layers, "n_docs": 3})


@every
def test_without_decoder_inputs(pairs, variant):
    """The decoder then reads the contexts themselves."""
    assert_same_call(pairs[variant], {**contexts(), "output_hidden_states": True, "output_attentions": True})
    assert_same_call(pairs[variant], {**questions(), **EVERYTHING})


@every
@pytest.mark.parametrize("form", ["EncoderOutput", "tuple"])
def test_encoder_outputs_instead_of_contexts(pairs, variant, form):
    rest = contexts()
    ids, mask = rest.pop("context_input_ids"), rest["context_attention_mask"].bool()
    models = pairs[variant]
    encoded = inner(models.ours).generator.encode(ids, mask, output_hidden_states=True, output_attentions=True)
    parts = encoded.last_hidden_state, encoded.hidden_states, encoded.attentions
    given = {**rest, **answer(variant), "output_hidden_states": True, "output_attentions": True}
    ours, theirs = (encoded, BaseModelOutput(*parts)) if form == "EncoderOutput" else (parts, parts)
    assert_same_call(models, {**given, "encoder_outputs": ours}, {**given, "encoder_outputs": theirs})


@every
def test_decoder_inputs_with_a_mask_of_their_own(pairs, variant):
    """In the middle too, where causal attention alone would look."""
    mask = (LABELS != 1).long()
    mask[0, 2] = 0
    layers = {"output_hidden_states": True, "output_attentions": True}
    assert_same_call(pairs[variant], {**contexts(), **answer(variant), **layers, "decoder_attention_mask": mask})


@every
def test_retriever_and_model_called_one_after_the_other(pairs, variant):
    """The documented example: encode, retrieve, score, read."""
    ours, theirs = pairs[variant].ours, pairs[variant].theirs
    q = ours.question_encoder(questions()["input_ids"], questions()["attention_mask"].bool()).pooler_output
    found = inner(ours).retriever(questions()["input_ids"], q, return_tensors="pt")
    scores = torch.bmm(q[:, None], found["retrieved_doc_embeds"].double().transpose(1, 2))[:, 0]
    wanted = inner(theirs).retriever(
        questions()["input_ids"], q.detach().float().numpy(), n_docs=3, return_tensors="pt"
    )
    for name in ("context_input_ids", "context_attention_mask", "retrieved_doc_embeds", "doc_ids"):
        assert close(found[name], wanted[name]), name
    given = {"doc_scores": scores, **answer(variant)}
    contexts_of = [
        {name: part[name] for name in ("context_input_ids", "context_attention_mask")} for part in (found, wanted)
    ]
    mine, expected = ours(**contexts_of[0], **given), theirs(**contexts_of[1], **given)
    assert close(mine.logits, expected.logits)
    together = ours(**questions(), **answer(variant))
    assert close(mine.logits, together.logits) and close(mine.doc_scores, together.doc_scores)


def test_each_step_of_the_retriever(pairs):
    """retrieve, then postprocess_docs: vectors, ids, passages, and what the generator reads."""
    ours, theirs = (model.retriever for model in vars(pairs[RagTokenForGeneration]).values())
    q = torch.randn(2, 16, generator=torch.Generator().manual_seed(0))
    found, (vectors, rows, passages) = ours.retrieve(q, 4), theirs.retrieve(q.numpy(), 4)
    assert close(found.vectors, torch.from_numpy(vectors)) and found.rows.tolist() == rows.tolist()
    assert [[p.title for p in those] for those in found.passages] == [those["title"] for those in passages]
    assert [[p.text for p in those] for those in found.passages] == [those["text"] for those in passages]
    asked = ["where is bern?", "who?"]
    for prefix, n_docs in ((None, 4), ("answer: ", 2)):
        batch = ours.postprocess_docs(found.passages, asked, prefix, n_docs)
        ids, mask = theirs.postprocess_docs(passages, asked, prefix, n_docs, return_tensors="pt")
        assert close(batch.input_ids, ids) and close(batch.attention_mask, mask)


@every
def test_a_model_is_made_of_two_networks_without_a_config(variant):
    ours = variant(question_encoder=inner(small_rag(variant)).question_encoder, generator=small_rag(variant).generator)
    expected = small_rag(variant).config
    assert ours.config.question_encoder == expected.question_encoder and ours.config.generator == expected.generator
    for part in ({}, {"generator": ours.generator}, {"question_encoder": ours.question_encoder}):
        with pytest.raises(ValueError, match="give a config, or a question_encoder and a generator"):
            variant(**part)
        with pytest.raises((AssertionError, AttributeError)):
            THEIRS[variant](**part)


# --- what is scored


@both
@pytest.mark.parametrize("reduce_loss", [False, True])
@pytest.mark.parametrize("epsilon", [0.0, 0.1])
@pytest.mark.parametrize("source", [questions, contexts], ids=["retriever", "contexts"])
def test_losses_from_arguments_and_from_the_config(pairs, knowledge_base, variant, reduce_loss, epsilon, source):
    models = pairs[variant]
    with configured(models, reduce_loss=reduce_loss, label_smoothing=epsilon):
        assert_same_call(models, {**source(), "labels": LABELS})
        assert_same_call(models, {**source(), "labels": LABELS, "reduce_loss": not reduce_loss})
        given = {**source(), "labels": LABELS, "decoder_input_ids": LABELS, "use_cache": False}
        assert_same_call(models, given)


@pytest.mark.parametrize("exclude", [False, True])
def test_a_leading_bos_that_every_row_has_is_not_scored_on_request(pairs, exclude):
    models = pairs[RagSequenceForGeneration]
    assert_same_call(models, {**contexts(), "labels": LABELS, "exclude_bos_score": exclude})
    with configured(models, exclude_bos_score=exclude):
        assert_same_call(models, {**contexts(), "labels": LABELS})


@pytest.mark.parametrize("mixed", [False, True])
def test_marginalised_logits(pairs, mixed):
    models = pairs[RagTokenForGeneration]
    for given in ({"labels": LABELS}, {"decoder_input_ids": LABELS}):
        assert_same_call(models, {**contexts(), **given, "do_marginalize": mixed})
        with configured(models, do_marginalize=mixed):
            assert_same_call(models, {**questions(), **given})


@both
@pytest.mark.parametrize("n_docs", [None, 3])
def test_marginalisations_called_by_themselves(pairs, variant, n_docs):
    ours, theirs = pairs[variant].ours, pairs[variant].theirs
    logits, scores = ours(**contexts(), labels=LABELS).logits, contexts()["doc_scores"]
    for settings in ({}, {"reduce_loss": True}, {"epsilon": 0.2}):
        mine = ours.get_nll(logits, scores, LABELS, n_docs=n_docs, **settings)
        assert close(mine, theirs.get_nll(logits, scores, LABELS, n_docs=n_docs, **settings))
    if variant is RagTokenForGeneration:
        assert close(ours.marginalize(logits, scores, n_docs), theirs.marginalize(logits, scores, n_docs))


@every
@pytest.mark.parametrize("wanted", [False, True])
def test_what_was_retrieved_is_handed_out_where_the_config_says_so(pairs, variant, wanted):
    with configured(pairs[variant], output_retrieved=wanted):
        assert_same_call(pairs[variant], {**questions(), **answer(variant)})


# --- a context encoder in training


@both
def test_a_context_encoder_in_training_gets_their_scores_and_their_gradient(variant, knowledge_base, tmp_path):
    models = pair(variant, tmp_path / "model", knowledge_base)
    ours, theirs = models.ours.double(), models.theirs.double()
    encoder = DPRContextEncoder(ours.config.question_encoder).double().eval()
    save_network(encoder, tmp_path / "ctx_encoder")
    their_encoder = transformers.DPRContextEncoder.from_pretrained(tmp_path / "ctx_encoder").double().eval()
    tokenizer = transformers.DPRContextEncoderTokenizer.from_pretrained(tmp_path / "model/question_encoder_tokenizer")
    ours.set_context_encoder_for_training(encoder)
    ours.retriever.set_ctx_encoder_tokenizer(word_piece())
    theirs.set_context_encoder_for_training(their_encoder)
    theirs.retriever.set_ctx_encoder_tokenizer(tokenizer)
    given = {**questions(), "labels": LABELS, "output_retrieved": True}
    mine, expected = ours(**given), theirs(**given)
    assert_same_fields(mine, expected)
    mine.loss.sum().backward(), expected.loss.sum().backward()
    gradients = {name: parameter.grad for name, parameter in their_encoder.named_parameters()}
    names = published_names(dict(encoder.named_parameters()), DPR_CONTEXT_ENCODER)
    for name, parameter in encoder.named_parameters():
        # d(z)ᵀq(x) is float32 here, so large gradients agree in seven digits
        torch.testing.assert_close(parameter.grad, gradients[names[name]], atol=WITHIN, rtol=1e-5)
    assert max(parameter.grad.abs().max() for parameter in encoder.parameters()) > 1e-3

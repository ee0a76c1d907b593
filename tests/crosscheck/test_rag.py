"""RAG's three classes against transformers 5.23.0, on tiny random models that transformers made and saved.

Only what is right there is compared (see docs/deviations.md): hidden states, logits, the likelihood of RAG-Token,
that of RAG-Sequence with two or more scored tokens, label smoothing, and decoding.
"""

import json
from dataclasses import fields

import pytest
import torch
from transformers import BartConfig, BartForConditionalGeneration, DPRConfig, DPRQuestionEncoder, logging
from transformers import RagConfig as TheirConfig
from transformers import RagModel as TheirModel
from transformers import RagRetriever as TheirRetriever
from transformers import RagSequenceForGeneration as TheirSequence
from transformers import RagTokenForGeneration as TheirToken
from transformers import RagTokenizer as TheirTokenizer
from transformers.models.rag import modeling_rag

from minirag import RagConfig, RagRetriever, RagTokenizer, outputs
from minirag.rag import RagModel, RagSequenceForGeneration, RagTokenForGeneration

PAIRS = {"model": (RagModel, TheirModel), "token": (RagTokenForGeneration, TheirToken)}
PAIRS["sequence"] = (RagSequenceForGeneration, TheirSequence)
MIXED = ["token", "sequence"]
K, PAD = 3, 1


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """name → a folder that transformers wrote, all three with the same weights."""
    torch.manual_seed(0)
    question_encoder = DPRQuestionEncoder(
        DPRConfig(
            vocab_size=50,
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=24,
            max_position_embeddings=32,
            initializer_range=0.3,
        )
    )
    generator = BartForConditionalGeneration(
        BartConfig(
            vocab_size=40,
            d_model=16,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=24,
            decoder_ffn_dim=24,
            max_position_embeddings=64,
            init_std=0.5,
            forced_eos_token_id=None,
        )
    )
    config = TheirConfig.from_question_encoder_generator_configs(
        question_encoder.config, generator.config, n_docs=K, retrieval_vector_size=16
    )
    root = tmp_path_factory.mktemp("transformers")
    for name, (_, theirs) in PAIRS.items():
        model = theirs(config=config, question_encoder=question_encoder, generator=generator)
        model.save_pretrained(root / name)
    return root


@pytest.fixture(scope="module")
def models(folders):
    """name → (ours, theirs), both opened from the same folder."""
    return {
        name: (ours.from_pretrained(folders / name), theirs.from_pretrained(folders / name).eval())
        for name, (ours, theirs) in PAIRS.items()
    }


def contexts(B=2, S=12, seed=3):
    """What a retriever would hand over: ragged contexts, and scores."""
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, 40, (B * K, S), generator=random)
    mask = torch.arange(S)[None, :] < torch.randint(4, S + 1, (B * K, 1), generator=random)
    scores = 2.0 * torch.randn(B, K, generator=random)
    return {
        "context_input_ids": ids.masked_fill(~mask, PAD),
        "context_attention_mask": mask.long(),
        "doc_scores": scores,
    }


LABELS = torch.tensor([[2, 0, 17, 9, 2], [2, 0, 5, 2, PAD]])


DOCUMENTED = {
    "model": {"forward", "from_pretrained", "save_pretrained", "from_pretrained_question_encoder_generator"},
    "token": {"forward", "generate", "marginalize", "get_nll", "set_retriever", "set_context_encoder_for_training"},
    "sequence": {"forward", "generate", "get_nll", "set_retriever", "set_context_encoder_for_training"},
}


@pytest.mark.parametrize("name", PAIRS)
def test_every_documented_member_is_there(name):
    ours, theirs = PAIRS[name]
    assert all(hasattr(cls, member) for cls in (ours, theirs) for member in DOCUMENTED[name])


def test_every_documented_member_of_retriever_and_tokenizer_is_there():
    retriever = {"from_pretrained", "save_pretrained", "init_retrieval", "retrieve", "postprocess_docs", "__call__"}
    for ours, theirs, members in (
        (RagRetriever, TheirRetriever, retriever | {"set_ctx_encoder_tokenizer"}),
        (RagTokenizer, TheirTokenizer, {"from_pretrained", "save_pretrained", "__call__", "batch_decode", "decode"}),
    ):
        assert all(hasattr(cls, member) for cls in (ours, theirs) for member in members)


NOT_OURS = {"vocab_size", "is_encoder_decoder", "dataset_revision"}  # generic, or of a data set that is downloaded


def test_every_setting_of_the_rag_config_is_there_with_its_default():
    """Theirs has no special ids until they are given; ours takes the generator's (from_question_encoder_…)."""
    ours = {field.name: field.default for field in fields(RagConfig)}
    theirs = {name: getattr(TheirConfig, name) for name in TheirConfig.__annotations__}
    assert set(theirs) - set(ours) == NOT_OURS
    networks = {"question_encoder", "generator"}
    assert {name: ours[name] for name in set(theirs) - NOT_OURS - networks} == {
        name: theirs[name] for name in set(theirs) - NOT_OURS - networks
    }


@pytest.mark.parametrize("name", ["RetrievAugLMOutput", "RetrievAugLMMarginOutput"])
def test_every_documented_output_is_there(name):
    ours, theirs = ({field.name for field in fields(getattr(module, name))} for module in (outputs, modeling_rag))
    assert theirs <= ours
    assert ours - theirs == {"doc_mask"}


def test_hidden_states_and_logits_are_theirs(models):
    ours, theirs = models["model"]
    theirs.generator.set_attn_implementation("eager")  # the only one that hands out its weights
    mine = ours(**contexts(), decoder_input_ids=LABELS, output_hidden_states=True, output_attentions=True)
    with torch.no_grad():
        expected = theirs(**contexts(), decoder_input_ids=LABELS, output_attentions=True)
        encoder = theirs.generator.get_encoder()(
            contexts()["context_input_ids"], contexts()["context_attention_mask"], output_hidden_states=True
        )
    real = contexts()["context_attention_mask"].bool()
    assert close(mine.logits, expected.logits)
    assert close(mine.generator_enc_last_hidden_state[real], expected.generator_enc_last_hidden_state[real])
    for state, theirs_state in zip(mine.generator_enc_hidden_states, encoder.hidden_states, strict=True):
        assert close(state[real], theirs_state[real])
    for weights, theirs_weights in zip(mine.generator_dec_attentions, expected.generator_dec_attentions, strict=True):
        assert close(weights, theirs_weights)
    for weights, theirs_weights in zip(
        mine.generator_cross_attentions, expected.generator_cross_attentions, strict=True
    ):
        assert close(weights, theirs_weights)


def test_the_questions_vector_is_theirs(models):
    ours, theirs = models["token"]
    ids = torch.tensor([[2, 8, 9, 3], [2, 7, 3, 0]])
    mask = ids != 0
    with torch.no_grad():
        expected = theirs.question_encoder(ids, attention_mask=mask.long()).pooler_output
    assert close(ours.question_encoder(ids, mask).pooler_output, expected)


@pytest.mark.parametrize("name", MIXED)
@pytest.mark.parametrize("epsilon", [0.0, 0.1])
@pytest.mark.parametrize("reduce_loss", [False, True])
def test_losses_are_theirs(models, name, epsilon, reduce_loss):
    ours, theirs = models[name]
    theirs.config.label_smoothing = epsilon
    with torch.no_grad():
        expected = theirs(**contexts(), labels=LABELS, reduce_loss=reduce_loss)
    theirs.config.label_smoothing = 0.0
    mine = ours(**contexts(), labels=LABELS, reduce_loss=reduce_loss, label_smoothing=epsilon)
    assert close(mine.loss, expected.loss)
    assert close(mine.logits, expected.logits)
    nll = ours.get_nll(mine.logits, mine.doc_scores, LABELS, reduce_loss=reduce_loss, epsilon=epsilon)
    assert close(nll, expected.loss)


def test_the_loss_without_bos_is_theirs_where_every_row_starts_with_bos(models):
    ours, theirs = models["sequence"]
    with torch.no_grad():
        expected = theirs(**contexts(), labels=LABELS, exclude_bos_score=True).loss
    assert close(ours(**contexts(), labels=LABELS, exclude_bos_score=True).loss, expected)


@pytest.mark.parametrize("name", MIXED)
def test_gradients_are_theirs(models, name):
    ours, theirs = models[name]
    gradients = []
    for model in (ours, theirs):
        given = contexts()
        given["doc_scores"].requires_grad_()
        model(**given, labels=LABELS).loss.sum().backward()
        gradients.append(given["doc_scores"].grad)
        model.zero_grad()
    assert close(*gradients)


def test_marginalised_logits_are_theirs(models):
    ours, theirs = models["token"]
    with torch.no_grad():
        expected = theirs(**contexts(), decoder_input_ids=LABELS, do_marginalize=True).logits
    assert close(ours(**contexts(), decoder_input_ids=LABELS, do_marginalize=True).logits, expected)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("num_beams", [1, 4])
@pytest.mark.parametrize("use_cache", [True, False])
def test_rag_token_writes_the_same_tokens(models, seed, num_beams, use_cache):
    ours, theirs = models["token"]
    settings = {"num_beams": num_beams, "num_return_sequences": num_beams, "max_length": 8}
    expected = theirs.generate(**contexts(seed=seed), **settings, min_length=0)
    assert ours.generate(**contexts(seed=seed), **settings, use_cache=use_cache).tolist() == expected.tolist()


FORCED = {"forced_bos_token_id": 0, "forced_eos_token_id": 2}
OTHERS = [{"length_penalty": 2.0}, {"length_penalty": 0.0}, {"early_stopping": True}, {"min_length": 6}, FORCED]


@pytest.mark.parametrize("others", OTHERS, ids=lambda others: next(iter(others)))
def test_rag_token_follows_the_same_settings(models, others):
    ours, theirs = models["token"]
    settings = {"num_beams": 4, "num_return_sequences": 2, "max_length": 9, **others}
    assert ours.generate(**contexts(), **settings).tolist() == theirs.generate(**contexts(), **settings).tolist()


@pytest.mark.parametrize("seed", range(4))
def test_rag_sequence_writes_the_same_tokens(models, seed):
    """min_length 4: three scored tokens at least, so that the missing prior (deviation 1) plays no part; no padding in
    the contexts, because transformers' thorough decoding generates without the contexts' attention mask.
    """
    ours, theirs = models["sequence"]
    given = contexts(seed=seed)
    given["context_attention_mask"] = torch.ones_like(given["context_attention_mask"])
    settings = {"num_beams": 4, "num_return_sequences": 3, "max_length": 8, "min_length": 4}
    expected = theirs.generate(**given, **settings)
    assert ours.generate(**given, **settings).tolist() == expected.tolist()


@pytest.mark.parametrize("name", PAIRS)
def test_transformers_opens_what_we_save_with_no_key_missing_or_left_over(models, folders, name, tmp_path):
    ours, theirs = models[name]
    ours.save_pretrained(tmp_path / "ours")
    logging.set_verbosity_error()
    opened, report = type(theirs).from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not any(report[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    expected = theirs.state_dict()
    assert all(torch.equal(tensor, expected[key]) for key, tensor in opened.state_dict().items())
    written = json.loads((tmp_path / "ours" / "config.json").read_text())
    assert written["architectures"] == [type(theirs).__name__] and written["n_docs"] == K


@pytest.mark.parametrize("name", PAIRS)
def test_any_of_the_three_opens_a_folder_written_as_rag_model(folders, name):
    ours = PAIRS[name][0].from_pretrained(folders / "model")
    expected = PAIRS["token"][0].from_pretrained(folders / "token").rag.state_dict()
    found = ours.state_dict() if name == "model" else ours.rag.state_dict()
    assert all(torch.equal(found[key], tensor) for key, tensor in expected.items())


def close(mine, expected):
    return mine.shape == expected.shape and (mine - expected).abs().max() < 1e-5

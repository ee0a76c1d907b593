"""A model folder: what is written opens again, and what is wrong with one is said in one line."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from minirag.model.checkpoint import save_network
from minirag.model.dpr import DPRContextEncoder
from minirag.rag import RagModel, RagSequenceForGeneration, RagTokenForGeneration
from tests.small_rag import VARIANTS, context_encoder, small_config, small_knowledge_base, small_rag
from tests.small_tokenizers import rag_tokenizer

both = pytest.mark.parametrize("variant", VARIANTS)
LABELS = torch.tensor([[2, 70, 81, 2]])
GIVEN = {
    "context_input_ids": torch.arange(10, 22).view(2, 6),
    "context_attention_mask": torch.ones(2, 6, dtype=torch.bool),
    "doc_scores": torch.tensor([[0.5, 1.5]]),
}


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """A RAG-Token folder with everything in it; tests that break something copy it."""
    folder = tmp_path_factory.mktemp("models") / "complete"
    small_rag(RagTokenForGeneration).save_pretrained(folder)
    save_network(context_encoder(), folder / "ctx_encoder")
    small_knowledge_base(folder / "knowledge_base")
    return folder


@pytest.fixture
def broken(complete, tmp_path):
    return shutil.copytree(complete, tmp_path / "broken")


# --- what is written opens again


@both
def test_a_saved_model_opens_and_computes_the_same(variant, tmp_path):
    model = small_rag(variant, label_smoothing=0.1)
    model.save_pretrained(tmp_path / "model")
    opened = variant.from_pretrained(tmp_path / "model")
    assert opened.config == model.config and not opened.training
    assert torch.equal(opened(**GIVEN, labels=LABELS).loss, model(**GIVEN, labels=LABELS).loss)
    assert opened.answer("Who?", ["Marie Curie"]).text == model.answer("Who?", ["Marie Curie"]).text


def test_a_folder_is_config_weights_and_two_tokenizers(tmp_path):
    small_rag(RagSequenceForGeneration).save_pretrained(tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "config.json",
        "generator_tokenizer",
        "model.safetensors",
        "question_encoder_tokenizer",
    ]
    names = load_file(tmp_path / "model" / "model.safetensors")
    assert "rag.generator.model.shared.weight" in names
    assert "rag.question_encoder.question_encoder.bert_model.embeddings.word_embeddings.weight" in names
    assert json.loads((tmp_path / "model" / "config.json").read_text())["architectures"] == ["RagSequenceForGeneration"]


def test_half_precision_halves_the_file_and_opens_as_float32(tmp_path):
    model = small_rag(RagTokenForGeneration)
    model.save_pretrained(tmp_path / "full")
    model.save_pretrained(tmp_path / "half", dtype=torch.float16)
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("full", "half")]
    assert sizes[1] < 0.6 * sizes[0]
    opened = RagTokenForGeneration.from_pretrained(tmp_path / "half")
    assert opened(**GIVEN, labels=LABELS).loss.item() == pytest.approx(
        model(**GIVEN, labels=LABELS).loss.item(), abs=0.1
    )


def test_a_folder_with_a_knowledge_base_answers_questions(complete):
    opened = RagTokenForGeneration.from_pretrained(complete)
    assert len(opened.answer("Where is Bern?").passages) == 3
    assert len(opened.retriever.knowledge_base) == 6


@both
def test_a_folder_written_as_rag_model_opens_as_either(variant, tmp_path):
    model = small_rag(variant)
    model.rag.save_pretrained(tmp_path / "model")
    assert "generator.model.shared.weight" in load_file(tmp_path / "model" / "model.safetensors")
    opened = variant.from_pretrained(tmp_path / "model")
    assert torch.equal(opened(**GIVEN, labels=LABELS).loss, model(**GIVEN, labels=LABELS).loss)


def test_rag_model_opens_a_folder_of_either(complete):
    opened = RagModel.from_pretrained(complete)
    expected = RagTokenForGeneration.from_pretrained(complete).rag
    assert torch.equal(
        opened(**GIVEN, decoder_input_ids=LABELS).logits, expected(**GIVEN, decoder_input_ids=LABELS).logits
    )


def test_a_token_model_opens_as_sequence_only_when_asked_for(complete):
    with pytest.raises(ValueError, match=r"complete: holds a RagTokenForGeneration; variant_mismatch_ok=True"):
        RagSequenceForGeneration.from_pretrained(complete)
    opened = RagSequenceForGeneration.from_pretrained(complete, variant_mismatch_ok=True)
    assert opened.answer("Who?", ["Marie Curie"]).variant == "sequence"


@pytest.mark.parametrize("variant", [RagModel, *VARIANTS])
def test_two_checkpoints_of_their_own_are_joined(variant, tmp_path):
    parts = small_rag(RagTokenForGeneration)
    save_network(parts.question_encoder, tmp_path / "dpr")
    save_network(parts.generator, tmp_path / "bart")
    joined = variant.from_pretrained_question_encoder_generator(tmp_path / "dpr", tmp_path / "bart", n_docs=7)
    assert joined.config.n_docs == 7 and joined.config.generator == parts.config.generator
    rag = joined if variant is RagModel else joined.rag
    assert rag.tokenizer is None
    assert torch.equal(
        rag(**GIVEN, decoder_input_ids=LABELS).logits, parts.rag(**GIVEN, decoder_input_ids=LABELS).logits
    )
    rag_tokenizer().question_encoder.save_pretrained(tmp_path / "dpr")
    rag_tokenizer().generator.save_pretrained(tmp_path / "bart")
    joined = variant.from_pretrained_question_encoder_generator(tmp_path / "dpr", tmp_path / "bart")
    joined.save_pretrained(tmp_path / "joined")
    assert (tmp_path / "joined" / "generator_tokenizer" / "tokenizer.json").is_file()


def test_a_context_encoder_that_was_trained_along_is_saved_beside_the_model(tmp_path):
    model = small_rag(RagTokenForGeneration)
    model.set_context_encoder_for_training(DPRContextEncoder(small_config().question_encoder))
    model.save_pretrained(tmp_path / "model")
    assert (tmp_path / "model" / "ctx_encoder" / "model.safetensors").is_file()
    RagTokenForGeneration.from_pretrained(tmp_path / "model")


def test_another_knowledge_base_can_be_given(complete, tmp_path):
    small_knowledge_base(
        tmp_path / "other", small_knowledge_base(tmp_path / "all").passages_of(torch.tensor([[0, 1]]))[0]
    )
    opened = RagTokenForGeneration.from_pretrained(complete, knowledge_base=tmp_path / "other")
    assert {p.id for p in opened.answer("Who?").passages} == {"mn", "ch"}
    given = RagTokenForGeneration.from_pretrained(complete, knowledge_base=opened.retriever.knowledge_base)
    assert given.retriever.knowledge_base is opened.retriever.knowledge_base
    swapped = RagTokenForGeneration.from_pretrained(complete)
    swapped.set_retriever(opened.retriever)
    assert {p.id for p in swapped.answer("Who?").passages} == {"mn", "ch"}
    with pytest.raises(ValueError, match="give a retriever or a knowledge_base, not both"):
        RagTokenForGeneration.from_pretrained(complete, retriever=opened.retriever, knowledge_base=tmp_path / "other")


# --- nothing half-written


def test_a_new_folder_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    def fails(*_):
        raise OSError("disk full")

    model = small_rag(RagTokenForGeneration)
    monkeypatch.setattr(model.rag.tokenizer, "save_pretrained", fails)
    with pytest.raises(OSError, match="disk full"):
        model.save_pretrained(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_saving_over_a_folder_replaces_its_files_whole_and_leaves_the_others(complete, tmp_path):
    folder = shutil.copytree(complete, tmp_path / "model")
    model = small_rag(RagTokenForGeneration, seed=5)
    model.save_pretrained(folder)
    opened = RagTokenForGeneration.from_pretrained(folder)
    assert torch.equal(opened(**GIVEN, labels=LABELS).loss, model(**GIVEN, labels=LABELS).loss)
    assert opened.retriever is not None
    assert not [path for path in folder.rglob("*") if path.suffix in (".partial", ".unfinished")]


# --- what is missing or wrong is named


def test_a_folder_without_tokenizers_opens_and_strings_say_what_is_missing(broken):
    shutil.rmtree(broken / "generator_tokenizer")
    with pytest.raises(ValueError, match=r"generator_tokenizer: no tokenizer folder there"):
        RagTokenForGeneration.from_pretrained(broken)
    shutil.rmtree(broken / "question_encoder_tokenizer")
    opened = RagTokenForGeneration.from_pretrained(broken)
    assert opened(**GIVEN, labels=LABELS).loss.isfinite()
    with pytest.raises(ValueError, match=r"broken: .*question_encoder_tokenizer/ and generator_tokenizer/ are missing"):
        opened.answer("Who?")


def test_a_folder_without_a_knowledge_base_opens_and_retrieval_says_what_is_missing(broken):
    shutil.rmtree(broken / "knowledge_base")
    opened = RagTokenForGeneration.from_pretrained(broken)
    assert opened.answer("Who?", ["Marie Curie"]).passages[0].text == "Marie Curie"
    with pytest.raises(ValueError, match=r"broken: no retriever \(knowledge_base/ is missing\)"):
        opened.answer("Who?")


def test_a_knowledge_base_made_by_another_encoder_is_refused(broken):
    torch.manual_seed(99)
    save_network(DPRContextEncoder(small_config().question_encoder), broken / "ctx_encoder")
    assert_one_line(broken, "the vectors were made by another context encoder")


def test_a_folder_of_a_time_before_safetensors_names_the_command_that_rewrites_it(broken):
    (broken / "model.safetensors").rename(broken / "pytorch_model.bin")
    assert_one_line(broken, r"only pytorch_model\.bin; rewrite it once with: minirag convert .*broken NEW-FOLDER")


def test_a_truncated_file_is_named(broken):
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert_one_line(broken, r"model\.safetensors: truncated or not a safetensors file")


def test_tensors_that_are_missing_unexpected_or_of_another_shape_are_named(broken):
    path = broken / "model.safetensors"
    tensors = load_file(path)
    name = "rag.generator.model.encoder.layers.0.fc1.bias"
    for changed, message in (
        ({k: v for k, v in tensors.items() if k != name}, rf"tensor {name} of shape \[24\] is missing"),
        ({**tensors, "rag.extra": torch.zeros(2)}, r"unexpected tensor rag.extra of shape \[2\]"),
        ({**tensors, name: torch.zeros(3)}, rf"tensor {name} has shape \[3\], the configuration asks for \[24\]"),
    ):
        save_file(changed, path)
        assert_one_line(broken, message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label_smoothing": 2.0}, r"config\.json: config: label_smoothing=2\.0"),
        ({"n_docs": 0}, r"n_docs=0 must be at least 1"),
        ({"model_type": "t5"}, "model_type='t5' cannot be honoured"),
        ({"generator": None}, "needs the settings of its generator"),
        ({"generator": {"normalize_before": True}}, "normalize_before=True cannot be honoured"),
    ],
)
def test_a_setting_that_cannot_be_honoured_is_named(broken, change, message):
    path = broken / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert_one_line(broken, message)


def test_a_folder_that_is_no_model_is_named(tmp_path):
    assert_one_line(tmp_path / "nowhere", r"nowhere: not a model folder \(config\.json is missing\)")
    (tmp_path / "config.json").write_text("{")
    assert_one_line(tmp_path, r"config\.json: not valid JSON")


def assert_one_line(folder, message):
    with pytest.raises(ValueError, match=message) as caught:
        RagTokenForGeneration.from_pretrained(folder)
    assert "\n" not in str(caught.value)

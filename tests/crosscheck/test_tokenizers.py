"""Ids, decoded text and saved folders against transformers' own tokenizers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, BartTokenizer, BartTokenizerFast, RagConfig, RagRetriever
from transformers import DPRQuestionEncoderTokenizer as QuestionTokenizer
from transformers import DPRQuestionEncoderTokenizerFast as QuestionTokenizerFast

from minirag.text.generator_input import generator_input_ids
from minirag.text.tokenizers import Tokenizer
from tests.small_tokenizers import byte_level, rag_tokenizer, word_piece

TEXTS = st.text(max_size=60) | st.sampled_from(
    ["What's Ulaanbaatar's  population?", "[SEP] in a text [MASK]", "</s> inside <mask> it <pad>", "Où est\tBern ?"]
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Both tokenizers as transformers saves them, made from our vocabularies."""
    folder = tmp_path_factory.mktemp("theirs")
    vocab = word_piece().backend.get_vocab()
    QuestionTokenizer(vocab=vocab).save_pretrained(folder / "question")
    QuestionTokenizer(vocab=vocab, do_lower_case=False).save_pretrained(folder / "cased")
    model = byte_level().backend.model
    (folder / "files").mkdir()
    vocab_file, merges_file = model.save(str(folder / "files"))
    BartTokenizer(vocab=vocab_file, merges=merges_file).save_pretrained(folder / "generator")
    return folder


@pytest.fixture(scope="module")
def pairs(folders):
    """name → (ours, theirs), both opened from the folder that transformers wrote."""
    classes = {
        "question": (QuestionTokenizer, QuestionTokenizerFast),
        "cased": (QuestionTokenizerFast,),
        "generator": (BartTokenizer, BartTokenizerFast),
    }
    return {
        name: (Tokenizer.from_pretrained(folders / name), [cls.from_pretrained(folders / name) for cls in theirs])
        for name, theirs in classes.items()
    }


@pytest.mark.parametrize("name", ["question", "cased", "generator"])
@given(text=TEXTS, pair=TEXTS.filter(bool))  # transformers takes an empty pair for none
def test_ids_and_decoded_text_are_theirs(pairs, name, text, pair):
    ours, theirs = pairs[name]
    for tokenizer in theirs:
        assert ours.encode(text) == tokenizer(text)["input_ids"]
        assert ours.encode(text, pair) == tokenizer(text, pair)["input_ids"]
        assert ours.decode(ours.encode(text)) == tokenizer.decode(ours.encode(text), skip_special_tokens=True)
        assert ours.pad_token_id == tokenizer.pad_token_id and ours.cls_token_id == tokenizer.cls_token_id


@pytest.mark.parametrize("name", ["question", "generator"])
@given(text=TEXTS, length=st.integers(3, 12))
def test_a_single_text_is_cut_as_theirs(pairs, name, text, length):
    ours, theirs = pairs[name]
    assert ours.encode(text, max_length=length) == theirs[0](text, truncation=True, max_length=length)["input_ids"]


@pytest.mark.parametrize("name", ["question", "generator"])
def test_a_batch_is_padded_as_theirs(pairs, name):
    ours, theirs = pairs[name]
    texts = ["What is the capital of Mongolia?", "Who?"]
    batch, expected = ours(texts), theirs[0](texts, padding=True, return_tensors="pt")
    assert batch.input_ids.equal(expected["input_ids"])
    assert batch.attention_mask.equal(expected["attention_mask"].bool())


@pytest.mark.parametrize(
    ("tokenizer", "theirs"),
    [(word_piece(), QuestionTokenizer), (byte_level(), BartTokenizer), (word_piece(), AutoTokenizer)],
    ids=["question", "generator", "auto"],
)
def test_transformers_opens_what_we_save(tokenizer, theirs, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    opened = theirs.from_pretrained(tmp_path)
    for text in ["What's the capital of Où?", "[SEP] </s> <mask> 🎉", ""]:
        assert opened(text)["input_ids"] == tokenizer.encode(text)
    assert opened.pad_token_id == tokenizer.pad_token_id


def test_published_vocabulary_files_give_the_same_ids(folders):
    ours = Tokenizer.from_pretrained(folders / "files")
    theirs = BartTokenizer.from_pretrained(folders / "files")
    assert ours.encode("Où est Ulaanbaatar?") == theirs("Où est Ulaanbaatar?")["input_ids"]


@given(title=st.text(max_size=20) | st.just('"Bern"'), text=st.text(max_size=60), question=st.text(max_size=20))
def test_the_generator_input_is_theirs_when_nothing_is_too_long(pairs, title, text, question):
    ours, (theirs, _) = pairs["generator"]
    retriever = object.__new__(RagRetriever)  # its postprocess_docs needs these two attributes, and no index
    retriever.config = RagConfig(
        question_encoder={"model_type": "dpr"}, generator={"model_type": "bart"}, max_combined_length=1000
    )
    retriever.generator_tokenizer = theirs
    ids, mask = retriever.postprocess_docs([{"title": [title], "text": [text]}], [question], None, 1, "pt")
    assert generator_input_ids(ours, title, text, question, max_length=1000) == ids[mask.bool()].tolist()


def test_both_halves_are_opened_by_transformers_rag_tokenizer(tmp_path):
    from transformers import RagTokenizer

    rag_tokenizer().save_pretrained(tmp_path)
    config = RagConfig(question_encoder={"model_type": "dpr"}, generator={"model_type": "bart"})
    opened = RagTokenizer.from_pretrained(tmp_path, config=config)
    assert opened("Who?")["input_ids"] == rag_tokenizer()("Who?").input_ids[0].tolist()
    assert opened.generator("Who?")["input_ids"] == rag_tokenizer().generator.encode("Who?")

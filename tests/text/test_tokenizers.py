import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as Backend
from tokenizers import models

from minirag.text.tokenizers import Tokenizer
from tests.small_tokenizers import byte_level, word_piece

TOKENIZERS = [word_piece(), byte_level()]
both = pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=["word_piece", "byte_level"])
NO_SPECIALS = st.text(max_size=60).filter(lambda text: "<" not in text)


@both
@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=5))
def test_a_batch_holds_the_ids_of_each_text_alone(tokenizer, texts):
    batch = tokenizer(texts)
    alone = [tokenizer.encode(text) for text in texts]
    assert [row[mask].tolist() for row, mask in zip(batch.input_ids, batch.attention_mask, strict=True)] == alone


@given(NO_SPECIALS)
def test_byte_level_ids_give_back_any_text(text):
    assert byte_level().decode(byte_level().encode(text)) == text


@both
@given(text=st.text(max_size=60))
def test_special_tokens_stand_at_both_ends_and_plain_ids_between(tokenizer, text):
    assert tokenizer.encode(text) == [tokenizer.bos_token_id, *tokenizer.encode_plain(text), tokenizer.eos_token_id]


@both
@given(text=st.text(max_size=60), max_length=st.integers(2, 12))
def test_a_cut_text_keeps_its_beginning_and_its_last_special_token(tokenizer, text, max_length):
    whole, cut = tokenizer.encode(text), tokenizer.encode(text, max_length=max_length)
    assert len(cut) == min(len(whole), max_length)
    assert cut[:-1] == whole[: len(cut) - 1] and cut[-1] == whole[-1]


def test_a_pair_is_cut_from_the_end_of_its_longer_text():
    title, text = "mongolia", "the capital of mongolia is ulaanbaatar"
    whole = word_piece().encode(title)
    ids = word_piece().encode(title, text, max_length=8)
    assert ids[: len(whole)] == whole and len(ids) == 8 and ids[-1] == word_piece().sep_token_id
    assert word_piece().encode(title, text, 8, "only_second") == ids
    with pytest.raises(ValueError, match=r"truncation='only_first': \d+ tokens too many, and that text has only \d+"):
        word_piece().encode(title, text, 8, "only_first")


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"max_length": 1}, "max_length=1 leaves no room for the special tokens"),
        ({"truncation": "longest"}, "truncation='longest' is not one of"),
        ({"padding": "left"}, "padding='left' is not one of longest, max_length"),
        ({"padding": "max_length"}, "padding='max_length' needs max_length"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings, fault):
    with pytest.raises(ValueError, match=fault):
        word_piece()("mongolia", **settings)


@both
def test_text_may_hold_anything(tokenizer):
    for text in ["", "   ", "🎉 party", "\x00\x07\u200f", "שלום עולם", "\ud800 half a character", "word " * 100_000]:
        assert len(tokenizer.encode(text, max_length=20)) <= 20
        assert isinstance(tokenizer.decode(tokenizer.encode(text)), str)


@both
def test_a_saved_tokenizer_opens_with_the_same_ids(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path / "saved")
    opened = Tokenizer.from_pretrained(tmp_path / "saved")
    text = "What is the Capital of Où?"
    assert opened.encode(text, text) == tokenizer.encode(text, text)
    assert (opened.pad_token_id, opened.vocab_size) == (tokenizer.pad_token_id, tokenizer.vocab_size)
    assert not list(tmp_path.glob("**/*.unfinished"))


def test_a_word_piece_folder_needs_only_its_vocabulary(tmp_path):
    write_vocab_txt(tmp_path)
    assert Tokenizer.from_pretrained(tmp_path).encode("Mongolia") == word_piece().encode("Mongolia")


def test_a_cased_word_piece_folder_says_so_in_its_settings(tmp_path):
    write_vocab_txt(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False}))
    unknown = Tokenizer.from_pretrained(tmp_path).backend.token_to_id("[UNK]")
    assert unknown in Tokenizer.from_pretrained(tmp_path).encode("MONGOLIA")


def test_a_byte_level_folder_needs_only_vocabulary_and_merges(tmp_path):
    byte_level().backend.model.save(str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["merges.txt", "vocab.json"]
    text = "What is the capital of Mongolia?"
    assert Tokenizer.from_pretrained(tmp_path).encode(text) == byte_level().encode(text)


@both
def test_truncation_and_padding_baked_into_a_file_are_undone(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    backend = Tokenizer.from_pretrained(tmp_path).backend
    backend.enable_truncation(4)
    backend.enable_padding(length=64)
    backend.save(str(tmp_path / "tokenizer.json"))
    text = "what is the capital of mongolia"
    assert Tokenizer.from_pretrained(tmp_path).encode(text) == tokenizer.encode(text)


def test_labels_that_are_not_scored_are_passed_over_when_decoding():
    ids = byte_level().encode("Bern")
    assert byte_level().decode(torch.tensor([*ids, -100, -100])) == "Bern"
    assert byte_level().batch_decode(torch.tensor([ids, ids])) == ["Bern", "Bern"]


def test_a_folder_that_holds_no_tokenizer_is_named(tmp_path):
    with pytest.raises(ValueError, match="nowhere: no tokenizer folder there"):
        Tokenizer.from_pretrained(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"neither tokenizer.json, nor vocab.txt, nor vocab.json with merges.txt"):
        Tokenizer.from_pretrained(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": "1.0"}', b'{"model": {"type": "X"}}', b"\xff"])
def test_a_broken_file_is_one_line_that_names_it(tmp_path, content):
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(ValueError, match=str(tmp_path)) as caught:
        Tokenizer.from_pretrained(tmp_path)
    assert "\n" not in str(caught.value)


def test_broken_settings_and_a_vocabulary_without_special_tokens_are_named(tmp_path):
    (tmp_path / "vocab.txt").write_text("the\ncapital\n")
    with pytest.raises(ValueError, match=rf"{tmp_path.name}: .*vocabulary has no \[UNK\]"):
        Tokenizer.from_pretrained(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"tokenizer_config.json: not a JSON object"):
        Tokenizer.from_pretrained(tmp_path)


@pytest.mark.parametrize("kind", ["DPRQuestionEncoder", "DPRContextEncoder", "DPRReader", "Bert", "PreTrained"])
@pytest.mark.parametrize("ending", ["Tokenizer", "TokenizerFast"])
def test_dprs_and_berts_classes_read_the_same_ids(tmp_path, kind, ending):
    write_vocab_txt(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": kind + ending}))
    assert Tokenizer.from_pretrained(tmp_path).encode("Mongolia") == word_piece().encode("Mongolia")


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (
            {"tokenizer_class": "T5Tokenizer"},
            "tokenizer_class='T5Tokenizer' cannot be honoured over a WordPiece vocabulary",
        ),
        ({"tokenizer_class": "BartTokenizerFast"}, "tokenizer_class='BartTokenizerFast' cannot be honoured"),
        ({"tokenizer_class": "BertJapaneseTokenizer"}, "tokenizer_class='BertJapaneseTokenizer' cannot"),
        ({"padding_side": "left"}, "padding_side='left' cannot be honoured"),
        ({"truncation_side": "left"}, "truncation_side='left' cannot be honoured"),
        ({"split_special_tokens": True}, "split_special_tokens=True cannot be honoured"),
    ],
)
def test_a_folder_whose_ids_would_be_others_is_refused_by_name(tmp_path, settings, fault):
    write_vocab_txt(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(ValueError, match=fault) as caught:
        Tokenizer.from_pretrained(tmp_path)
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


def test_sentence_pieces_are_refused_by_name(tmp_path):
    Backend(models.Unigram([("a", 0.0)], unk_id=0)).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ValueError, match="a Unigram tokenizer cannot be honoured"):
        Tokenizer.from_pretrained(tmp_path)


def write_vocab_txt(folder):
    vocab = word_piece().backend.get_vocab(with_added_tokens=False)
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in sorted(vocab, key=vocab.get)), "utf-8")

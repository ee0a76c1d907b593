"""The demo's vocabularies: digits apart, nothing unknown to the generator, and prose read from the files people have."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.training.vocabulary import pieces_of, read_prose, train_tokenizers
from tests.small_tokenizers import SENTENCES

TOKENIZER = train_tokenizers(SENTENCES * 5, word_pieces=200, byte_pairs=400)


@given(st.integers(0, 10**9))
def test_every_digit_of_a_number_is_a_token(number):
    ids = TOKENIZER.generator.encode_plain(f"in {number}")
    pieces = [TOKENIZER.generator.decode([token_id]) for token_id in ids]
    assert [piece for piece in pieces if any(c.isdigit() for c in piece)] == list(str(number))


@given(st.text(max_size=40))
def test_the_generator_writes_back_any_text(text):
    clean = "".join(c for c in text if not 0xD800 <= ord(c) < 0xE000)
    ids = TOKENIZER.generator.encode_plain(clean)
    if not any(special in clean for special in ("<s>", "</s>", "<pad>", "<mask>", "<unk>")):
        assert TOKENIZER.generator.decode(ids) == clean


def test_a_vocabulary_has_as_many_pieces_as_ids():
    assert len(pieces_of(TOKENIZER.generator)) == TOKENIZER.generator.vocab_size == 400


@pytest.mark.parametrize("name", ["prose.txt", "prose.jsonl", "prose.jsonl.gz"])
def test_prose_is_read_from_text_and_json_lines(tmp_path, name):
    content = '{"text": "one"}\n\n{"text": "two\u2028three"}\n' if "json" in name else "one\ntwo\u2028three"
    raw = content.encode()
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    assert read_prose(tmp_path / name) == ["one", "two\u2028three"]


def test_a_line_that_is_no_json_is_named(tmp_path):
    (tmp_path / "prose.jsonl").write_text('{"text": "one"}\n{"title": "no text"}\n')
    with pytest.raises(ValueError, match=r"prose\.jsonl:2: not a JSON object"):
        read_prose(tmp_path / "prose.jsonl")

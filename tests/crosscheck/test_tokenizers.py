"""Ids, masks, cuts, padding, decoded text and saved folders against transformers' own tokenizers, in all scripts."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, BartTokenizer, BertTokenizer, RagConfig, RagRetriever
from transformers import DPRQuestionEncoderTokenizer as QuestionTokenizer

from minirag.text.generator_input import generator_input_ids
from minirag.text.rag_tokenizer import RagTokenizer
from minirag.text.tokenizers import Tokenizer
from minirag.text.truncation import TRUNCATIONS
from tests.many_scripts import byte_level_of_many_scripts, texts, without_surrogates
from tests.minilm import FOLDER as MINILM
from tests.small_tokenizers import byte_level, rag_tokenizer, word_piece

THEIRS = {
    "tokenizer.json, WordPiece": QuestionTokenizer,
    "vocab.txt": QuestionTokenizer,
    "tokenizer.json, cased": BertTokenizer,  # DPR's own class lower-cases it, see below
    "vocab.txt, cased": BertTokenizer,
    "tokenizer.json, MiniLM": QuestionTokenizer,
    "vocab.txt, MiniLM": QuestionTokenizer,
    "tokenizer.json, BPE": BartTokenizer,
    "vocab.json and merges.txt": BartTokenizer,
    "<mask> takes a space": BartTokenizer,
}
layouts = pytest.mark.parametrize("layout", THEIRS)
filled = texts.filter(bool)  # transformers takes an empty pair for none


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Every layout in a folder of its own; those with tokenizer.json as transformers saves them."""
    place = tmp_path_factory.mktemp("layouts")
    folder = {name: place / str(number) for number, name in enumerate(THEIRS)}
    vocab = word_piece().backend.get_vocab()
    QuestionTokenizer(vocab=vocab).save_pretrained(folder["tokenizer.json, WordPiece"])
    write_vocab_txt(folder["vocab.txt"], vocab)
    BertTokenizer(vocab=vocab, do_lower_case=False).save_pretrained(folder["tokenizer.json, cased"])
    write_vocab_txt(folder["vocab.txt, cased"], vocab, do_lower_case=False)
    shutil.copytree(
        MINILM, folder["tokenizer.json, MiniLM"], ignore=shutil.ignore_patterns("vocab.txt", "*.safetensors")
    )
    folder["vocab.txt, MiniLM"].mkdir()
    shutil.copy(MINILM / "vocab.txt", folder["vocab.txt, MiniLM"])
    vocab_file, merges_file = write_vocab_and_merges(folder["vocab.json and merges.txt"])
    BartTokenizer(vocab=vocab_file, merges=merges_file).save_pretrained(folder["tokenizer.json, BPE"])
    write_vocab_and_merges(folder["<mask> takes a space"])
    mask = {"content": "<mask>", "lstrip": True, "rstrip": False, "single_word": False, "normalized": False}
    (folder["<mask> takes a space"] / "special_tokens_map.json").write_text(json.dumps({"mask_token": mask}))
    return folder


def write_vocab_txt(folder, vocab, **settings):
    folder.mkdir()
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in sorted(vocab, key=vocab.get)), "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def write_vocab_and_merges(folder):
    folder.mkdir()
    return byte_level_of_many_scripts().backend.model.save(str(folder))


@pytest.fixture(scope="module")
def pairs(folders):
    """layout → (ours, theirs), both opened from the same folder."""
    return {
        name: (Tokenizer.from_pretrained(folders[name]), cls.from_pretrained(folders[name]))
        for name, cls in THEIRS.items()
    }


@layouts
@given(text=texts, pair=filled)
def test_ids_and_decoded_text_are_theirs(pairs, layout, text, pair):
    ours, theirs = pairs[layout]
    same, same_pair = without_surrogates(text), without_surrogates(pair)
    ids = ours.encode(text, pair)
    assert ours.encode(text) == theirs(same)["input_ids"]
    assert ids == theirs(same, same_pair)["input_ids"]
    assert ours.encode_plain(text) == theirs(same, add_special_tokens=False)["input_ids"]
    for skip in (True, False):
        assert ours.decode(ids, skip) == theirs.decode(ids, skip_special_tokens=skip)
    for role in ("pad", "cls", "sep", "mask"):
        assert getattr(ours, f"{role}_token_id") == getattr(theirs, f"{role}_token_id")


@layouts
@given(text=texts, pair=st.none() | filled, max_length=st.integers(5, 24), truncation=st.sampled_from(TRUNCATIONS))
def test_what_is_too_long_is_cut_as_theirs(pairs, layout, text, pair, max_length, truncation):
    ours, theirs = pairs[layout]
    try:
        same = (without_surrogates(text), None if pair is None else without_surrogates(pair))
        expected = theirs(*same, truncation=truncation, max_length=max_length)["input_ids"]
    except Exception as error:  # the library's only exception class; theirs says no more than that it is too short
        assert "Truncation error" in str(error) and truncation != "longest_first"
        with pytest.raises(ValueError, match=f"truncation='{truncation}'"):
            ours.encode(text, pair, max_length, truncation)
    else:
        assert ours.encode(text, pair, max_length, truncation) == expected
    assert ours.backend.truncation is None and ours.backend.padding is None  # nothing is left behind


@layouts
@given(
    rows=st.lists(st.tuples(texts, filled), min_size=1, max_size=4), max_length=st.integers(5, 24), paired=st.booleans()
)
def test_a_batch_is_padded_and_masked_as_theirs(pairs, layout, rows, max_length, paired):
    ours, theirs = pairs[layout]
    firsts, seconds = [text for text, _ in rows], [pair for _, pair in rows] if paired else None
    same = [list(map(without_surrogates, side)) if side is not None else None for side in (firsts, seconds)]
    for padding in ("longest", "max_length"):
        batch = ours(firsts, seconds, max_length, padding=padding)
        expected = theirs(*same, truncation=True, max_length=max_length, padding=padding, return_tensors="pt")
        assert batch.input_ids.equal(expected["input_ids"])
        assert batch.attention_mask.equal(expected["attention_mask"].bool())


@given(text=texts)
def test_spaces_are_cleaned_up_as_theirs_where_the_settings_say_so(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp() / "clean"
    if not folder.exists():
        write_vocab_txt(folder, word_piece().backend.get_vocab(), clean_up_tokenization_spaces=True)
    ours, theirs = Tokenizer.from_pretrained(folder), QuestionTokenizer.from_pretrained(folder)
    ids = ours.encode(text)
    assert ours.decode(ids) == theirs.decode(ids, skip_special_tokens=True)


def test_dprs_own_class_lower_cases_a_cased_vocabulary_and_ours_does_not(folders):
    """Deviation: 5.23.0 takes `do_lower_case` from the file and forgets it."""
    for layout in ("tokenizer.json, cased", "vocab.txt, cased"):
        ours, theirs = Tokenizer.from_pretrained(folders[layout]), QuestionTokenizer.from_pretrained(folders[layout])
        assert theirs("MONGOLIA")["input_ids"] == theirs("mongolia")["input_ids"]
        assert ours.encode("MONGOLIA") != ours.encode("mongolia")
        assert ours.encode("mongolia") == theirs("mongolia")["input_ids"]


@given(
    rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=4),
    lengths=st.tuples(st.integers(4, 24), st.integers(4, 24)),
    rules=st.sampled_from([(True, True), ("longest", False), ("max_length", True), (False, True), (False, False)]),
)
def test_a_seq2seq_batch_is_what_both_of_their_tokenizers_give(pairs, rows, lengths, rules):
    """4.x is no longer there to ask: its documented calls, with the generator's tokenizer for the answers."""
    (ours, theirs), (our_generator, their_generator) = pairs["vocab.txt"], pairs["tokenizer.json, BPE"]
    questions, answers = map(list, zip(*rows, strict=True))
    settings = {"padding": rules[0], "truncation": rules[1]}
    batch = RagTokenizer(ours, our_generator).prepare_seq2seq_batch(questions, answers, *lengths, **settings)
    sides = [(theirs, questions, lengths[0]), (their_generator, answers, lengths[1])]
    source, target = (
        side(list(map(without_surrogates, side_texts)), **settings, **({"max_length": length} if rules[1] else {}))
        for side, side_texts, length in sides
    )
    assert batch["input_ids"] == source["input_ids"] and batch["attention_mask"] == source["attention_mask"]
    assert batch["labels"] == target["input_ids"]


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


@given(title=st.text(max_size=20) | st.just('"Bern"'), text=st.text(max_size=60), question=st.text(max_size=20))
def test_the_generator_input_is_theirs_when_nothing_is_too_long(pairs, title, text, question):
    ours, theirs = pairs["tokenizer.json, BPE"]
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

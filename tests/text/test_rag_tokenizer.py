import pytest

from minirag.text.rag_tokenizer import RagTokenizer
from minirag.text.tokenizers import Tokenizer
from tests.small_tokenizers import byte_level, rag_tokenizer, word_piece

TOKENIZER = rag_tokenizer()


def test_calling_reads_questions_and_decoding_reads_answers():
    assert TOKENIZER("Mongolia?").input_ids.tolist() == [TOKENIZER.question_encoder.encode("Mongolia?")]
    assert TOKENIZER.decode(TOKENIZER.generator.encode("Ulaanbaatar")) == "Ulaanbaatar"
    assert TOKENIZER.batch_decode([TOKENIZER.generator.encode("Bern")]) == ["Bern"]


def test_a_saved_pair_lies_in_two_folders_and_opens_again(tmp_path):
    TOKENIZER.save_pretrained(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generator_tokenizer", "question_encoder_tokenizer"]
    opened = RagTokenizer.from_pretrained(tmp_path)
    assert opened("Où?").input_ids.tolist() == TOKENIZER("Où?").input_ids.tolist()
    assert opened.generator.encode("Où?") == TOKENIZER.generator.encode("Où?")


def test_a_missing_half_is_named(tmp_path):
    TOKENIZER.question_encoder.save_pretrained(tmp_path / "question_encoder_tokenizer")
    with pytest.raises(ValueError, match="generator_tokenizer: no tokenizer folder there"):
        RagTokenizer.from_pretrained(tmp_path)


def test_questions_and_answers_become_one_training_batch():
    questions, answers = ["Who?", "What is iron?"], ["Marie Curie", "Fe"]
    batch = TOKENIZER.prepare_seq2seq_batch(questions, answers, max_target_length=6, return_tensors="pt")
    assert batch.input_ids.equal(TOKENIZER(questions).input_ids)
    assert batch["attention_mask"].equal(TOKENIZER(questions).attention_mask)
    assert dict(**batch)["labels"].equal(TOKENIZER.generator(answers, max_length=6).input_ids)
    lists = TOKENIZER.prepare_seq2seq_batch(questions, answers, max_target_length=6)
    assert {name: lists[name] for name in lists} == {name: batch[name].int().tolist() for name in batch}


def test_questions_alone_have_no_labels():
    batch = TOKENIZER.prepare_seq2seq_batch(["Who?"])
    assert batch.labels is None and list(batch) == ["input_ids", "attention_mask"]
    with pytest.raises(KeyError, match="labels"):
        batch["labels"]


def test_lengths_are_by_default_those_of_the_two_tokenizers():
    question_encoder = Tokenizer(word_piece().backend, {"model_max_length": 5})
    generator = Tokenizer(byte_level().backend, {"model_max_length": 7})
    tokenizer = RagTokenizer(question_encoder, generator)
    long = ["the capital of mongolia is ulaanbaatar"]
    batch = tokenizer.prepare_seq2seq_batch(long, long, return_tensors="pt")
    assert (batch.input_ids.shape[1], batch.labels.shape[1]) == (5, 7)
    batch = tokenizer.prepare_seq2seq_batch(["Who?"], ["Fe"], padding="max_length", return_tensors="pt")
    assert (batch.input_ids.shape[1], batch.labels.shape[1]) == (5, 7)
    uncut = tokenizer.prepare_seq2seq_batch(long, long, truncation=False)
    assert (uncut.input_ids, uncut.labels) == ([question_encoder.encode(*long)], [generator.encode(*long)])


def test_rows_that_are_not_padded_come_as_lists():
    batch = TOKENIZER.prepare_seq2seq_batch(["Who?", "What is iron?"], padding=False)
    assert [len(row) for row in batch.attention_mask] == [len(row) for row in batch.input_ids]
    assert len(batch.input_ids[0]) < len(batch.input_ids[1])


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"padding": False, "return_tensors": "pt"}, "needs rows of one length"),
        ({"padding": "max_length"}, "padding='max_length' needs max_length"),
        ({"padding": "max_length", "max_length": 5, "truncation": False}, r"a row of \d+ ids is wider than 5"),
        ({"padding": "left"}, "padding='left' is not one of True, 'longest'"),
        ({"truncation": "only_second"}, "truncation='only_second' is not one of"),
        ({"return_tensors": "np"}, "return_tensors='np' is not one of 'pt', None"),
        ({"pad_to_multiple_of": 8, "verbose": True}, "pad_to_multiple_of, verbose cannot be honoured"),
    ],
)
def test_what_a_seq2seq_batch_cannot_honour_is_named(settings, fault):
    with pytest.raises(ValueError, match=fault):
        TOKENIZER.prepare_seq2seq_batch(["Who?", "What is iron, and how heavy is it?"], **settings)


def test_questions_without_their_answers_and_one_text_alone_are_refused():
    with pytest.raises(ValueError, match="2 questions with 1 answers"):
        TOKENIZER.prepare_seq2seq_batch(["Who?", "What?"], ["Fe"])
    with pytest.raises(ValueError, match="takes lists of texts"):
        TOKENIZER.prepare_seq2seq_batch("Who?")

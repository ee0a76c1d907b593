import pytest

from minirag.text.rag_tokenizer import RagTokenizer
from tests.small_tokenizers import rag_tokenizer

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
    batch = TOKENIZER.prepare_seq2seq_batch(["Who?", "What is iron?"], ["Marie Curie", "Fe"], max_target_length=6)
    assert batch.input_ids.shape == batch.attention_mask.shape and len(batch.input_ids) == 2
    assert batch.labels.tolist() == TOKENIZER.generator(["Marie Curie", "Fe"], max_length=6).input_ids.tolist()
    assert TOKENIZER.prepare_seq2seq_batch(["Who?"]).labels is None


def test_questions_without_their_answers_are_refused():
    with pytest.raises(ValueError, match="2 questions with 1 answers"):
        TOKENIZER.prepare_seq2seq_batch(["Who?", "What?"], ["Fe"])

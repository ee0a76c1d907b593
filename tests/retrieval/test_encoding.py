"""Vectors of questions and passages: what a text is encoded with changes nothing, and a long one is cut."""

import torch

from minirag.retrieval.encoding import encode_passages, encode_questions
from minirag.retrieval.passages import Passage
from tests.model.networks import context_encoder
from tests.small_tokenizers import word_piece

PASSAGES = [
    Passage(str(n), title, text)
    for n, (title, text) in enumerate(
        [
            ("Mongolia", "Its capital is Ulaanbaatar."),
            ("Malta", "The capital of Malta is Valletta, and its currency is the euro."),
            ("Bern", ""),
        ]
    )
]


def small_encoder():
    return context_encoder(vocab_size=word_piece().vocab_size, max_position_embeddings=128).requires_grad_(False)


def test_vectors_do_not_depend_on_the_batch_they_are_made_in():
    encoder, tokenizer = small_encoder(), word_piece()
    questions = ["What is the capital of Malta?", "Bern?"]
    close = {"atol": 1e-5, "rtol": 1e-5}
    together = encode_questions(encoder, tokenizer, questions)
    for row, question in enumerate(questions):
        torch.testing.assert_close(together[row : row + 1], encode_questions(encoder, tokenizer, [question]), **close)
    together = encode_passages(encoder, tokenizer, PASSAGES)
    for row, passage in enumerate(PASSAGES):
        torch.testing.assert_close(together[row : row + 1], encode_passages(encoder, tokenizer, [passage]), **close)


def test_title_and_text_are_a_pair_and_not_one_string():
    encoder, tokenizer = small_encoder(), word_piece()
    split, joined = encode_passages(
        encoder, tokenizer, [Passage("0", "Malta", "Valletta"), Passage("1", "Malta Valletta", "")]
    )
    assert not torch.allclose(split, joined, atol=1e-3)


def test_what_does_not_fit_the_encoder_is_cut_off():
    encoder, tokenizer = small_encoder(), word_piece()
    long = encode_passages(encoder, tokenizer, [Passage("0", "Malta", "the capital " * 500)])
    longer = encode_passages(encoder, tokenizer, [Passage("0", "Malta", "the capital " * 600)])
    assert torch.equal(long, longer)

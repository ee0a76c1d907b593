"""An encoder that was never trained compares texts by the rare words that they share."""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minirag.configuration import BertConfig
from minirag.model.dpr import DPRContextEncoder
from minirag.text.tokenizers import Tokenizer
from minirag.training.dpr.bag_of_words import inverse_document_frequencies, start_as_bag_of_words
from minirag.training.initialise import initialise_small

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "capital", "of", "bern", "oslo", "fjord"]
TOKENIZER = Tokenizer.word_piece({word: row for row, word in enumerate(WORDS)})
TEXTS = ["the capital of bern", "the capital of oslo", "the the fjord of oslo", "of the the the"]


def encoder(width: int, layers: int = 2) -> DPRContextEncoder:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=width, num_hidden_layers=layers, num_attention_heads=2,
        intermediate_size=8, max_position_embeddings=16, pooling="mean", normalize=True,
    )  # fmt: skip
    model = DPRContextEncoder(config)
    initialise_small(model)
    start_as_bag_of_words(model.ctx_encoder.bert, inverse_document_frequencies(TOKENIZER, TEXTS))
    return model.eval()


def vectors(model: DPRContextEncoder, texts: list[str]) -> torch.Tensor:
    batch = TOKENIZER(texts)
    with torch.no_grad():
        return model(batch.input_ids, batch.attention_mask).pooler_output


def bag(text: str) -> torch.Tensor:
    """A vector with a coordinate for each word: tf · idf^¾ / √(2 + idf^1½), of length 1."""
    holding = {word: sum(word in other.split() for other in TEXTS) for word in WORDS}
    counts, weights = Counter(text.split()), torch.zeros(len(WORDS))
    for row, word in enumerate(WORDS):
        length = (math.log(4 / max(1, holding[word])) / math.log(4)) ** 0.75
        weights[row] = counts[word] * length / math.sqrt(2 + length**2)
    return weights / weights.norm()


def test_a_word_is_worth_more_the_fewer_texts_hold_it():
    idf = dict(zip(WORDS, inverse_document_frequencies(TOKENIZER, TEXTS).tolist(), strict=True))
    assert idf == pytest.approx(
        dict.fromkeys(WORDS[:5], 0.0) | {"the": 0, "of": 0, "capital": 0.5, "bern": 1, "oslo": 0.5, "fjord": 1}
    )


@given(st.integers(2, 3000))
@settings(max_examples=20)
def test_no_piece_is_worth_less_than_nothing_however_many_texts_there_are(count):
    idf = inverse_document_frequencies(TOKENIZER, ["bern"] * (count - 1) + ["oslo bern"])
    assert (idf >= 0).all() and (idf <= 1).all() and idf[WORDS.index("bern")] == 0


def test_the_cosines_of_a_wide_encoder_are_those_of_a_bag_of_words_that_is_weighted_by_idf():
    texts = [*TEXTS[:3], "oslo bern", "fjord fjord capital", "the capital of bern of bern"]
    found, expected = vectors(encoder(width=4096), texts), torch.stack([bag(text) for text in texts])
    assert torch.allclose(found @ found.T, expected @ expected.T, atol=0.1)


def test_neither_order_nor_padding_nor_ballast_counts():
    model = encoder(width=16)
    one, other, _ = vectors(model, ["capital of the bern", "bern the of capital", "the fjord " * 6])
    (alone,) = vectors(model, ["bern capital"])
    assert torch.allclose(one, other, atol=1e-6) and torch.allclose(one, alone, atol=1e-6)
    assert torch.equal(one[:2], torch.zeros(2))


def test_every_weight_that_was_silenced_learns_again():
    model = encoder(width=16).train()
    batch = TOKENIZER(TEXTS[:3])
    (model(batch.input_ids, batch.attention_mask).pooler_output ** 3).sum().backward()
    layer = model.ctx_encoder.bert.layers[0]
    for weight in (
        layer.attention.output.weight,
        layer.down.weight,
        model.ctx_encoder.bert.embeddings.positions.weight,
    ):
        assert weight.grad is not None and weight.grad.abs().max() > 0


def test_two_texts_at_least_are_needed_to_tell_rare_from_common():
    with pytest.raises(ValueError, match="1 texts are too few"):
        inverse_document_frequencies(TOKENIZER, ["bern"])

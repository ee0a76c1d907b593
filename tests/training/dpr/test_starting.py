"""A training begins with new networks or with published ones, as it is told."""

import pytest

from minirag.training.dpr.starting import Beginning, begin
from minirag.training.dpr.towers import save_towers

TEXTS = ["Bern is the capital of Switzerland.", "Oslo is the capital of Norway."] * 20


def small(**settings) -> Beginning:
    return Beginning(**{"vocab_size": 100, "layers": 1, "width": 8, "heads": 2, **settings})


def test_a_new_encoder_has_the_sizes_that_were_asked_for_and_a_vocabulary_of_the_texts(tmp_path):
    model, tokenizer = begin(
        small(towers=2, pooling="mean", dropout=0.2, feed_forward=12), lambda: TEXTS, tmp_path / "tokenizer"
    )
    config = model.question_encoder.config
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (1, 8, 2)
    assert config.intermediate_size == 12
    assert (config.pooling, config.hidden_dropout_prob, config.vocab_size) == ("mean", 0.2, tokenizer.vocab_size)
    assert "capital" in tokenizer.backend.get_vocab()


def test_the_vocabulary_is_learned_once_so_that_a_run_goes_on_with_the_same(tmp_path):
    _, tokenizer = begin(small(), lambda: TEXTS, tmp_path / "tokenizer")
    _, again = begin(small(), lambda: pytest.fail("learned twice"), tmp_path / "tokenizer")
    _, named = begin(small(tokenizer=tmp_path / "tokenizer"), lambda: pytest.fail("learned"), tmp_path / "other")
    assert tokenizer.backend.get_vocab() == again.backend.get_vocab() == named.backend.get_vocab()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, 1.0), ({"normalize": True}, 20.0), ({"normalize": True, "scale": 7.0}, 7.0), ({"scale": 0.5}, 0.5)],
)
def test_the_scale_is_what_is_named_or_a_temperature_for_cosines(tmp_path, settings, expected):
    assert begin(small(**settings), lambda: TEXTS, tmp_path / "tokenizer")[0].scale == expected


def test_mean_states_of_unit_length_start_as_a_bag_of_words_unless_told_otherwise(tmp_path):
    def positions(**settings) -> float:
        model, _ = begin(small(**settings), lambda: TEXTS, tmp_path / "tokenizer")
        return model.ctx_encoder.ctx_encoder.bert.embeddings.positions.weight.abs().max().item()

    assert positions(pooling="mean", normalize=True, towers=2) == 0 == positions(pooling="mean", bag_of_words=True)
    assert positions() > 0 and positions(pooling="mean", normalize=True, bag_of_words=False) > 0
    for settings in ({"bag_of_words": True}, {"bag_of_words": True, "pooling": "mean", "start": tmp_path}):
        with pytest.raises(ValueError, match="only a new encoder whose vector is the mean"):
            begin(small(**settings), lambda: TEXTS, tmp_path / "tokenizer")


def test_a_start_brings_its_own_sizes_and_tokenizer(tmp_path):
    model, tokenizer = begin(small(), lambda: TEXTS, tmp_path / "tokenizer")
    save_towers(model, tokenizer, tmp_path / "start")
    opened, own = begin(
        Beginning(start=tmp_path / "start", dropout=0.0), lambda: pytest.fail("learned"), tmp_path / "x"
    )
    assert opened.ctx_encoder.config.hidden_size == 8 and opened.ctx_encoder.config.hidden_dropout_prob == 0.0
    assert own.backend.get_vocab() == tokenizer.backend.get_vocab()

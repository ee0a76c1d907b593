"""Where a generator begins: random weights of the size asked for, or the very weights of another one."""

import pytest
import torch

from minirag.model.checkpoint import save_network
from minirag.rag import RagModel
from minirag.training.bart.start import learned_vocabulary, new_generator, open_generator, read_layers
from minirag.training.texts import Texts
from tests.small_tokenizers import byte_level
from tests.training.bart.small_course import small_generator, write_texts


def same(one, other):
    weights = other.state_dict()
    return all(torch.equal(tensor, weights[name]) for name, tensor in one.state_dict().items())


def test_a_new_generator_has_the_size_asked_for_and_the_weights_of_its_seed():
    one, again, other = (new_generator(400, (2, 1), 16, 2, 0.1, seed) for seed in (0, 0, 1))
    config = one.config
    assert (config.encoder_layers, config.decoder_layers, config.d_model, config.dropout) == (2, 1, 16, 0.1)
    assert same(one, again) and not same(one, other)


def test_a_bart_folder_and_a_rag_folder_hand_over_their_generator(tmp_path, tiny_folder):
    generator = small_generator()
    save_network(generator, tmp_path / "bart")
    byte_level().save_pretrained(tmp_path / "bart")
    opened, tokenizer = open_generator(tmp_path / "bart", dropout=0.2)
    assert same(opened, generator) and opened.config.dropout == 0.2
    assert tokenizer.encode("Bern") == byte_level().encode("Bern")
    assert same(open_generator(tiny_folder)[0], RagModel.from_pretrained(tiny_folder).generator)


def test_a_generator_without_a_tokenizer_is_refused(tmp_path):
    save_network(small_generator(), tmp_path / "bart")
    with pytest.raises(ValueError, match="holds no tokenizer"):
        open_generator(tmp_path / "bart")


def test_a_vocabulary_is_learned_from_the_texts(tmp_path):
    tokenizer = learned_vocabulary(Texts([write_texts(tmp_path)]), 300)
    assert tokenizer.vocab_size <= 300
    assert tokenizer.decode(tokenizer.encode("Où est Bern?")) == "Où est Bern?"


def test_layers_are_two_numbers():
    assert read_layers("3, 2") == (3, 2)
    for wrong in ("3", "3,0", "a,b", "1,2,3"):
        with pytest.raises(ValueError, match="layers"):
            read_layers(wrong)

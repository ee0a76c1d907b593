"""One encoder or two: what is saved scores as what was trained, and any published folder is a beginning."""

import pytest
import torch

from minirag.model.checkpoint import load_network, save_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.training.dpr.towers import Towers, new_towers, open_towers, question_encoder_of, save_towers
from tests.model.networks import bert_config, context_encoder, question_encoder, ragged_ids
from tests.small_tokenizers import word_piece


def own_folder(place, encoder=None):
    save_network(encoder or context_encoder(vocab_size=word_piece().vocab_size, normalize=True), place)
    word_piece().save_pretrained(place)
    return place


def apart() -> Towers:
    torch.manual_seed(2)
    model = new_towers(bert_config(), towers=2, scale=3.0)
    with torch.no_grad():
        model.question_encoder.question_encoder.bert.embeddings.words.weight[7] += 1.0
    return model.eval()


@pytest.mark.parametrize("make", [apart, lambda: Towers(context_encoder(), None, 5.0)])
def test_the_two_folders_give_the_vectors_that_were_trained(tmp_path, make):
    model, (ids, mask) = make(), ragged_ids([5, 3])
    save_towers(model, word_piece(), tmp_path / "out")
    q = load_network(DPRQuestionEncoder, tmp_path / "out" / "question_encoder")(ids, mask).pooler_output
    d = load_network(DPRContextEncoder, tmp_path / "out" / "ctx_encoder")(ids, mask).pooler_output
    torch.testing.assert_close(q, model.question_vectors(ids, mask))
    torch.testing.assert_close(d, model.passage_vectors(ids, mask))


@pytest.mark.parametrize("towers", [1, 2])
def test_what_was_saved_can_be_trained_on(tmp_path, towers):
    model, (ids, mask) = new_towers(bert_config(), towers, scale=4.0).eval(), ragged_ids([5, 3])
    save_towers(model, word_piece(), tmp_path / "out")
    again, tokenizer = open_towers(tmp_path / "out", towers)
    assert again.scale == 4.0 and tokenizer.encode("Bern") == word_piece().encode("Bern")
    torch.testing.assert_close(again.question_vectors(ids, mask), model.question_vectors(ids, mask))
    assert (again.question_encoder is None) == (towers == 1)


def test_two_towers_that_differ_do_not_become_one(tmp_path):
    save_towers(apart(), word_piece(), tmp_path / "out")
    with pytest.raises(ValueError, match="holds two encoders that differ; train them on with two towers"):
        open_towers(tmp_path / "out", 1)


def test_a_single_encoder_begins_both_sides_and_unit_vectors_get_a_temperature(tmp_path):
    model, _ = open_towers(own_folder(tmp_path / "one"), 2)
    ids, mask = ragged_ids([5, 3])
    torch.testing.assert_close(model.question_vectors(ids, mask), 20 * model.passage_vectors(ids, mask))
    plain, _ = open_towers(own_folder(tmp_path / "plain", context_encoder(vocab_size=word_piece().vocab_size)), 1)
    assert plain.scale == 1.0


def test_settings_that_are_named_replace_the_folders_and_a_fixed_context_encoder_keeps_its_own(tmp_path):
    folder = own_folder(tmp_path / "one")
    model, _ = open_towers(folder, 2, pooling="mean", hidden_dropout_prob=0.3)
    assert model.ctx_encoder.config.pooling == model.question_encoder.config.pooling == "mean"
    fixed, _ = open_towers(folder, 2, fixed=True, hidden_dropout_prob=0.3)
    assert fixed.ctx_encoder.config == load_network(DPRContextEncoder, folder).config
    assert fixed.question_encoder.config.hidden_dropout_prob == 0.3


def test_one_tower_has_every_weight_once_and_two_have_their_own():
    one, two = new_towers(bert_config(), 1), new_towers(bert_config(), 2)
    count = sum(parameter.numel() for parameter in one.parameters())
    assert sum(parameter.numel() for parameter in two.parameters()) == 2 * count
    assert len(one.state_dict()) == len(list(one.parameters()))


def test_a_copy_of_the_context_encoder_answers_as_it_does():
    ids, mask = ragged_ids([4, 6])
    encoder = context_encoder()
    assert torch.equal(question_encoder_of(encoder).eval()(ids, mask).pooler_output, encoder(ids, mask).pooler_output)
    assert not torch.equal(question_encoder()(ids, mask).pooler_output, encoder(ids, mask).pooler_output)

"""Training the retriever: the batch holds one right passage per question, and it learns."""

from random import Random

import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.training.accumulation import in_one_part
from minirag.training.demo.pairs import pair_loss, pairs, top_1
from minirag.training.loop import Task, train
from minirag.training.settings import LoopSettings
from minirag.training.vocabulary import pieces_of
from minirag.world.invented import Inventor
from tests.model.networks import context_encoder
from tests.small_tokenizers import byte_level, word_piece


def small_encoder():
    return context_encoder(
        vocab_size=word_piece().vocab_size,
        max_position_embeddings=128,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


@given(st.integers(0, 500))
def test_each_question_is_answered_by_its_own_passage_alone(seed):
    batch = pairs(Inventor(pieces_of(byte_level())), 6, Random(seed))
    assert len(batch) == 12
    for first, second in zip(batch[::2], batch[1::2], strict=True):
        assert first.passage.title == second.passage.title and first.passage.text != second.passage.text
        for pair in (first, second):
            # questions may be in capitals, from which ı and ß do not come back
            assert pair.passage.title.upper() in pair.question.upper()
    assert len({pair.passage.title for pair in batch}) == 6


def test_the_retriever_learns_a_batch_by_heart():
    encoder, tokenizer = small_encoder(), word_piece()
    batch = pairs(Inventor(pieces_of(byte_level())), 6, Random(3))
    settings = LoopSettings(steps=120, learning_rate=0.003, warmup_steps=5, bf16=False)
    task = Task(
        in_one_part(lambda step: pair_loss(encoder, encoder, tokenizer, batch), torch.device("cpu"), bf16=False)
    )
    losses = [p.loss for p in train(encoder, task, settings)]
    assert losses[-1] < 0.2 * losses[0]
    assert top_1(encoder, tokenizer, batch) == 1.0

"""Training RAG: the loss is −log p(y|x), retriever and generator get gradients from it, and the index gets none."""

from random import Random

import pytest
import torch

from minirag.retrieval.encoding import encode_questions
from minirag.training.accumulation import in_one_part
from minirag.training.demo.lessons import answer_text, recased
from minirag.training.demo.worlds import answer_logits, invented_world, rag_loss, retrieve
from minirag.training.loop import Task, train
from minirag.training.settings import LoopSettings
from minirag.training.vocabulary import pieces_of
from minirag.world.invented import Inventor
from minirag.world.passages import ask
from tests.model.networks import bart, context_encoder, question_encoder
from tests.small_tokenizers import rag_tokenizer


@pytest.fixture
def parts():
    tokenizer = rag_tokenizer()
    sizes = {"vocab_size": tokenizer.question_encoder.vocab_size, "max_position_embeddings": 128}
    generator = bart(vocab_size=400, max_position_embeddings=256, decoder_start_token_id=0, dropout=0.0)
    encoder = context_encoder(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **sizes)
    world = invented_world(Inventor(pieces_of(tokenizer.generator)), encoder, tokenizer, 4, Random(0))
    return (
        question_encoder(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **sizes),
        generator,
        tokenizer,
        world,
    )


@pytest.mark.parametrize("likelihood", ["token", "sequence"])
def test_the_loss_is_the_nll_that_a_loop_over_passages_and_tokens_computes(parts, likelihood):
    encoder, generator, tokenizer, world = parts
    asked = world.facts[:2]
    with torch.no_grad():
        loss = rag_loss(encoder, generator, tokenizer, world, asked, Random(5), n_docs=3, likelihood=likelihood)
        total = 0.0
        rng = Random(5)
        for fact in asked:
            question = recased(ask(fact, rng), rng)
            scores, rows = retrieve(encode_questions(encoder, tokenizer.question_encoder, [question]), world, 3)
            prior = scores[0].double().softmax(0)
            targets = torch.tensor([tokenizer.generator.encode(answer_text(fact.value))[1:]])
            found = [[world.passages[row] for row in rows[0].tolist()]]
            logits = answer_logits(generator, tokenizer, [question], found, targets)[0].double().softmax(-1)
            table = logits.gather(-1, targets[:, :, None].expand(3, -1, 1))[:, :, 0]  # (K, T)
            each = (prior[:, None] * table).sum(0).prod() if likelihood == "token" else (prior * table.prod(1)).sum()
            total -= each.log().item()
    torch.testing.assert_close(loss.double(), torch.tensor(total / 2, dtype=torch.float64), atol=1e-4, rtol=1e-4)


def test_question_encoder_and_generator_are_trained_and_the_index_is_not(parts):
    encoder, generator, tokenizer, world = parts
    rag_loss(encoder, generator, tokenizer, world, world.facts[:3], Random(0), n_docs=3).backward()
    assert all(
        p.grad is not None and p.grad.abs().sum() > 0
        for p in encoder.question_encoder.bert.layers.parameters()
        if p.dim() > 1
    )
    assert generator.embed_tokens.weight.grad.abs().sum() > 0
    assert not world.vectors.requires_grad


def test_the_loss_falls_on_a_set_that_can_be_memorised(parts):
    encoder, generator, tokenizer, world = parts
    both = torch.nn.ModuleList([encoder, generator])
    settings = LoopSettings(steps=100, learning_rate=0.003, warmup_steps=5, bf16=False)

    def loss_at(step: int) -> torch.Tensor:
        return rag_loss(encoder, generator, tokenizer, world, world.facts[:2], Random(1), 2)

    task = Task(in_one_part(loss_at, torch.device("cpu"), bf16=False))
    losses = [progress.loss for progress in train(both, task, settings)]
    assert losses[-1] < 0.3 * losses[0]


def test_fewer_passages_than_n_docs_are_all_retrieved(parts):
    encoder, _, tokenizer, world = parts
    vectors = encode_questions(encoder, tokenizer.question_encoder, ["Who?"])
    scores, rows = retrieve(vectors, world, 10_000)
    assert sorted(rows[0].tolist()) == list(range(len(world.passages)))
    assert scores[0].tolist() == sorted(scores[0].tolist(), reverse=True)

"""How do retriever and generator learn from each other? −log p(y|x), summed over passages that nobody has marked as right.

Paper     RAG §2.4: question encoder and generator are trained, context encoder and index stay fixed
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/demo/test_worlds.py

The gradient with respect to a passage's score is posterior − prior: a passage that explained the answer better than the
others moves closer to the question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from minirag.likelihood import doc_logprobs, gather_token_logprobs, rag_sequence_logprob, rag_token_logprob
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.retrieval.encoding import encode_passages, encode_questions
from minirag.retrieval.passages import Passage
from minirag.text.batching import pad_ids
from minirag.text.generator_input import generator_inputs, passage_string
from minirag.text.rag_tokenizer import RagTokenizer
from minirag.training.bart.examples import answer_text
from minirag.training.demo.lessons import recased
from minirag.world.facts import Fact
from minirag.world.invented import Inventor
from minirag.world.passages import ask, write_passages

LIKELIHOODS = {"token": rag_token_logprob, "sequence": rag_sequence_logprob}


@dataclass(frozen=True)
class World:
    """An invented knowledge base in memory: passages, their vectors (N, D), and the facts that can be asked for."""

    passages: list[Passage]
    vectors: Float[Tensor, "N D"]
    facts: list[Fact]


def invented_world(
    inventor: Inventor, encoder: DPRContextEncoder, tokenizer: RagTokenizer, entities: int, rng: Random
) -> World:
    """`entities` countries and elements with some eleven facts each, written, encoded once and then fixed (RAG §2.4)."""
    names = [inventor.entity(rng) for _ in range(entities)]
    names += [inventor.relative(name, rng) for name in names[: entities // 5]]
    facts = [
        fact
        for name in dict.fromkeys(names)
        for fact in inventor.facts(name, rng.choice(("country", "country", "element")), rng.randint(7, 14), rng)
    ]
    passages = [passage for passage, _ in write_passages(facts, rng.randrange(2**32))]
    with torch.no_grad(), full_precision(encoder):
        vectors = torch.cat(
            [
                encode_passages(encoder, tokenizer.question_encoder, passages[i : i + 64])
                for i in range(0, len(passages), 64)
            ]
        )
    return World(passages, vectors.float(), facts)


def rag_loss(
    question_encoder: DPRQuestionEncoder,
    generator: BartForConditionalGeneration,
    tokenizer: RagTokenizer,
    world: World,
    asked: Sequence[Fact],
    rng: Random,
    n_docs: int = 5,
    likelihood: str = "token",
) -> Float[Tensor, ""]:
    """mean_j −log p(y_j|x_j) in nats per answer (RAG §2.4), over the n_docs passages each question retrieves."""
    questions = [recased(ask(fact, rng), rng) for fact in asked]
    with full_precision(question_encoder):
        vectors = encode_questions(question_encoder, tokenizer.question_encoder, questions)
    scores, rows = retrieve(vectors, world, n_docs)
    answers = [answer_text(fact.value) for fact in asked]
    targets = pad_ids([row[1:] for row in tokenizer.generator.encode_many(answers)], generator.config.pad_token_id)
    found = [[world.passages[row] for row in question_rows] for question_rows in rows.tolist()]
    logits = answer_logits(generator, tokenizer, questions, found, targets.input_ids.to(scores.device))
    token_logprobs = gather_token_logprobs(logits, targets.input_ids.to(scores.device))  # (B, K, T)
    mask = targets.attention_mask.to(scores.device)
    return -LIKELIHOODS[likelihood](doc_logprobs(scores), token_logprobs, mask).mean()


def full_precision(encoder: nn.Module) -> torch.autocast:
    """No bfloat16 for what scores are made of: near a score of 75 its numbers are half a unit apart."""
    return torch.autocast(next(encoder.parameters()).device.type, enabled=False)


def retrieve(
    question_vectors: Float[Tensor, "B D"], world: World, n_docs: int
) -> tuple[Float[Tensor, "B K"], Int[Tensor, "B K"]]:
    """The n_docs passages of highest d(z)ᵀq(x), and their scores, through which the question encoder gets its gradient."""
    all_scores = question_vectors.float() @ world.vectors.mT.to(question_vectors.device)  # (B, N)
    rows = all_scores.detach().topk(min(n_docs, len(world.passages)), dim=1).indices
    return all_scores.gather(1, rows), rows


def answer_logits(
    generator: BartForConditionalGeneration,
    tokenizer: RagTokenizer,
    questions: Sequence[str],
    found: Sequence[Sequence[Passage]],
    targets: Int[Tensor, "B T"],
) -> Float[Tensor, "B K T V"]:
    """The generator's logits of every answer under every passage that its question retrieved."""
    n_docs = len(found[0])
    inputs = generator_inputs(
        tokenizer.generator,
        [passage_string(passage.title, passage.text) for row in found for passage in row],
        [question for question in questions for _ in range(n_docs)],
        " // ",
        generator.config.max_position_embeddings,
    )
    sources = pad_ids(inputs, generator.config.pad_token_id)
    device = targets.device
    repeated = targets.repeat_interleave(n_docs, dim=0)  # (B·K, T)
    output = generator(sources.input_ids.to(device), sources.attention_mask.to(device), labels=repeated)
    return output.logits.unflatten(0, (len(questions), n_docs))

"""What does one step of training RAG read, and what is changed by it? Questions with answers in, gradients out.

Paper     RAG §2.4 (question encoder and generator are trained, context encoder and index stay fixed), appendix D
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/rag/test_task.py
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from minirag.questions.pairs import Pair, drawn_pair, pairs
from minirag.questions.question import Question
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.training.accumulation import accumulate
from minirag.training.loop import Task
from minirag.training.order import Order
from minirag.training.processes import ALONE, Processes
from minirag.training.rag.dev import measure
from minirag.training.rag.objective import answer_batch_ids, answer_nll, likelihood_at
from minirag.training.rag.opening import Start
from minirag.training.rag.retrieval import RETRIEVERS, Retrieve, retrieval

BaseAt = Callable[[int], KnowledgeBase]


@dataclass(frozen=True)
class RagSettings:
    """What is trained, besides the loop's settings. A row of the paper's table 6 or 1 is another `retriever`.

    batch_size: questions of a step, each with n_docs passages; at_once: how many of them are in memory together, 0 for all.
    answers: "each" answer of a question is trained on once an epoch (the paper), or one is "drawn".
    space: answers stand behind a space, as they do in a passage (objective.py says why). max_answer: tokens.
    shared_by: so many processes that must get equally many rows (order.py).
    """

    likelihood: str = "token"
    retriever: str = "learned"
    n_docs: int = 5
    label_smoothing: float = 0.0
    batch_size: int = 8
    at_once: int = 0
    answers: str = "each"
    space: bool = True
    max_answer: int = 64
    bm25_scale: float = 1.0
    end_to_end: bool = False
    num_beams: int = 1
    seed: int = 0
    bf16: bool = False
    shared_by: int = 1

    def __post_init__(self) -> None:
        likelihood_at(0, self.likelihood)
        for name, known in (("retriever", RETRIEVERS), ("answers", ("each", "drawn"))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}={getattr(self, name)!r} is not one of {', '.join(known)}")
        if not 0.0 <= self.label_smoothing < 1.0:
            raise ValueError(f"label_smoothing={self.label_smoothing} is not in [0, 1)")
        for name in ("n_docs", "batch_size", "num_beams"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        if self.end_to_end and self.retriever != "learned":
            raise ValueError(f"end_to_end trains the retriever, and retriever={self.retriever!r} keeps it as it is")


def trained_networks(start: Start, settings: RagSettings) -> nn.ModuleDict:
    """What has a gradient, under the names that learning rates and checkpoints use; all else stands still, without dropout."""
    model = start.model.eval().requires_grad_(False)
    networks: dict[str, nn.Module] = {"generator": model.generator}
    if settings.retriever == "learned":
        networks["question_encoder"] = model.question_encoder
    if settings.end_to_end:
        if start.context_encoder is None or model.retriever is None or model.rag.tokenizer is None:
            raise ValueError("end_to_end needs the context encoder that made the knowledge base: no folder has it")
        networks["ctx_encoder"] = start.context_encoder
        model.set_context_encoder_for_training(start.context_encoder)
        model.retriever.set_ctx_encoder_tokenizer(model.rag.tokenizer.question_encoder)
    return nn.ModuleDict(networks).requires_grad_(True)


def rag_order(questions: Sequence[Question], settings: RagSettings) -> Order:
    """Which questions (or pairs of a question and an answer) make up a step's batch."""
    count = len(pairs(questions)) if settings.answers == "each" else len(questions)
    return Order(count, settings.batch_size, settings.seed, shared_by=settings.shared_by)


def rag_task(
    start: Start,
    questions: Sequence[Question],
    dev: Sequence[Question],
    settings: RagSettings,
    base_at: BaseAt | None = None,
    processes: Processes = ALONE,
) -> Task:
    """The task for the loop; without `dev` nothing is measured. base_at: a step's knowledge base, where it changes."""
    model, order = start.model, rag_order(questions, settings)
    retrieve = retrieval(model.rag, settings.retriever, settings.n_docs, settings.bm25_scale)
    every_pair = pairs(questions) if settings.answers == "each" else None

    def batch_at(step: int) -> list[Pair]:
        if every_pair is not None:
            return [every_pair[n] for n in order.batch(step)]
        return [drawn_pair(questions, n, order.epoch(step), settings.seed) for n in order.batch(step)]

    def objective(step: int) -> float:
        if base_at is not None and model.retriever is not None:
            model.retriever.knowledge_base = base_at(step)
        batch = batch_at(step)
        parts = in_parts(processes.share(batch), settings.at_once)
        losses = [part_loss(start, retrieve, part, len(batch), step, settings) for part in parts]
        return accumulate(losses, model.rag.device, settings.bf16)

    def measure_dev() -> dict[str, float]:
        return measure(model, retrieve, dev, settings.space, settings.num_beams)

    return Task(objective, measure_dev if dev else None, lambda step: [described(pair) for pair in batch_at(step)])


def part_loss(
    start: Start, retrieve: Retrieve, part: Sequence[Pair], batch_size: int, step: int, settings: RagSettings
) -> Callable[[], Float[Tensor, ""]]:
    """Σ_j −log p(y_j|x_j) / B over the questions of a part, B the whole batch's: the parts add up to its mean."""
    rag = start.model.rag
    likelihood, epsilon = likelihood_at(step, settings.likelihood), settings.label_smoothing

    def loss() -> Float[Tensor, ""]:
        sources = retrieve([pair.question.question for pair in part])
        tokenizer, written = rag.needed_tokenizer().generator, [pair.answer for pair in part]
        answers = answer_batch_ids(tokenizer, rag.config.generator, written, settings.space, settings.max_answer)
        nll = answer_nll(rag, sources, answers.input_ids, answers.attention_mask, likelihood, epsilon)
        return nll.sum() / batch_size

    return loss


def in_parts(batch: Sequence[Pair], size: int) -> list[Sequence[Pair]]:
    """size 0: all in one. A process that has no share of a small batch has no part."""
    return [batch[start : start + (size or len(batch))] for start in range(0, len(batch), size or len(batch) or 1)]


def described(pair: Pair) -> dict[str, Any]:
    return {"question": pair.question.question, "answer": pair.answer, "gold": list(pair.question.gold)}

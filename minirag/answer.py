"""What is the answer to a question, and which passages explain it? One call: a question as a string, an `Answer` back.

Paper     RAG §2.1 (p(y|x)), §2.2 (prior over passages), §2.5 (decoding), Fig. 2 (posterior over passages)
Tutorial  tutorials/00_rag_in_one_page.py, tutorials/12_rag_model.py
Tests     tests/test_answer.py

The passages come from the model's knowledge base, or from the caller as text. Either way they are read once:
candidates, log-probabilities and posteriors all come from the same encoder states and the functions of likelihood.py.

Axes: B questions, K passages, T answer tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.decoding.rag_sequence import Candidate
from minirag.retrieval.passage import Passage, Place
from minirag.text.batching import pad_ids

PassageLike = Passage | str | tuple[str, str]  # a passage, its text, or (title, text)


@dataclass(frozen=True)
class ScoredPassage:
    """A passage with p(z|x) before, and p(z|x,y) after the answer is known."""

    id: str
    title: str
    text: str
    prior: float
    posterior: float
    places: tuple[Place, ...] = ()  # the files where it stands


@dataclass(frozen=True)
class AnswerCandidate:
    """One of the answers considered, and log p(y|x) (a lower bound of it in fast decoding)."""

    text: str
    logprob: float


@dataclass(frozen=True, eq=False)
class Answer:
    """The best candidate, and what speaks for it.

    `tokens` are the pieces of `text`; token_posterior[k, t] says how much passage k counts for piece t: in RAG-Token
    p(z_t|x,y_≤t) for this piece alone, in RAG-Sequence p(z|x,y_≤t) for the answer so far. A passage's own posterior is
    that of the whole answer, its end (eos) included, which has no piece.
    """

    question: str
    text: str
    logprob: float
    variant: str
    passages: list[ScoredPassage]  # as retrieved, or as given
    candidates: list[AnswerCandidate]  # best first; the first is the answer
    tokens: list[str]
    token_posterior: Float[Tensor, "K T"]


@runtime_checkable
class AnsweringModel(Protocol):
    """What both RAG classes have (rag/rag_token.py, rag/rag_sequence.py)."""

    variant: str
    rag: Any  # a RagModel

    def search(self, sources: Any, encoded: Any, options: Any, decoding: str | None) -> list[list[Candidate]]: ...

    def search_options(self, settings: dict[str, Any]) -> Any: ...

    def posteriors(self, prior: Any, table: Any, mask: Any) -> tuple[Tensor, Tensor]: ...


def answer(
    model: AnsweringModel,
    question: str,
    passages: Sequence[PassageLike] | None = None,
    doc_scores: Sequence[float] | Float[Tensor, " K"] | None = None,
    **settings: Any,
) -> Answer:
    """One question → its Answer. `passages` replace the knowledge base; without doc_scores they are equally likely.

    `settings` as in `answer_batch`. ValueError: an empty question, no passage, n_docs < 1, missing tokenizers.
    """
    scores = None if doc_scores is None else torch.as_tensor(doc_scores, dtype=torch.float32)[None]  # (1, K)
    return answer_batch(model, [question], None if passages is None else [passages], scores, **settings)[0]


@torch.no_grad()
def answer_batch(
    model: AnsweringModel,
    questions: Sequence[str],
    passages: Sequence[Sequence[PassageLike]] | None = None,
    doc_scores: Float[Tensor, "B K"] | None = None,
    n_docs: int | None = None,
    num_beams: int | None = None,
    num_candidates: int | None = None,
    decoding: str = "thorough",
    **settings: Any,
) -> list[Answer]:
    """`answer` for many questions in one batch; each gets what it would get alone.

    num_beams: 4 unless given, or the answer is drawn (do_sample). num_candidates: how many to hand back, num_beams unless
    given. decoding: for RAG-Sequence, "thorough" or "fast". settings: fields of `SearchOptions`, such as max_length.
    """
    check_questions(questions)
    if num_beams is None:
        num_beams = 1 if settings.get("do_sample") else 4
    wanted = num_beams if num_candidates is None else num_candidates
    options = model.search_options({"num_beams": num_beams, "num_return_sequences": wanted, **settings})
    sources = read_sources(model.rag, questions, passages, doc_scores, n_docs)
    encoded = model.rag.encode(sources)
    found = model.search(sources, encoded, options, decoding)
    best = pad_ids([those[0].tokens for those in found], options.pad_token_id)
    prior, mask = sources.doc_logprobs(), best.attention_mask[:, 1:].to(model.rag.device)  # the start is not scored
    table = model.rag.token_logprobs(sources, encoded, best.input_ids)  # (B, K, T)
    posterior, token_posterior = model.posteriors(prior, table, mask)
    return [
        assemble(
            model,
            question,
            sources.passages[b],
            found[b],
            prior[b][sources.doc_mask[b]].exp(),
            posterior[b][sources.doc_mask[b]],
            token_posterior[b][sources.doc_mask[b]],
        )
        for b, question in enumerate(questions)
    ]


def check_questions(questions: Sequence[str]) -> None:
    if not questions:
        raise ValueError("no question was given")
    for number, question in enumerate(questions):
        if not question.strip():
            raise ValueError("the question is empty" if len(questions) == 1 else f"question {number} is empty")


def read_sources(
    rag: Any,
    questions: Sequence[str],
    passages: Sequence[Sequence[PassageLike]] | None,
    doc_scores: Float[Tensor, "B K"] | None,
    n_docs: int | None,
) -> Any:
    """Passages given as text, else retrieved for the questions' own strings."""
    if n_docs is not None and n_docs < 1:
        raise ValueError(f"n_docs={n_docs} must be at least 1")
    if passages is None:
        if doc_scores is not None:
            raise ValueError("doc_scores go with passages: retrieved passages have their own")
        return rag.retrieve_for(questions, n_docs)
    if n_docs is not None:
        raise ValueError(f"n_docs={n_docs} goes with retrieval: the passages that are given are all read")
    if len(passages) != len(questions):
        raise ValueError(f"{len(questions)} questions with {len(passages)} lists of passages")
    return rag.text_sources(questions, [as_passages(those) for those in passages], doc_scores)


def as_passages(passages: Sequence[PassageLike]) -> list[Passage]:
    """Plain texts and (title, text) pairs get their number as id."""
    made = []
    for number, passage in enumerate(passages):
        if isinstance(passage, Passage):
            made.append(passage)
        else:
            title, text = ("", passage) if isinstance(passage, str) else passage
            made.append(Passage(str(number), title, text))
    return made


def assemble(
    model: AnsweringModel,
    question: str,
    passages: Sequence[Passage],
    candidates: Sequence[Candidate],
    prior: Float[Tensor, " K"],
    posterior: Float[Tensor, " K"],
    token_posterior: Float[Tensor, "K T"],
) -> Answer:
    """One question's share of the batch, in words."""
    tokenizer = model.rag.needed_tokenizer().generator
    scored = candidates[0].tokens[1:]
    columns = [t for t, token in enumerate(scored) if token not in tokenizer.special_ids]
    texts = [AnswerCandidate(tokenizer.decode(c.tokens).strip(), c.logprob) for c in candidates]
    return Answer(
        question=question,
        text=texts[0].text,
        logprob=texts[0].logprob,
        variant=model.variant,
        passages=[
            ScoredPassage(passage.id, passage.title, passage.text, before, after, passage.places)
            for passage, before, after in zip(passages, prior.tolist(), posterior.tolist(), strict=True)
        ],
        candidates=texts,
        tokens=tokenizer.pieces([scored[t] for t in columns]),
        token_posterior=token_posterior[:, columns].cpu(),
    )

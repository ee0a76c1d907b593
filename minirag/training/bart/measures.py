"""Does the generator read? How probable the right answer is to it, and how often it writes it, over the gold passage.

Paper     RAG §3.1 (exact match); Rajpurkar et al. 2016 (F1)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/bart/test_measures.py
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import torch

from minirag.decoding.bart import bart_generate
from minirag.evaluation.metrics import exact_match, f1
from minirag.model.bart import BartForConditionalGeneration
from minirag.questions.question import Question
from minirag.retrieval.passages import PassageStore
from minirag.text.batching import pad_ids
from minirag.text.tokenizers import Tokenizer
from minirag.training.bart.examples import Example, Form, reading
from minirag.training.bart.kinds import answered, statements
from minirag.training.bart.objective import share_of_loss, whole_of
from minirag.training.bart.span_questions import span_question
from minirag.training.texts import Texts

BATCH = 32
TOKENS = 40  # of an answer, at most


@dataclass(frozen=True)
class Exam:
    """An example that is not trained on, and every answer that counts as right."""

    example: Example
    answers: tuple[str, ...]


def exams_of_questions(asked: Sequence[Question], store: PassageStore | None, form: Form, sample: int) -> list[Exam]:
    """`sample` of the questions that name a passage, each over a passage that states its answer; all of them where fewer."""
    exams: list[Exam] = []
    for index in Random("0 exam").sample(range(len(asked)), len(asked)):
        question = asked[index]
        stated = statements(question, store)
        if stated:
            exams.append(Exam(answered(form, question, stated[0], Random(f"0 {index}")), question.answers))
        if len(exams) == sample:
            break
    if not exams:
        raise ValueError("no question to measure with names a passage that answers it")
    return exams


def exams_of_texts(texts: Texts, form: Form, sample: int) -> list[Exam]:
    """The same from `sample` texts: about their names, dates and numbers."""
    exams = []
    for index in range(min(sample, len(texts))):
        rng, text = Random(f"exam {index}"), texts[index]
        found = span_question(text, rng)
        if found is not None:
            question, span = found
            answer = text.text[span.start : span.end]
            exams.append(Exam(reading(form, text, question, answer, span, rng), (answer,)))
    return exams


def measure_reading(
    generator: BartForConditionalGeneration, tokenizer: Tokenizer, exams: Sequence[Exam], bf16: bool = False
) -> dict[str, float]:
    """nll_per_token and nll_per_answer in nats, exact_match and f1 of the greedy answers as shares of 1."""
    nll, right, overlap = 0.0, 0, 0.0
    device = generator.embed_tokens.weight.device
    for batch in batches(exams):
        examples = [exam.example for exam in batch]
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            whole = whole_of(examples)
            nll += float(share_of_loss(generator, examples, whole)) * whole.tokens
            answers = written(generator, tokenizer, examples)
        right += sum(exact_match(answer, exam.answers) for answer, exam in zip(answers, batch, strict=True))
        overlap += sum(f1(answer, exam.answers) for answer, exam in zip(answers, batch, strict=True))
    tokens = sum(len(exam.example.target) for exam in exams)
    return {
        "nll_per_token": nll / tokens,
        "nll_per_answer": nll / len(exams),
        "exact_match": right / len(exams),
        "f1": overlap / len(exams),
    }


def guessing(exams: Sequence[Exam], vocab_size: int) -> dict[str, float]:
    """What a generator that knows nothing would score: log V for every token."""
    tokens = sum(len(exam.example.target) for exam in exams) / len(exams)
    return {"nll_per_token": math.log(vocab_size), "nll_per_answer": tokens * math.log(vocab_size)}


def batches(exams: Sequence[Exam]) -> Iterator[list[Exam]]:
    """Of like length."""
    ordered = sorted(exams, key=lambda exam: len(exam.example.source))
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def written(generator: BartForConditionalGeneration, tokenizer: Tokenizer, examples: Sequence[Example]) -> list[str]:
    """The greedy answers."""
    device = generator.embed_tokens.weight.device
    source = pad_ids([example.source for example in examples], generator.config.pad_token_id)
    found = bart_generate(
        generator, source.input_ids.to(device), source.attention_mask.to(device), num_beams=1, max_length=TOKENS
    )
    return [tokenizer.decode(best.tokens).strip() for best, *_ in found]

"""How does a generator learn to read? First by mending broken passages (BART's own objective), then by answering from them.

Paper     Lewis et al. 2019 (BART), §2.2 (text infilling); RAG §2.3 (the generator's input)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/demo/test_lessons.py

A lesson is a source and a target. Mending comes first because its target is long: copying is learned from every token of
it, while an answer of three tokens teaches it hardly at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.model.bart import BartForConditionalGeneration, token_loss
from minirag.model.bart_layers import shift_right
from minirag.text.batching import pad_ids
from minirag.text.generator_input import passage_string
from minirag.text.tokenizers import Tokenizer
from minirag.training.bart.examples import answer_text
from minirag.training.bart.noising import poisson
from minirag.training.guided_attention import copied_from, guidance_loss
from minirag.world.facts import Fact
from minirag.world.invented import Inventor
from minirag.world.passages import ask, write_passage

MASK = "<mask>"


@dataclass(frozen=True)
class Lesson:
    """What the generator reads and what it is to write."""

    source: str
    target: str


@dataclass(frozen=True)
class Mix:
    """What a batch is made of: passages of `facts` facts; the shares of mending, of passages without an answer, and of
    questions in capitals."""

    facts: int
    mending: float
    misleading: float
    capitals: float = 0.1


@dataclass(frozen=True)
class Phase:
    """A stretch of the curriculum, up to a step: how many facts to a passage, and the shares as in `Mix`."""

    until: int
    facts: tuple[int, ...]
    mending: float
    misleading: float


# Copying first, one fact to a passage; then choosing among several; at last, noticing that the answer is not there.
CURRICULUM = (
    Phase(until=240, facts=(1, 2), mending=0.8, misleading=0.0),
    Phase(until=960, facts=(1,), mending=0.15, misleading=0.0),
    Phase(until=1800, facts=(1, 2, 2, 3), mending=0.1, misleading=0.0),
    Phase(until=3000, facts=(2, 3, 4), mending=0.05, misleading=0.05),
    Phase(until=5000, facts=(2, 3, 4), mending=0.05, misleading=0.0),
    Phase(until=1_000_000, facts=(2, 3, 4, 5), mending=0.03, misleading=0.15),
)


def curriculum(step: int, rng: Random) -> Mix:
    """The mix of the batch at a step; its number of facts is drawn from those of the phase."""
    phase = next(phase for phase in CURRICULUM if step < phase.until)
    return Mix(rng.choice(phase.facts), phase.mending, phase.misleading)


def polish(rng: Random) -> Mix:
    """The last course: many facts, many passages that mislead, and a third of the questions in capitals."""
    return Mix(rng.choice((2, 3, 4, 5)), mending=0.0, misleading=0.2, capitals=0.35)


def guidance_at(step: int) -> float:
    """The weight of guided attention, in two waves: while copying is learned (1 down to 0), and while choosing is (1)."""
    if step < 3000:
        return 1 - step / 3000
    return 1.0 if step < 6000 else 0.0


def lessons(inventor: Inventor, mix: Mix, how_many: int, rng: Random) -> list[Lesson]:
    """A batch's lessons: all of them to mend or all to read, since the two differ in the length of their targets."""
    lesson = mending_lesson if rng.random() < mix.mending else reading_lesson
    return [lesson(inventor, mix, rng) for _ in range(how_many)]


def reading_lesson(inventor: Inventor, mix: Mix, rng: Random) -> Lesson:
    """`title / text // question` → answer, about a world made up for this lesson alone.

    A misleading passage does not hold the answer. The likeliest guess is then "any name at all": the generator learns to
    spread its probability thin, and the mixture over passages is left to those that know.
    """
    facts = invented_facts(inventor, mix.facts, rng)
    asked = rng.choice(facts)
    shown = misleading_facts(inventor, facts, asked, rng) if rng.random() < mix.misleading else facts
    return Lesson(
        passage_text(shown, rng) + " // " + recased(ask(asked, rng), rng, mix.capitals), answer_text(asked.value)
    )


def misleading_facts(inventor: Inventor, facts: list[Fact], asked: Fact, rng: Random) -> list[Fact]:
    """The same entity without the fact that is asked for, or the same relations of somebody else."""
    others = [fact for fact in facts if fact is not asked]
    if others and rng.random() < 0.5:
        return others
    stranger = inventor.relative(asked.entity, rng) if rng.random() < 0.3 else inventor.entity(rng)
    return [Fact(stranger, f.kind, f.relation, inventor.value_of(f.relation, rng)) for f in facts]


def invented_facts(inventor: Inventor, how_many: int, rng: Random) -> list[Fact]:
    kind = rng.choice(("country", "country", "element"))
    return inventor.facts(inventor.entity(rng), kind, how_many, rng)


def mending_lesson(inventor: Inventor, mix: Mix, rng: Random) -> Lesson:
    """A passage with holes → the whole passage (text infilling, BART §2.2)."""
    whole = passage_text(invented_facts(inventor, mix.facts, rng), rng)
    return Lesson(infill(whole, rng), whole)


def passage_text(facts: Sequence[Fact], rng: Random) -> str:
    passage = write_passage(facts, "invented", rng)
    return passage_string(passage.title, passage.text)


def infill(text: str, rng: Random, share: float = 0.3, mean_length: float = 3.0) -> str:
    """Spans of words, Poisson(3) long, each replaced by one <mask>, until about `share` of the words are gone.

    They may overlap, as those of the paper (bart/noising.py) do not: the demo's weights were made so.
    """
    words = text.split(" ")
    budget = share * len(words)
    while budget > 0:
        length = poisson(mean_length, rng)
        start = rng.randrange(len(words))
        words[start : start + length] = [MASK]
        budget -= max(1, length)
    return " ".join(words)


def recased(question: str, rng: Random, capitals: float = 0.1) -> str:
    """As people type: mostly as written, at times in small letters or capitals, with or without the question mark."""
    question = question.rstrip("?") if rng.random() < 0.1 else question
    shape = rng.random()
    if shape < 0.15:
        return question.lower()
    return question.upper() if shape < 0.15 + capitals else question


def lesson_loss(
    generator: BartForConditionalGeneration, tokenizer: Tokenizer, batch: Sequence[Lesson], guidance: float = 0.0
) -> Float[Tensor, ""]:
    """mean_t −log p(y_t | y_<t, source) over all target tokens of the batch, + `guidance` × the guided attention's loss."""
    config = generator.config
    device = generator.embed_tokens.weight.device
    limit = config.max_position_embeddings
    sources = tokenizer.encode_many([lesson.source for lesson in batch], max_length=limit)
    targets = [row[1:] for row in tokenizer.encode_many([lesson.target for lesson in batch], max_length=limit)]
    source, target = pad_ids(sources, config.pad_token_id), pad_ids(targets, config.pad_token_id)
    mask, labels = source.attention_mask.to(device), target.input_ids.to(device)
    hidden = generator.encode(source.input_ids.to(device), mask).last_hidden_state
    prefixes = shift_right(labels, config.decoder_start_token_id, config.pad_token_id)
    output = generator.decode(prefixes, hidden, mask, output_attentions=guidance > 0)
    loss = token_loss(output.logits, labels, config.pad_token_id)
    if output.cross_attentions is not None:
        places = copied_from(sources, [row[:-1] for row in targets]).to(device)
        loss = loss + guidance * guidance_loss(output.cross_attentions[-1], places)
    return loss


def reading_exact_match(
    generator: BartForConditionalGeneration, tokenizer: Tokenizer, batch: Sequence[Lesson], max_length: int = 40
) -> float:
    """Share of lessons whose greedy answer is the target, letter for letter: read while training."""
    device = generator.embed_tokens.weight.device
    sources = tokenizer([lesson.source for lesson in batch])
    ids, mask = sources.input_ids.to(device), sources.attention_mask.to(device)
    with torch.inference_mode():
        cache = generator.start_cache(generator.encode(ids, mask).last_hidden_state, mask)
        token = torch.full((len(batch), 1), generator.config.decoder_start_token_id, device=device)
        written = []
        for _ in range(max_length):
            token = generator.decode_step(token, cache).argmax(dim=-1, keepdim=True)
            written.append(token)
    rows = torch.cat(written, dim=1).tolist()
    eos = generator.config.eos_token_id
    answers = [tokenizer.decode(row[: row.index(eos)] if eos in row else row) for row in rows]
    return sum(answer == lesson.target for answer, lesson in zip(answers, batch, strict=True)) / len(batch)

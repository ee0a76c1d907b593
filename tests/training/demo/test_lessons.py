"""Lessons for the generator: the answer is in the passage unless the passage is meant to mislead; mending loses nothing."""

from random import Random

import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.training.accumulation import in_one_part
from minirag.training.demo.lessons import (
    MASK,
    Lesson,
    Mix,
    curriculum,
    infill,
    lesson_loss,
    lessons,
    reading_exact_match,
    recased,
)
from minirag.training.loop import Task, train
from minirag.training.settings import LoopSettings
from minirag.training.vocabulary import pieces_of
from minirag.world.invented import Inventor
from tests.model.networks import bart
from tests.small_tokenizers import byte_level

seeds = st.integers(0, 10_000)


def inventor() -> Inventor:
    return Inventor(pieces_of(byte_level()))


@given(seeds, st.integers(1, 5))
def test_the_passage_holds_the_answer_and_the_question_names_the_entity(seed, facts):
    for lesson in lessons(inventor(), Mix(facts, mending=0.0, misleading=0.0), 4, Random(seed)):
        passage, question = lesson.source.rsplit(" // ", 1)
        entity = passage.split(" / ")[0]
        assert lesson.target in passage
        assert entity.upper().casefold() in question.upper().casefold()  # a question in capitals has lost the dotless ı


@given(seeds)
def test_a_misleading_passage_does_not_state_the_answer_about_the_entity(seed):
    for lesson in lessons(inventor(), Mix(3, mending=0.0, misleading=1.0), 4, Random(seed)):
        passage, question = lesson.source.rsplit(" // ", 1)
        entity = passage.split(" / ")[0]
        if entity.casefold() in question.casefold() and not lesson.target.isdigit() and len(lesson.target) > 4:
            assert f" {lesson.target}" not in passage.replace(entity, "")


@given(seeds)
def test_mending_asks_for_the_whole_passage_from_what_is_left_of_it(seed):
    for lesson in lessons(inventor(), Mix(2, mending=1.0, misleading=0.0), 4, Random(seed)):
        assert MASK in lesson.source and MASK not in lesson.target
        kept = [word for word in lesson.source.split(" ") if word != MASK]
        words = iter(lesson.target.split(" "))
        assert all(word in words for word in kept)  # in order


def test_infilling_takes_about_the_share_of_the_words_it_is_told_to():
    rng, words = Random(0), " ".join(map(str, range(50)))
    left = [sum(word != MASK for word in infill(words, rng, share=0.3).split(" ")) for _ in range(300)]
    assert 0.58 < sum(left) / len(left) / 50 < 0.75


@given(seeds)
def test_people_write_the_same_question_in_small_letters_and_capitals(seed):
    question = "What is the capital of Mongolia?"
    assert recased(question, Random(seed)).casefold().rstrip("?") == question.casefold().rstrip("?")


def test_the_curriculum_goes_from_copying_one_fact_to_reading_many():
    first, last = curriculum(0, Random(0)), curriculum(7499, Random(0))
    assert first.facts <= 2 and first.mending > 0.5 and first.misleading == 0.0
    assert last.facts >= 2 and last.mending < 0.1 and last.misleading > 0.0


def test_a_generator_memorises_two_lessons_and_is_then_seen_to_match_them():
    tokenizer = byte_level()
    model = bart(vocab_size=tokenizer.vocab_size, max_position_embeddings=64, decoder_start_token_id=0, dropout=0.0)
    batch = [Lesson("Mongolia / capital", "Ulaanbaatar"), Lesson("Malta / capital", "Valletta")]
    assert reading_exact_match(model, tokenizer, batch, max_length=12) == 0.0
    settings = LoopSettings(steps=200, learning_rate=0.003, warmup_steps=10, bf16=False)
    task = Task(in_one_part(lambda step: lesson_loss(model, tokenizer, batch), torch.device("cpu"), bf16=False))
    losses = [p.loss for p in train(model, task, settings)]
    assert losses[-1] < 0.1 < losses[0]
    assert reading_exact_match(model, tokenizer, batch, max_length=12) == 1.0


def test_the_loss_scores_the_answer_and_its_end_once_each_and_no_padding():
    tokenizer, model = byte_level(), bart(vocab_size=400, max_position_embeddings=64, decoder_start_token_id=0)
    model.requires_grad_(False)
    batch = [Lesson("a question", "Bern"), Lesson("another question", "Ulaanbaatar, Mongolia")]
    total, count = 0.0, 0
    for lesson in batch:
        source = torch.tensor([tokenizer.encode(lesson.source)])
        start, *answer = tokenizer.encode(lesson.target)
        logits = model(source, None, torch.tensor([[start, *answer[:-1]]])).logits.log_softmax(-1)
        total -= sum(float(logits[0, t, token]) for t, token in enumerate(answer))
        count += len(answer)
    torch.testing.assert_close(lesson_loss(model, tokenizer, batch), torch.tensor(total / count))

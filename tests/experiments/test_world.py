"""What experiments are run on: samples that nest, a retriever that starts over, questions in two worlds."""

from dataclasses import replace

import pytest
import torch

from minirag.experiments.size import usual
from minirag.experiments.world import demo_world, described, opened, own_world, questions_for, sample
from tests.experiments.small_world import SIZE, small_world


def test_a_smaller_sample_is_the_beginning_of_a_larger_one():
    assert sample(range(100), 7) == sample(range(100), 50)[:7]
    assert sorted(sample(range(10), 50)) == list(range(10))


def test_of_the_demo_the_question_encoder_starts_as_a_copy_of_the_context_encoder(tiny_folder, monkeypatch):
    monkeypatch.setattr("minirag.training.demo.questions.QUESTIONS_DRAWN", 5)
    world = demo_world(tiny_folder)
    assert world.fresh_retriever and len(world.train) == 3 and world.facts == tiny_folder / "facts.jsonl"
    start = opened(world, usual(SIZE), 2, 0)
    asked, read = start.model.question_encoder.question_encoder, start.context_encoder.ctx_encoder
    pairs = zip(asked.state_dict().values(), read.state_dict().values(), strict=True)
    assert all(torch.equal(mine, its) for mine, its in pairs)
    as_stored = opened(replace(world, fresh_retriever=False), usual(SIZE), 2, 0).model.question_encoder
    assert not all(
        map(torch.equal, as_stored.state_dict().values(), start.model.question_encoder.state_dict().values())
    )


def test_a_generator_of_random_weights_is_another_one_for_each_seed(tiny_folder):
    random = replace(usual(SIZE), generator="random")
    first, second = (opened(small_world(tiny_folder), random, 2, seed).model.generator for seed in (0, 1))
    assert not torch.equal(next(first.parameters()), next(second.parameters()))


def test_questions_of_the_two_worlds_are_the_same_and_their_answers_differ(tiny_folder):
    world, setting = small_world(tiny_folder), replace(usual(SIZE), answers="true")
    true, swapped = questions_for(world, setting), questions_for(world, replace(setting, answers="swapped"))
    assert [each.question for each in true] == [each.question for each in swapped]
    assert all(not set(one.answers) & set(other.answers) for one, other in zip(true, swapped, strict=True))


def test_folders_are_named_without_their_place(tiny_folder):
    told = described(small_world(tiny_folder))
    assert told == {"world": "own", "model": tiny_folder.name, "train_questions": 8, "dev_questions": 8}


def test_a_scale_multiplies_the_vectors_of_the_question_encoder_that_an_experiment_begins_with(tiny_folder):
    world = small_world(tiny_folder)
    scaled = opened(replace(world, scale=20.0), usual(SIZE), 2, 0).model.question_encoder
    assert scaled.config.scale == 20 * opened(world, usual(SIZE), 2, 0).model.question_encoder.config.scale
    assert described(replace(world, scale=20.0)) == {**described(world), "scale": "20"}


def test_half_a_world_is_refused(tiny_folder):
    questions = tiny_folder / "questions.jsonl"
    with pytest.raises(ValueError, match="give --question-encoder, --generator and --kb, or a --model"):
        own_world(questions, questions, generator=tiny_folder)

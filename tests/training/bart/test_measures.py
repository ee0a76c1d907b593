"""What is measured: the likelihood of the right answer counted by hand, and greedy answers judged as evaluation judges them."""

import math

import pytest
import torch

from minirag.training.accumulation import in_one_part
from minirag.training.bart.examples import Form
from minirag.training.bart.measures import exams_of_questions, exams_of_texts, guessing, measure_reading
from minirag.training.bart.objective import share_of_loss, whole_of
from minirag.training.loop import Task, train
from minirag.training.settings import LoopSettings
from minirag.training.texts import Texts
from tests.small_tokenizers import byte_level
from tests.training.bart.small_course import ASKED, small_generator, write_texts

FORM = Form(byte_level(), small_generator().config, 120)


def exams():
    return exams_of_questions(ASKED, None, FORM, sample=10)


def test_the_likelihood_is_that_of_the_whole_answer_its_end_included():
    generator, total, tokens = small_generator(), 0.0, 0
    for exam in exams():
        source, target = torch.tensor([exam.example.source]), exam.example.target
        logits = generator(source, None, torch.tensor([[0, *target[:-1]]])).logits.detach().log_softmax(-1)
        total -= sum(float(logits[0, place, token]) for place, token in enumerate(target))
        tokens += len(target)
    measured = measure_reading(generator, byte_level(), exams())
    assert measured["nll_per_token"] == pytest.approx(total / tokens, abs=1e-5)
    assert measured["nll_per_answer"] == pytest.approx(total / 3, abs=1e-4)
    assert measured["exact_match"] == 0.0


def test_a_generator_that_knows_its_lessons_by_heart_is_seen_to():
    generator = small_generator()
    batch = [exam.example for exam in exams()]
    objective = in_one_part(lambda _: share_of_loss(generator, batch, whole_of(batch)), torch.device("cpu"), bf16=False)
    list(train(generator, Task(objective), LoopSettings(steps=150, learning_rate=0.01, warmup_steps=5)))
    measured = measure_reading(generator, byte_level(), exams())
    assert measured["exact_match"] == measured["f1"] == 1.0
    assert measured["nll_per_token"] < 0.1


def test_guessing_at_random_is_log_v_a_token():
    tokens = sum(len(exam.example.target) for exam in exams())
    assert guessing(exams(), 400) == {"nll_per_token": math.log(400), "nll_per_answer": tokens / 3 * math.log(400)}


def test_a_sample_is_the_same_every_time_and_without_annotation_the_text_is_asked(tmp_path):
    assert exams_of_questions(ASKED, None, FORM, sample=2) == exams_of_questions(ASKED, None, FORM, sample=2)
    texts = Texts([write_texts(tmp_path)])
    made = exams_of_texts(texts, FORM, sample=4)
    assert 0 < len(made) <= 4 and made == exams_of_texts(texts, FORM, sample=4)
    assert all(exam.answers[0] in byte_level().decode(exam.example.source) for exam in made)


def test_dev_questions_without_a_passage_are_refused():
    with pytest.raises(ValueError, match="no question to measure with"):
        exams_of_questions(ASKED[3:], None, FORM, sample=2)

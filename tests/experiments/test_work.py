"""All experiments on a tiny world: what there is to do, doing it once, and the report in which it ends."""

import json
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

from minirag.experiments.catalogue import EXPERIMENTS
from minirag.experiments.rows import training_name
from minirag.experiments.size import usual
from minirag.experiments.work import do, estimate, jobs, passages_read, results
from minirag.experiments.writing import write_all
from tests.experiments.small_world import SIZE, small_world

CPU = torch.device("cpu")
ALL = [experiment(SIZE) for experiment in EXPERIMENTS.values()]


@contextmanager
def bar(what):
    yield lambda done, total: None


@pytest.fixture(scope="module")
def finished(tiny_folder, tmp_path_factory):
    """Every experiment with one seed."""
    out, size, world = tmp_path_factory.mktemp("reproduction"), replace(SIZE, seeds=1), small_world(tiny_folder)
    list(do(jobs(ALL, size, out), world, size, out, CPU, bar))
    return out


def test_each_fine_tuning_and_each_evaluation_is_planned_once(tmp_path):
    work = jobs(ALL, SIZE, tmp_path)
    trainings = [(training_name(job.training), job.seed) for job in work]
    settings = [(setting, job.seed) for job in work for setting in job.settings]
    assert len(trainings) == len(set(trainings)) and len(settings) == len(set(settings))
    assert {setting for setting, _ in settings} == {row.setting for table in ALL for row in table.rows}
    assert {seed for _, seed in trainings} == {0, 1} and not any(job.trained for job in work)


def test_what_lies_there_is_not_done_again(finished):
    one, two = (jobs(ALL, replace(SIZE, seeds=seeds), finished) for seeds in (1, 2))
    assert one == [] and {job.seed for job in two} == {1}


def test_an_answer_that_is_missing_is_asked_for_without_training_again(finished, tiny_folder):
    size = replace(SIZE, seeds=1, curve_sample=3)
    work = jobs([EXPERIMENTS["figure3"](size)], size, finished)
    assert [job.trained for job in work] == [True, True]
    done = list(do(work[:1], small_world(tiny_folder), size, finished, CPU, bar))
    assert [each.setting.asked for each in done] == [3] * len(done)


def test_over_another_index_the_model_reads_other_passages_and_keeps_its_own(finished):
    answers = results(EXPERIMENTS["hot-swap"](SIZE), replace(SIZE, seeds=1), finished)
    assert {each[0].settings.index for each in answers.values()} == {"exact"}
    assert (finished / "swapped" / "knowledge_base.json").is_file()


def test_the_estimate_counts_steps_and_questions_and_takes_some_time(tiny_folder, tmp_path):
    work = jobs(ALL, SIZE, tmp_path)
    plan = estimate(work, small_world(tiny_folder), SIZE, usual(SIZE), tmp_path, CPU)
    assert plan.trainings == len(work) and plan.steps == 2 * len(work)
    assert plan.evaluations == sum(len(job.settings) for job in work) and plan.seconds > 0
    assert jobs(ALL, SIZE, tmp_path) == work  # it has left nothing behind


def test_thorough_decoding_is_expected_to_take_longer():
    thorough = usual(SIZE, likelihood="sequence")
    assert passages_read(thorough) > passages_read(replace(thorough, decoding="fast")) == passages_read(usual(SIZE))


def test_the_report_has_every_table_and_every_figure(finished, tiny_folder, tmp_path):
    pytest.importorskip("matplotlib")
    size, world = replace(SIZE, seeds=1), small_world(tiny_folder)
    write_all("a test", ALL, world, size, finished, tmp_path / "report")
    contents = json.loads((tmp_path / "report" / "tables.json").read_text())
    page = (tmp_path / "report" / "report.md").read_text()
    figures = [figure["file"] for table in contents["tables"] for figure in table["figures"]]
    assert [table["name"] for table in contents["tables"]] == list(EXPERIMENTS)
    assert {path.name for path in (tmp_path / "report").glob("*.svg")} == set(figures) and len(figures) == 5
    assert all(table["title"] in page for table in contents["tables"]) and all(name in page for name in figures)
    assert contents["trainings"] == 10 and contents["asked_seconds"] > 0 and str(tiny_folder.parent) not in page

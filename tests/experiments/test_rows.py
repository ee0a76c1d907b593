"""Rows of a table differ in one thing: every row from the one that it is compared with."""

from dataclasses import fields, replace

import pytest

from minirag.experiments.catalogue import EXPERIMENTS, chosen
from minirag.experiments.rows import Setting, asking_name, training_name
from minirag.experiments.size import Size, usual

ALL = [experiment(Size()) for experiment in EXPERIMENTS.values()]
VARIED = {
    "table1": {"retriever", "likelihood"},
    "table6": {"retriever", "likelihood"},
    "figure3": {"n_docs", "likelihood"},
    "decoding": {"decoding", "num_beams"},
    "hot-swap": {"index", "answers"},
    "without-answer": {"n_docs", "likelihood"},
    "collapse": {"generator", "encoder_rate"},
}


def differing(one: Setting, other: Setting) -> list[str]:
    """The names of what differs between two rows."""
    return [field.name for field in fields(Setting) if getattr(one, field.name) != getattr(other, field.name)]


@pytest.mark.parametrize("experiment", ALL, ids=lambda experiment: experiment.name)
def test_a_row_differs_in_one_thing_from_the_row_above_that_it_is_compared_with(experiment):
    first, *others = experiment.rows
    assert first.against is None
    above = {first.name: first.setting}
    for row in others:
        assert len(differing(row.setting, above[row.against])) == 1
        above[row.name] = row.setting
    assert len(above) == len(experiment.rows)


@pytest.mark.parametrize("experiment", ALL, ids=lambda experiment: experiment.name)
def test_all_rows_of_a_table_agree_in_everything_that_it_is_not_about(experiment):
    first = experiment.rows[0].setting
    varied = {name for row in experiment.rows for name in differing(row.setting, first)}
    assert varied == VARIED[experiment.name]


def test_rows_that_are_trained_alike_share_a_run_and_rows_asked_alike_share_the_answers():
    setting = usual(Size())
    more = replace(setting, n_docs=50)
    assert training_name(more) == training_name(setting) and asking_name(more) != asking_name(setting)
    frozen = replace(setting, retriever="frozen")
    assert training_name(frozen) != training_name(setting) and asking_name(frozen) == asking_name(setting)
    names = {(training_name(s), asking_name(s)) for s in {row.setting for table in ALL for row in table.rows}}
    assert len(names) == len({row.setting for table in ALL for row in table.rows})


def test_the_figure_goes_from_1_to_50_passages_for_both_models():
    (figure,) = chosen(["figure3"], Size(), has_facts=False)
    read = {(row.setting.likelihood, row.setting.n_docs) for row in figure.rows}
    assert {(likelihood, count) for likelihood in ("token", "sequence") for count in (1, 50)} <= read


def test_experiments_are_chosen_by_name_and_only_a_world_of_facts_can_be_swapped():
    assert [table.name for table in chosen([], Size(), has_facts=True)] == list(EXPERIMENTS)
    assert "hot-swap" not in [table.name for table in chosen([], Size(), has_facts=False)]
    with pytest.raises(ValueError, match="'hot-swap' swaps facts"):
        chosen(["hot-swap"], Size(), has_facts=False)
    with pytest.raises(ValueError, match="'table7' is not one of table1, "):
        chosen(["table7"], Size(), has_facts=True)


def test_without_rag_sequence_every_row_still_has_the_one_it_is_compared_with():
    tables = chosen([], Size(), has_facts=True, sequence=False)
    assert [table.name for table in tables] == [name for name in EXPERIMENTS if name != "decoding"]
    for table in tables:
        names = {row.name for row in table.rows}
        assert all(row.setting.likelihood == "token" and row.against in {None, *names} for row in table.rows)
    with pytest.raises(ValueError, match="'decoding' has rows of RAG-Sequence only"):
        chosen(["decoding"], Size(), has_facts=True, sequence=False)


def test_a_size_of_nothing_is_refused():
    with pytest.raises(ValueError, match="seeds=0 must be at least 1"):
        Size(seeds=0)

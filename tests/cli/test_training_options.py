"""Options of every training: one description, the command's own defaults, and what they come to."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from minirag.cli.training_options import TrainingOptions, loop_settings, run_folder, with_training_options

OPTIONS = TrainingOptions(Path("mine"), epochs=1.5, batch_size=8, learning_rate=0.5, warmup=7, seed=3)
CPU = torch.device("cpu")


def called_with(*words: str) -> tuple[str, TrainingOptions]:
    """What a command is given that was called with these words."""
    given = []

    @with_training_options(batch_size=16, patience=2)
    def command(training: TrainingOptions, questions: str = "none") -> None:
        given.append((questions, training))

    app = typer.Typer()
    app.command()(command)
    done = CliRunner().invoke(app, [*words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return given[0]


def test_every_option_reaches_the_command_with_its_own_defaults():
    assert called_with("--out", "mine") == ("none", TrainingOptions(Path("mine"), batch_size=16, patience=2))
    words = (
        "--out a --work b --steps 5 --batch-size 3 --fp32 --activation-checkpointing --learning-rate 0.5 --questions q"
    )
    expected = TrainingOptions(Path("a"), Path("b"), 5, batch_size=3, patience=2, learning_rate=0.5, bf16=False)
    assert called_with(*words.split()) == ("q", replace(expected, activation_checkpointing=True))


def test_every_option_is_described():
    app = typer.Typer(rich_markup_mode=None)
    app.command()(with_training_options()(lambda training: None))
    page = CliRunner().invoke(app, ["--help"]).output
    for name in (field.name for field in fields(TrainingOptions)):
        assert "--" + name.replace("_", "-") in page


def test_a_default_for_no_option_is_a_fault_of_the_programme():
    with pytest.raises(TypeError, match="no option of a training: bach_size"):
        with_training_options(bach_size=3)(lambda training: None)


def test_epochs_become_steps_unless_steps_are_given():
    settings = loop_settings(OPTIONS, 5, CPU, watch="f1", clip_norm=2.0)
    assert (settings.steps, settings.learning_rate, settings.warmup_steps, settings.seed) == (8, 0.5, 7, 3)
    assert (settings.watch, settings.clip_norm, settings.bf16) == ("f1", 2.0, False)
    assert loop_settings(replace(OPTIONS, steps=3), 5, CPU).steps == 3
    assert loop_settings(OPTIONS, 5, torch.device("cuda")).bf16


@pytest.mark.parametrize("name", ["batch_size", "accumulate", "every", "epochs"])
def test_what_cannot_be_is_refused_by_the_name_of_its_option(name):
    with pytest.raises(ValueError, match=rf"--{name.replace('_', '-')} 0.*: must be more than 0"):
        loop_settings(replace(OPTIONS, **{name: type(getattr(OPTIONS, name))(0)}), 5, CPU)


def test_a_run_lies_beside_its_model_unless_another_place_is_given():
    run = run_folder(OPTIONS, questions=Path("q.jsonl"), n_docs=5)
    assert run.folder == Path("mine.training")
    assert run.options == {"batch_size": 8, "accumulate": 1, "questions": "q.jsonl", "n_docs": 5}
    assert run_folder(replace(OPTIONS, work=Path("there"))).folder == Path("there")

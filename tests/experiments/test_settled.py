"""Runs of one folder belong together."""

from dataclasses import replace

import pytest

from minirag.experiments.settled import begin
from tests.experiments.small_world import SIZE, small_world


def test_more_seeds_and_questions_go_on_in_a_folder_and_another_rate_does_not(tiny_folder, tmp_path):
    world = small_world(tiny_folder)
    begin(tmp_path / "out", world, SIZE)
    begin(tmp_path / "out", world, replace(SIZE, seeds=7, dev_sample=8, curve_sample=8))
    with pytest.raises(ValueError, match=r"settings.json: was begun with learning_rate 2e-05, not 0.1; go on"):
        begin(tmp_path / "out", world, replace(SIZE, learning_rate=0.1))
    with pytest.raises(ValueError, match="was begun with dev_questions 8, not 1"):
        begin(tmp_path / "out", replace(world, dev=world.dev[:1]), SIZE)

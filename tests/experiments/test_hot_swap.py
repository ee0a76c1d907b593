"""The swapped index is made once, by the model's own context encoder."""

from dataclasses import replace

import pytest

from minirag.experiments.hot_swap import swapped_base
from minirag.experiments.size import usual
from minirag.experiments.world import opened
from tests.experiments.small_world import SIZE, small_world


def test_the_swapped_index_is_made_once_and_states_other_facts(tiny_folder, tmp_path):
    start = opened(small_world(tiny_folder), usual(SIZE), 2, 0)
    base = swapped_base(start, tiny_folder / "facts.jsonl", tmp_path / "swapped")
    own = start.model.retriever.knowledge_base
    assert base.sidecar.fingerprint == own.sidecar.fingerprint and len(base) == len(own)
    assert {p.text for p in base.store} != {p.text for p in own.store}
    again = swapped_base(start, tmp_path / "facts that are not read", tmp_path / "swapped")
    assert [p.text for p in again.store] == [p.text for p in base.store]


def test_without_a_context_encoder_there_is_no_swapped_index(tiny_folder, tmp_path):
    start = replace(opened(small_world(tiny_folder), usual(SIZE), 2, 0), context_encoder=None)
    with pytest.raises(ValueError, match="needs the context encoder"):
        swapped_base(start, tiny_folder / "facts.jsonl", tmp_path / "swapped")

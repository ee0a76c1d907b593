"""Which folders can be chosen: the ones that were named, in their order."""

from pathlib import Path

from minirag.cli.opening import demo_folder
from minirag.serve.folders import DEMO, OWN, folders


def test_without_options_there_is_the_demo_with_its_own_knowledge_base():
    chosen = folders([], [])
    assert chosen.models == {DEMO: demo_folder()}
    assert chosen.knowledge_bases == {OWN: None}


def test_what_is_named_comes_first_and_once():
    chosen = folders([Path("b"), Path("a"), Path("b")], [Path("kb"), Path("kb")])
    assert list(chosen.models.values()) == [Path("b"), Path("a")]
    assert list(chosen.knowledge_bases.values()) == [Path("kb")]


def test_the_models_own_can_be_chosen_too_where_every_model_has_one(tiny_folder):
    assert folders([tiny_folder], [Path("kb")]).knowledge_bases == {"kb": Path("kb"), OWN: None}
    assert folders([tiny_folder, Path("bare")], [Path("kb")]).knowledge_bases == {"kb": Path("kb")}

"""What can a world look like? The demo's own facts, and a strategy that makes up small ones."""

from pathlib import Path

from hypothesis import strategies as st

from minirag.world.facts import Fact
from minirag.world.relations import COUNTRY_RELATIONS, ELEMENT_RELATIONS

DEMO_FACTS = Path(__file__).resolve().parents[2] / "weights" / "demo" / "facts.jsonl"
SEEDS = st.integers(0, 2**32 - 1)
VALUES = st.text(st.characters(exclude_categories=["C"], exclude_characters="{}"), min_size=1, max_size=12)


@st.composite
def worlds(draw: st.DrawFn) -> list[Fact]:
    """Facts of one to six entities, two or more each, no relation of an entity twice, in any order."""
    facts = []
    for entity in draw(st.lists(VALUES, min_size=1, max_size=6, unique=True)):
        relations = draw(st.sampled_from([COUNTRY_RELATIONS, ELEMENT_RELATIONS]))
        known = draw(st.lists(st.sampled_from(relations), min_size=2, unique=True))
        facts += [Fact(entity, relation.kind, relation.name, draw(VALUES)) for relation in known]
    return draw(st.permutations(facts))

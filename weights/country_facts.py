"""Which facts does the CIA World Factbook hold about each country and territory?

Development time only; `extract_facts.py` calls `country_facts`.
"""

from collections.abc import Iterator

from corrections import COUNTRY_CORRECTIONS, EVERYDAY_NAMES
from country_values import READERS
from factbook import countries, text_at

from minirag.world.facts import Fact

LEAST_FACTS = 6  # a rock in the ocean of which less is known is left out
NOT_COUNTRIES = {"ay", "ee", "um", "xx"}  # Antarctica, the European Union, a row of atolls, the world


def country_facts() -> Iterator[Fact]:
    """Every fact of every country of which enough is known."""
    for code, country in countries().items():
        entity = EVERYDAY_NAMES.get(code) or text_at(country, "Government", "Country name", "conventional short form")
        if not entity or code in NOT_COUNTRIES:
            continue
        values = {name: COUNTRY_CORRECTIONS.get((code, name)) or read(country) for name, read in READERS.items()}
        facts = [Fact(entity, "country", relation, value) for relation, value in values.items() if value]
        if len(facts) >= LEAST_FACTS:
            yield from facts

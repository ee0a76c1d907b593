"""Which facts does mendeleev hold about each chemical element? Read from its SQLite file, rounded and checked.

Development time only (mendeleev 1.3.0); `extract_facts.py` calls `element_facts`. Predicted properties are left out.
"""

import re
import sqlite3
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from corrections import ELEMENT_CORRECTIONS, SPELLINGS

from minirag.world.facts import Fact

CRYSTALS = {
    "BCC": "body-centered cubic",
    "CUB": "cubic",
    "DIA": "diamond cubic",
    "FCC": "face-centered cubic",
    "HEX": "hexagonal",
    "MCL": "monoclinic",
    "ORC": "orthorhombic",
    "RHL": "rhombohedral",
    "SC": "simple cubic",
    "TET": "tetragonal",
}
LAST_MEASURED = 99  # densities and temperatures of heavier elements are predictions
UNMEASURED = {"At", "Fr"}


def element_facts() -> Iterator[Fact]:
    """Every fact of the 118 elements."""
    package = find_spec("mendeleev")
    if package is None or package.origin is None:
        raise ValueError("mendeleev is not installed: pip install mendeleev==1.3.0")
    database = sqlite3.connect(Path(package.origin).parent / "elements.db")
    database.row_factory = sqlite3.Row
    families = {row["id"]: row["name"].lower() for row in database.execute("SELECT id, name FROM series")}
    phases = _phases(database)
    for row in database.execute("SELECT * FROM elements ORDER BY atomic_number"):
        values = _table_values(row, families) | _discovery_values(row) | _substance_values(row, phases)
        for relation, value in values.items():
            if value := ELEMENT_CORRECTIONS.get((row["symbol"], relation), value):
                yield Fact(row["name"], "element", relation, value)


def _phases(database: sqlite3.Connection) -> dict[int, sqlite3.Row]:
    """The melting and boiling point of each element, of the form in which it melts and boils."""
    melts = "SELECT * FROM phasetransitions WHERE is_sublimation_point IS NULL AND is_transition IS NULL"
    return {row["atomic_number"]: row for row in database.execute(melts)}


def _table_values(row: sqlite3.Row, families: dict[int, str]) -> dict[str, str]:
    family = families[row["series_id"]]
    return {
        "symbol": row["symbol"],
        "atomic_number": str(row["atomic_number"]),
        "atomic_weight": f"{row['atomic_weight']:.4f}".rstrip("0").rstrip("."),
        "period": str(row["period"]),
        "group": str(row["group_id"] or ""),
        "family": "post-transition metals" if family == "poor metals" else family,
    }


def _discovery_values(row: sqlite3.Row) -> dict[str, str]:
    """A discoverer where it was one person; a country where it was one."""
    person = SPELLINGS.get(row["discoverers"], row["discoverers"])
    one_person = re.fullmatch(r"[^\W\d]+( [^\W\d]+|-[^\W\d]+)+", person) and not re.search(
        r" and |ancient|Institute|Laborator|RIKEN|Research", person
    )
    country = row["discovery_location"] or ""
    return {
        "discoverer": person if one_person else "",
        "discovery_year": str(row["discovery_year"] or ""),
        "discovery_country": "" if "/" in country else country,
    }


def _substance_values(row: sqlite3.Row, phases: dict[int, sqlite3.Row]) -> dict[str, str]:
    measured = row["atomic_number"] <= LAST_MEASURED and row["symbol"] not in UNMEASURED
    phase = phases.get(row["atomic_number"]) if measured else None
    return {
        "melting_point": _celsius(phase["melting_point"]) if phase else "",
        "boiling_point": _celsius(phase["boiling_point"]) if phase else "",
        "density": f"{_three_digits(row['density'])} g/cm³" if measured and row["density"] else "",
        "crystal_structure": CRYSTALS.get(row["lattice_structure"], "") if measured else "",
        "electronegativity": f"{row['en_pauling']:.2f}" if row["en_pauling"] else "",
    }


def _celsius(kelvin: float | None) -> str:
    """Whole degrees from 100 on, tenths below: "1538 °C", "-38.8 °C"."""
    if kelvin is None:
        return ""
    degrees = kelvin - 273.15
    return f"{degrees:.0f} °C" if abs(degrees) >= 100 else f"{degrees:.1f} °C"


def _three_digits(value: float) -> str:
    return f"{float(f'{value:.3g}'):f}".rstrip("0").rstrip(".")

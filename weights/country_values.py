"""How is one short, unambiguous value read from each field of the Factbook? One function per relation.

Development time only. What is missing, ambiguous, long or odd gives "": a fact less, never a wrong one.
"""

import re
from collections.abc import Callable

from corrections import CURRENCIES, SINGULARS, TITLES
from factbook import Country, items, short, text_at, without_parentheses

VAGUE_GOVERNMENT = re.compile(
    r"(?i)territory|unincorporated|transition$|formerly|authoritarian|theocratic$|commonwealth|administered|name"
    r"|unresolved| - "
)
INDEPENDENCE = re.compile(
    r"(?:[\d-]+ \w+ )?(\d{4})"
    r"(?: \((declared independence |declared |independence )?(from|Czechoslovakia split)[^;]*\))?"
)
UNBELIEVERS = re.compile(r"(?i)none|no |other|un(specified|affiliated)|atheis")
BELIEVERS = re.compile(
    r"(?P<name>[A-Z][A-Za-z' -]+?)\s*(?:\([^)]*\)\s*)?(?:[\d.]+\s*-\s*|[<>~])?\s*(?P<share>\d+(?:\.\d+)?)\s*%"
)


def capital(country: Country) -> str:
    text = text_at(country, "Government", "Capital", "name")
    if (
        len(re.findall(r"capital", text)) > 1
        or re.match(r"no official|administered", text)
        or re.search(r"\baka\b", text)
    ):
        return ""  # several capitals, or none
    name = without_parentheses(text.split(";")[0].split(" in Romanian")[0])
    return short({"Sao Tome": "São Tomé"}.get(name, name), 4)


def time_zone(country: Country) -> str:
    """The zone, where the country has only one: "UTC+5.5" → "UTC+5:30"."""
    found = re.match(r"UTC ?([+-]?)(\d+)(\.\d+)?", text_at(country, "Government", "Capital", "time difference"))
    if not found or "time zone note" in country["Government"]["Capital"]:
        return ""
    sign, hours, part = found.groups()
    return f"UTC{sign or '+'}{hours}" + (f":{60 * float(part):02.0f}" if part else "")


def highest_point(country: Country) -> str:
    text = without_parentheses(text_at(country, "Geography", "Elevation", "highest point"))
    return _place(text.split("/")[0])


def lowest_point(country: Country) -> str:
    return _place(without_parentheses(text_at(country, "Geography", "Elevation", "lowest point")))


def _place(text: str) -> str:
    """ "Zugspitze 2,963 m" → "Zugspitze"; descriptions such as "unnamed elevation near the border" are left out."""
    name = re.sub(r"\s+-?[\d,.]+(\s*m\b.*)?$", "", text).strip(" ,")
    return short(name) if name[:1].isupper() and "," not in name else ""


def area(country: Country) -> str:
    node = country.get("Geography", {}).get("Area", {})
    text = text_at(node, "total " if "total " in node else "total")
    text = re.sub(r"^(\d)\.(\d{3}) million", r"\1,\2,000", text)
    found = re.match(r"[1-9][\d,]*(\.\d+)? sq km", text)
    return found.group() if found else ""


def coastline(country: Country) -> str:
    found = re.fullmatch(r"([\d,.]+ km)( \([^)]*;[^)]*\))?", text_at(country, "Geography", "Coastline"))
    return found.group(1) if found and not found.group(1).startswith("0 ") else ""


def region(country: Country) -> str:
    text = text_at(country, "Geography", "Map references")
    return short({"Political Map of the World": "North America", "AsiaEurope": ""}.get(text, text))


def internet_domain(country: Country) -> str:
    found = re.fullmatch(r"\.[a-z]{2}", text_at(country, "Communications", "Internet country code"))
    return found.group() if found else ""


def population(country: Country) -> str:
    """Three digits: "3.28 million"; below a million as it is."""
    found = re.match(r"[\d,]+(?= ?\(|$)", text_at(country, "People and Society", "Population", "total"))
    people = int(found.group().replace(",", "")) if found else 0
    if people < 1_000_000:
        return f"{people:,}" if people else ""
    unit, name = (1_000_000_000, "billion") if people >= 999_500_000 else (1_000_000, "million")
    return f"{float(f'{people / unit:.3g}'):g} {name}"


def currency(country: Country) -> str:
    text = text_at(country, "Economy", "Exchange rates", "Currency").split(" per US dollar")[0]
    code = re.search(r"\(([A-Z]{3})\)", text)
    if code and code.group(1) in CURRENCIES:
        return CURRENCIES[code.group(1)]
    *first, last = without_parentheses(text).split(" ")
    singular = SINGULARS.get(last, last[:-1] if last.endswith("s") else last)
    return short(" ".join([*first, singular]))


def demonym(country: Country) -> str:
    text = re.sub(
        r"\([a-z]*,? ?(singular|US)[^)]*\).*|\(s\)", "", text_at(country, "People and Society", "Nationality", "noun")
    )
    text = re.sub(r", \w+ \(collective plural\)$", "", text.split(" or ")[0]).strip()
    return "" if "," in text or "(" in text or text in ("NA", "none", "Taiwan") else short(text)


def government_type(country: Country) -> str:
    text = without_parentheses(items(text_at(country, "Government", "Government type") or "none")[0])
    text = re.sub(r" in free association.*", "", text)
    text = re.sub(r"\bdemocracy under a constitutional monarchy", "constitutional monarchy", text)
    text = text.replace("federal parliamentary constitutional", "federal constitutional")  # short enough
    return "" if VAGUE_GOVERNMENT.search(text) else short(text)


def head_of_state(country: Country) -> str:
    """The name without titles; the Factbook writes surnames in capitals."""
    text = without_parentheses(
        re.split(r" \(since|;|, (?!Jr)", text_at(country, "Government", "Executive branch", "chief of state"))[0]
    )
    words = re.sub(r"\"[^\"]*\"|of (the Netherlands|Denmark|Norway)$", "", text).replace(",", "").split()
    while words and words[0] in TITLES:
        words.pop(0)
    name = " ".join([*map(_capitalized, words[:1]), *map(_in_small_letters, words[1:])])
    return "" if re.search(r"vacant|prince|chiefs|Chairperson", name) else short(name, 6)


def _in_small_letters(word: str) -> str:
    """ "VI" → "VI", "DE" → "de", "RAMOS-HORTA" → "Ramos-Horta"."""
    if word in ("BIN", "DE", "DER"):
        return word.lower()
    return word if re.fullmatch(r"[IVX]+", word) else _capitalized(word)


def _capitalized(word: str) -> str:
    return re.sub(r"\w[\w']+", lambda part: part.group().capitalize() if part.group().isupper() else part.group(), word)


def independence_year(country: Country) -> str:
    """Where the Factbook gives one date only, and calls it independence from someone."""
    text = text_at(country, "Government", "Independence").split("; notable")[0]
    found = INDEPENDENCE.fullmatch(text)
    return found.group(1) if found and ("(" in text or text.endswith("1847")) else ""


def official_language(country: Country) -> str:
    languages = country.get("People and Society", {}).get("Languages", {})
    text = text_at(languages, "Languages") or text_at({"it": languages}, "it")
    official = [item for item in items(text) if re.search(r"\(([^)]*, ?)?official\b(?! in| on)", item)]
    if len(official) != 1 or len(re.findall(r"\bofficial\b(?! in| on)", text)) > 1:
        return ""
    name = re.sub(r"\s*[~<]?\d.*|\bonly$", "", without_parentheses(official[0])).strip()
    name = {"Persian Farsi": "Persian"}.get(name, name).removesuffix(" only")
    return "" if re.search(r" and |:|\bis\b", name) or not name[:1].isupper() else short(name, 3)


def religion(country: Country) -> str:
    """The largest group, where shares are given, or the only one."""
    groups = items(text_at(country, "People and Society", "Religions"))
    if len(groups) == 1:
        return short(re.sub(r" \d+%.*", "", without_parentheses(groups[0])), 3)
    parts = [BELIEVERS.match(group) for group in groups]
    if not parts or not parts[0]:
        return ""
    shares = {
        part["name"].strip(): float(part["share"]) for part in parts if part and not UNBELIEVERS.match(part["name"])
    }
    return short(max(shares, key=lambda name: shares[name]), 3) if shares else ""


def main_export(country: Country) -> str:
    first = (items(text_at(country, "Economy", "Exports - commodities")) or [""])[0]
    return short(re.sub(r" \d+%$", "", without_parentheses(first)))


def national_symbol(country: Country) -> str:
    symbols = items(text_at(country, "Government", "National symbol(s)"))
    name = without_parentheses(symbols[0]) if len(symbols) == 1 else ""
    return short(re.sub(r"^(a|an|the) ", "", name))


READERS: dict[str, Callable[[Country], str]] = {
    "capital": capital, "highest_point": highest_point, "lowest_point": lowest_point, "area": area,
    "coastline": coastline, "region": region, "time_zone": time_zone, "internet_domain": internet_domain,
    "population": population, "demonym": demonym, "official_language": official_language, "religion": religion,
    "currency": currency, "government_type": government_type, "head_of_state": head_of_state,
    "independence_year": independence_year, "main_export": main_export, "national_symbol": national_symbol,
}  # fmt: skip

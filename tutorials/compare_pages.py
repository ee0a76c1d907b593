"""Does a page still say what its tutorial says? Inputs to the letter, outputs within the last digit that is shown.

Tests     tests/tutorials/test_compare_pages.py

Another CPU adds float32 numbers in another order: results move by about 1e-7 of their size, and the last digit that is
printed may tip over. So a number with a decimal point may differ by one in its last digit, by 1e-5 of its size (digits
beyond float32's are noise) or by 1e-6 (a difference that should be 0). Whole numbers and all other text are exact.
Of figures, the text in their place is compared, and that they are there: where a curve runs is rounding all over.
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path
from xml.etree import ElementTree

from tutorials.page_text import contents, tutorials

NUMBER = re.compile(r"[-+]?\d+(?:\.(\d*))?(?:e([-+]?\d+))?", re.IGNORECASE)
FIGURE = re.compile(r"!\[[^\n]*\]\(([\w.]+\.svg)\)")


def same_number(old: re.Match[str], new: re.Match[str]) -> bool:
    if all(number[1] is None and number[2] is None for number in (old, new)):
        return int(old[0]) == int(new[0])
    last_digit = max(10.0 ** (int(number[2] or 0) - len(number[1] or "")) for number in (old, new))
    a, b = float(old[0]), float(new[0])
    return abs(a - b) <= max(1.001 * last_digit, 1e-5 * abs(a), 1e-6)


def same_line(old: str, new: str) -> bool:
    """The same text, and the same numbers as far as they are sure."""
    if NUMBER.sub("#", old) != NUMBER.sub("#", new):
        return False
    return all(map(same_number, NUMBER.finditer(old), NUMBER.finditer(new)))


def printed(page: str) -> list[str]:
    """The lines that its cells print, all in a row."""
    return [
        line
        for block in re.findall(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]


def shapes(page: str) -> list[str]:
    """Every line; of those that came out of a run, what has to be the same to the letter."""
    lines, is_output = [], False
    for line in page.splitlines():
        is_output = line == "```text" or (is_output and line != "```")
        lines.append("output " + NUMBER.sub("#", line) if is_output or FIGURE.fullmatch(line) else line)
    return lines


def page_differences(name: str, old: str, new: str) -> Iterator[str]:
    """One sentence for each line that differs; `old` is the committed page, `new` is made now."""
    old_lines, new_lines = old.splitlines(), new.splitlines()
    changes = SequenceMatcher(None, shapes(old), shapes(new), autojunk=False).get_opcodes()
    for kind, start, end, new_start, new_end in changes:
        pairs = zip_longest(old_lines[start:end], new_lines[new_start:new_end], fillvalue="(no line)")
        for number, (was, now) in enumerate(pairs, start=start + 1):
            if kind != "equal" or not same_line(was, now):
                yield f"{name}, line {number}: the page has {was!r}, the tutorial gives {now!r}"


def folder_differences(folder: Path) -> Iterator[str]:
    """What is amiss without running anything: the contents, figures that are no SVG, files that nothing asks for."""
    pages = folder / "pages"
    listed = pages / "README.md"
    if not listed.exists() or listed.read_text("utf-8") != contents(folder):
        yield "README.md: the list of tutorials is another one"
    for figure in sorted(linked_figures(pages)):
        if not is_svg(pages / figure):
            yield f"{figure}: is linked and is no SVG file"
    yield from (f"{path.name}: no tutorial asks for it" for path in leftovers(folder))


def figures(page: str) -> list[str]:
    """The file names of its figures."""
    return FIGURE.findall(page)


def linked_figures(pages: Path) -> set[str]:
    return {name for page in pages.glob("*.md") for name in figures(page.read_text("utf-8"))}


def leftovers(folder: Path) -> list[Path]:
    """Files among the pages that belong to no tutorial of today."""
    pages = folder / "pages"
    wanted = {"README.md", *linked_figures(pages), *(f"{path.stem}.md" for path in tutorials(folder))}
    return sorted(path for path in pages.glob("*") if path.name not in wanted)


def is_svg(path: Path) -> bool:
    try:
        return ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    except (OSError, ElementTree.ParseError):
        return False

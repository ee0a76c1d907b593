"""Which letters can be drawn on this machine?

Paper     none
Tutorial  tutorials/11_likelihood.py
Tests     tests/plots/test_words.py
"""

from functools import cache

from matplotlib import font_manager

# The first comes with matplotlib and is used for all that it has; the others only where the machine has them.
FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Arial Unicode MS",
)


@cache
def fonts() -> tuple[str, ...]:
    """Those of FONTS that this machine has: matplotlib looks for a glyph in one after the other."""
    there = set(font_manager.fontManager.get_font_names())
    return tuple(name for name in FONTS if name in there)


@cache
def glyphs() -> frozenset[int]:
    """The code points that can be drawn here."""
    paths = [font_manager.findfont(name) for name in fonts()]
    return frozenset(code for path in paths for code in font_manager.get_font(path).get_charmap())

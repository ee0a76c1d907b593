"""How does a figure get onto a page? As SVG with the same bytes every time, its label beside it for who cannot see it.

Tests     tests/tutorials/test_make_pages.py

make_pages.py calls `show_figures_as_svg` in a hidden first cell. matplotlib is imported by whoever draws.
"""

from io import StringIO
from typing import Any


def show_figures_as_svg() -> None:
    """From here on a cell that ends with a figure shows it."""
    from IPython import get_ipython

    formatters = get_ipython().display_formatter.formatters
    formatters["image/svg+xml"].for_type_by_name("matplotlib.figure", "Figure", svg)
    formatters["text/plain"].for_type_by_name("matplotlib.figure", "Figure", label)


def svg(figure: Any) -> str:
    """Letters are drawn as paths: they look the same wherever the page is read, whatever fonts are there."""
    import matplotlib

    text = StringIO()
    metadata = {"Title": figure.get_label(), "Date": None, "Creator": None}
    with matplotlib.rc_context({"svg.hashsalt": "minirag", "svg.fonttype": "path"}):
        figure.savefig(text, format="svg", metadata=metadata)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def label(figure: Any, printer: Any, cycle: bool) -> None:
    printer.text(figure.get_label())

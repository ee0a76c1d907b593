"""How does a figure become a file? Whole or not at all, the same bytes every time, and with its words inside.

Paper     none
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/plots/test_saving.py
"""

import io
import os
from pathlib import Path
from uuid import uuid4

from matplotlib.figure import Figure

from minirag.plots.style import house_style

DOTS_PER_INCH = 200  # of a png: 1,000 pixels for a figure of page width
# What a format calls the text alternative, and what is left out because it changes from one day to the next.
DESCRIPTION = {".svg": "Description", ".png": "Description", ".pdf": "Subject"}
DATES = {".svg": {"Date": None}, ".png": {}, ".pdf": {"CreationDate": None}}


def alt_text(figure: Figure) -> str:
    """What the figure shows, in words made from its data. ValueError: it was not made by this room."""
    text = str(figure.get_label())
    if not text:
        raise ValueError("the figure has no text alternative: give it one with figure.set_label(...)")
    return text


def picture_path(path: str | os.PathLike[str]) -> Path:
    """A place that `save` can write to. ValueError: an unknown suffix, a missing folder, a folder in the place."""
    path = Path(path)
    if path.suffix.lower() not in DESCRIPTION:
        raise ValueError(f"{path}: a picture ends in one of {', '.join(DESCRIPTION)}")
    if path.is_dir():
        raise ValueError(f"{path}: is a folder, not a picture")
    if not path.parent.is_dir():
        raise ValueError(f"{path}: no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise ValueError(f"{path}: nothing can be written to {path.parent}")
    return path


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Written beside its place under another name, then renamed: svg, png or pdf. ValueError as in `picture_path`,
    and for what the disk refuses.
    """
    path = picture_path(path)
    content = drawn(figure, path.suffix.lower())
    unfinished = path.with_name(f".{uuid4().hex[:8]}.unfinished")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise ValueError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        unfinished.unlink(missing_ok=True)


def svg_text(figure: Figure) -> str:
    """The same bytes as in a saved svg, for a notebook or a web page."""
    return drawn(figure, ".svg").decode("utf-8")


def drawn(figure: Figure, suffix: str) -> bytes:
    content = io.BytesIO()
    metadata = {DESCRIPTION[suffix]: alt_text(figure), **DATES[suffix]}
    with house_style():
        figure.savefig(content, format=suffix[1:], dpi=DOTS_PER_INCH, metadata=metadata)
    return content.getvalue()

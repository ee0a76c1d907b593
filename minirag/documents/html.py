"""What does an HTML page say? Its text without markup and scripts, a line break where a browser shows one, and its title.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_html.py

lexbor (through selectolax) builds the tree as browsers do. Its work grows with the square of how deep blocks are nested: half
a minute for 100,000 <div> in each other, hours for a million. So their depth is looked at before.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minirag.documents.document import Document, NotRead, library, title_of
from minirag.documents.lines import decoded

BLOCK_NAMES = """
    address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hgroup hr legend li listing main menu nav ol optgroup option p plaintext pre search
    section summary table tbody tfoot thead tr ul xmp"""
UNREAD_NAMES = "audio canvas iframe math noembed noframes noscript object script style svg template video"
BLOCKS, UNREAD, CELLS = frozenset(BLOCK_NAMES.split()), frozenset(UNREAD_NAMES.split()), frozenset(("td", "th"))
KEEPS_SPACE = frozenset(("pre", "textarea", "listing", "plaintext", "xmp"))
DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
NESTING = re.compile(
    r"<(/?)(?:div|section|article|aside|blockquote|center|main|nav|ul|ol|dl|table|form)\b", re.IGNORECASE
)
DEEPEST = 5_000
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_html(path: Path) -> Iterator[Document]:
    """Its title is <title>, else the first <h1>, else the name of the file."""
    parser = library("selectolax.lexbor", path).LexborHTMLParser
    try:
        page = page_text(path, path.read_bytes())
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    if too_deep(page):
        raise ValueError(f"{path}: has more than {DEEPEST:,} blocks inside each other")
    try:
        tree = parser(page)
        text = shown_text(tree.body)
    except (RuntimeError, AttributeError, TypeError) as error:
        raise ValueError(f"{path}: is not HTML that can be read ({error})") from None
    if not text:
        raise NotRead(path, "holds no text")
    headings = (node.text(strip=False) for node in (tree.css_first("title"), tree.css_first("h1")) if node is not None)
    yield Document(next((found for each in headings if (found := " ".join(each.split()))), title_of(path)), text)


def page_text(path: Path, raw: bytes) -> str:
    """Decoded as its byte order mark says, else as it says itself within the first 1,024 bytes, else as UTF-8."""
    marked = next((name for mark, name in MARKS if raw.startswith(mark)), None)
    declared = DECLARED.search(raw[:1024])
    name = marked or (declared[1].decode() if declared else "utf-8")
    if name.lower() in ("iso-8859-1", "latin1", "us-ascii", "ascii"):
        name = "windows-1252"  # what browsers take these names for
    if name.lower() in ("utf-8", "utf8", "utf-16le", "utf-16be"):  # a page that says utf-16 in ASCII is in UTF-8
        return "".join(
            decoded(path, n, line) for n, line in enumerate(raw.removeprefix(MARKS[0][0]).splitlines(True), 1)
        )
    try:
        return raw.decode(name)
    except (LookupError, ValueError) as error:
        raise ValueError(f"{path}: is not in {name}, as it says ({' '.join(str(error).split())[:100]})") from None


def too_deep(page: str) -> bool:
    depth = 0
    for found in NESTING.finditer(page):
        depth = max(depth - 1, 0) if found[1] else depth + 1
        if depth > DEEPEST:
            return True
    return False


def shown_text(body: Any) -> str:
    """All text nodes in order. Space is one space, except where it is kept; the end of a block is the end of a line."""
    parts: list[str] = []
    for node, is_end in walk(body):
        if node.is_text_node:
            text = node.text_content or ""
            parts.append(text if node.parent.tag in KEEPS_SPACE else re.sub(r"[ \t\r\n\f]+", " ", text))
        elif node.tag == "br":
            parts.append("\n")
        elif node.tag in BLOCKS:
            parts.append("\n\n")
        elif node.tag in CELLS and is_end:
            parts.append(" ")
    text = re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", "".join(parts)))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def walk(body: Any) -> Iterator[tuple[Any, bool]]:
    """(node, is it left?): every node in order, elements a second time when they end; without recursion."""
    open_nodes: list[Any] = []
    node = body
    while node is not None or open_nodes:
        if node is None:
            node = open_nodes.pop()
            yield node, True
        else:
            yield node, False
            if node.is_element_node and node.tag not in UNREAD and node.first_child is not None:
                open_nodes.append(node)
                node = node.first_child
                continue
        node = node.next if open_nodes else None

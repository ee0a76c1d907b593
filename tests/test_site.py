"""Does the site build without a warning, do its links hold, and does it ask no other machine for anything?"""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
LOADED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("link", "href")}


class Links(HTMLParser):
    """What a page links to, what it loads, and the places in it that can be linked to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.add(value)
            elif (tag, name) in LOADED:
                self.loaded.append(value)
            if name in {"href", "src"} and value:
                self.links.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Links]:
    """Every page but 404.html, whose links start at the root of a server."""
    return {path: Links(path) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_link_leads_to_a_page_and_a_place_in_it(pages):
    broken = []
    for page, found in pages.items():
        for link in found.links:
            path, _, place = unquote(link).partition("#")
            target = (page.parent / path).resolve() if path else page
            if link.startswith(("https:", "mailto:")) or (path in {"", "."} and not place):
                continue
            if not target.exists() or (place and target in pages and place not in pages[target].ids):
                broken.append(f"{page.name}: {link}")
    assert broken == []


def test_nothing_is_loaded_from_another_machine(site, pages):
    assert [link for found in pages.values() for link in found.loaded if re.match(r"(https?:)?//", link)] == []
    styles = "\n".join(path.read_text("utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"""(?:url\(|@import\s+)["']?(?:https?:)?//[^)"']+""", styles) == []


def test_every_module_has_a_page(site):
    modules = [path for path in (REPOSITORY / "minirag").rglob("*.py") if path.name != "__init__.py"]
    assert [path for path in modules if not (site / path.relative_to(REPOSITORY).with_suffix(".html")).exists()] == []


def test_the_equations_lead_to_their_code_and_their_tests(pages, site):
    links = pages[site / "paper_code_test.html"].links
    assert "minirag/likelihood.html#minirag.likelihood.rag_token_logprob" in links
    assert "tests/test_likelihood.html#tests.test_likelihood.test_posteriors_follow_bayes_rule" in links


def test_a_page_that_is_named_is_linked(pages, site):
    assert "../../docs/deviations.html" in pages[site / "tutorials/pages/11_likelihood.html"].links


def test_a_long_name_may_be_broken_between_its_words(site):
    table = (site / "paper_code_test.html").read_text("utf-8")
    assert "<code>minirag/<wbr>likelihood.py::<wbr>rag_<wbr>token_<wbr>logprob</code>" in table


def test_formulas_and_shapes_of_docstrings_are_read_as_they_are_written(site):
    text = re.sub(r"<[^>]+>", "", (site / "minirag/likelihood.html").read_text("utf-8"))
    assert "log Π_t Σ_z p(z|x) p(y_t|x,z,y_&lt;t): each token may come from another passage (RAG §2.1)." in text
    assert (
        "token_logprobs: Float[Tensor, &quot;B K T&quot;]" in text or 'token_logprobs: Float[Tensor, "B K T"]' in text
    )


def test_a_tutorial_shows_its_figure_with_words_in_place_of_it(site):
    page = (site / "tutorials/pages/02_batching.html").read_text("utf-8")
    assert re.search(r'<img alt="Mask of twelve passages[^"]+" src="02_batching_1.svg"', page)


def test_what_a_page_says_is_found_by_searching(site):
    assert "pad_ids" in (site / "search/search_index.json").read_text("utf-8")

"""The page in a real browser: a person asks, reads, and needs no mouse; a document can do nothing but be read."""

import http.client
from urllib.parse import urlsplit

import pytest

from tests.serve.conftest import HOSTILE

pytestmark = pytest.mark.browser


def ask(page, question: str) -> None:
    """Returns when the answer, or the line that says why there is none, is there."""
    page.get_by_label("Question").fill(question)
    page.keyboard.press("Enter")
    page.wait_for_function(
        "question => document.querySelector('.passages')?.innerText.includes(question)", arg=question
    )


def choose(page, knowledge_base: str) -> None:
    page.get_by_label("Knowledge base").click()
    page.get_by_role("option", name=knowledge_base).click()


def test_both_models_answer_with_probability_passages_and_shares(open_page):
    with open_page() as page:
        ask(page, "what is the capital of mongolia?")
        cards = page.locator(".answers .card")
        assert cards.locator("h2").all_inner_texts() == ["RAG-Token", "RAG-Sequence"]
        assert cards.locator(".answer").all_inner_texts() == ["Ulaanbaatar", "Ulaanbaatar"]
        assert all(0.5 < float(p) <= 1 for p in cards.locator(".probability").all_inner_texts())
        passages = page.locator(".passages li")
        assert passages.count() == 5
        assert passages.first.locator("h3").inner_text() == "Mongolia"
        shares = dict(zip(passages.first.locator("dt").all_inner_texts(), shown_shares(passages.first), strict=True))
        assert list(shares) == ["prior p(z|x)", "posterior, RAG-Token", "posterior, RAG-Sequence"]
        assert min(shares.values()) > 0.9
        assert passages.first.locator("mark").inner_text() == "Ulaanbaatar"


def shown_shares(passage) -> list[float]:
    return [float(share) for share in passage.locator("dd").all_inner_texts()]


def test_the_heat_map_is_drawn_and_changes_with_the_question(open_page):
    with open_page() as page:
        ask(page, "what is the capital of mongolia?")
        first = heat_maps(page)
        ask(page, "what is the capital of malta?")
        second = heat_maps(page)
        assert all(width > 100 for _, _, width in first + second)
        assert all("Mongolia holds" in words for _, words, _ in first)
        assert all("Malta holds" in words for _, words, _ in second)
        assert not {source for source, _, _ in first} & {source for source, _, _ in second}


def heat_maps(page) -> list[tuple[str, str, int]]:
    """Source, text alternative and natural width of each picture, once it is decoded."""
    code = "images => Promise.all(images.map(i => i.decode().then(() => [i.src, i.alt, i.naturalWidth])))"
    return page.locator(".answers img").evaluate_all(code)


def test_the_keyboard_alone_is_enough(open_page):
    with open_page() as page:
        press = page.keyboard.press
        page.keyboard.type("what is the capital of mongolia?")  # the box has the focus from the start
        press("Tab")
        assert focused(page) == "Ask"
        press("Tab")  # the model: there is one
        press("Tab")
        press("Enter")
        press("ArrowDown")
        press("Enter")  # the second knowledge base
        page.get_by_label("Knowledge base").and_(page.locator("[value='hostile']")).wait_for()
        press("Tab")
        assert focused(page) == "Passages to read"
        for _ in range(3):
            press("ArrowLeft")
        page.get_by_text("Passages to read: 2").wait_for()
        press("Tab")
        assert focused(page) == "Beams"
        press("ArrowRight")
        page.get_by_text("Beams: 5").wait_for()
        for _ in range(4):
            press("Shift+Tab")
        assert focused(page) == "Ask"
        press("Space")
        page.get_by_role("heading", name="2 passages read for").wait_for()
        assert HOSTILE[0][0] in page.locator(".passages h3").all_inner_texts()


def focused(page) -> str:
    """What a screen reader calls the element that has the focus."""
    return page.evaluate("(e => e.ariaLabel || e.innerText || e.tagName)(document.activeElement)")


def test_hostile_text_stays_text(open_page):
    """An alert, or an error of a script, would fail this in `open_page`."""
    question = "<img src=x onerror=alert(5)> what is the capital of mongolia? <b>$x$</b>"
    with open_page() as page:
        choose(page, "hostile")
        ask(page, question)
        shown = page.locator(".passages").inner_text()
        assert f"3 passages read for “{question}”" in shown
        for title, text in HOSTILE:
            assert title in shown
            assert text.replace("\u202e", r"\u202e").replace("\u202c", r"\u202c") in shown
        made = page.locator(".passages *").evaluate_all("elements => elements.map(e => e.localName)")
        assert sorted(set(made)) == ["dd", "div", "dl", "dt", "h2", "h3", "li", "mark", "ol", "p", "span"]
        assert page.locator(".minirag :is(script, iframe, a, svg, [onerror], [onload])").count() == 0


@pytest.mark.parametrize("question", ["", "   "])
def test_an_empty_question_is_one_line_and_the_old_answer_goes(open_page, question):
    with open_page() as page:
        ask(page, "what is the capital of mongolia?")
        page.get_by_label("Question").fill(question)
        page.keyboard.press("Enter")
        page.get_by_role("alert").filter(has_text="the question is empty").wait_for()
        assert page.locator(".card").count() == 0
        ask(page, "what is the capital of malta?")
        assert page.get_by_role("alert").inner_text() == ""


def test_a_knowledge_base_that_is_gone_is_one_line(open_page):
    with open_page() as page:
        choose(page, "gone")
        page.get_by_label("Question").fill("what is the capital of mongolia?")
        page.keyboard.press("Enter")
        line = page.get_by_role("alert").filter(has_text="gone")
        line.wait_for()
        assert "\n" not in line.inner_text()
        assert "Traceback" not in page.locator("body").inner_text()


def test_whoever_leaves_while_it_reads_disturbs_nobody(open_page):
    """That the server has nothing to complain about is in `served`."""
    with open_page() as page:
        page.get_by_label("Question").fill("what is the capital of mongolia?")
        page.keyboard.press("Enter")
        page.get_by_text("Reading …").wait_for()
    with open_page() as page:
        ask(page, "what is the capital of malta?")
        assert page.locator(".answer").first.inner_text() == "Valletta"


def test_nothing_is_asked_of_another_host_and_the_browser_would_refuse_it(open_page, served):
    refused = """() => new Promise(told => {
        addEventListener('securitypolicyviolation', event => told(event.blockedURI));
        document.body.append(Object.assign(new Image(), {src: 'http://other.example/pixel.png'}));
        setTimeout(told, 5000, 'nothing was refused');
    })"""
    with open_page() as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url.replace("ws:", "http:")))
        page.reload()
        ask(page, "what is the capital of mongolia?")
        own = (served, "data:")
        assert len(asked) > 5
        assert [url for url in asked if not url.startswith(own)] == []
        assert page.evaluate(refused) == "http://other.example/pixel.png"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(open_page, scheme):
    with open_page(390, 844, color_scheme=scheme) as page:
        assert overhang(page) == 0
        choose(page, "hostile")
        ask(page, "what is the capital of mongolia?")
        assert overhang(page) == 0
        red, green, blue = map(int, page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g)"))
        assert (max(red, green, blue) < 60) == (scheme == "dark")


def overhang(page) -> int:
    """Pixels by which the page, or anything in it, is wider than the window."""
    code = "elements => Math.max(...elements.map(e => e.getBoundingClientRect().right)) - innerWidth"
    inside = page.locator("form > *, .settings > *, .answers *, .passages *").evaluate_all(code)
    return max(0, inside, page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def test_a_name_that_another_site_gave_this_machine_is_not_answered(served):
    host, port = urlsplit(served).hostname, urlsplit(served).port
    status = {}
    for name in (f"{host}:{port}", f"localhost:{port}", f"other.example:{port}"):
        connection = http.client.HTTPConnection(host, port, timeout=20)
        connection.request("GET", "/", headers={"Host": name})
        status[name.partition(":")[0]] = connection.getresponse().status
        connection.close()
    assert status == {"127.0.0.1": 200, "localhost": 200, "other.example": 400}

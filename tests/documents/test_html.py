import pytest

from minirag.documents.reading import read_documents


def read(folder, contents):
    (folder / "page.html").write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    (passage,) = read_documents([folder / "page.html"])
    return passage.title, passage.text


@pytest.mark.parametrize(
    ("contents", "text"),
    [
        ("Iron <b>is</b> a<i> metal</i>.", "Iron is a metal."),
        ("<p>one<p>two <div>three</div>four", "one\n\ntwo\n\nthree\n\nfour"),
        ("one<br>two<hr>three", "one\ntwo\n\nthree"),
        ("<table><tr><td>Mongolia<td>Ulaanbaatar<tr><td>Peru<td>Lima</table>", "Mongolia Ulaanbaatar\n\nPeru Lima"),
        ("<ul><li>one<li>two</ul>", "one\n\ntwo"),
        ("a\n  b\t c&nbsp;d &lt;e&gt; &#233;", "a b c\u00a0d <e> é"),
        ("<pre>a\nb</pre>", "a\nb"),
        (
            "<script>x()</script><style>p{}</style><!-- c -->said<template><p>t</p></template><noscript>n</noscript>",
            "said",
        ),
        ("</p></div><<<a>unclosed <b>tags", "<<unclosed tags"),
    ],
)
def test_text_is_what_a_browser_shows(tmp_path, contents, text):
    shown = read(tmp_path, contents)[1]
    assert [line for line in shown.split("\n") if line] == [line for line in text.split("\n") if line]


@pytest.mark.parametrize(
    ("contents", "title"),
    [
        ("<title> Iron &amp;\n Gold </title><h1>x</h1>y", "Iron & Gold"),
        ("<title> </title>y<h1>On <i>Iron</i></h1>", "On Iron"),
        ("y", "page"),
    ],
)
def test_a_page_has_a_title(tmp_path, contents, title):
    assert read(tmp_path, contents)[0] == title


@pytest.mark.parametrize(
    "contents",
    [
        "<p>café".encode(),
        b"\xef\xbb\xbf<p>caf\xc3\xa9",
        b"<meta charset='latin1'><p>caf\xe9",
        "<p>café".encode("utf-16"),
        b'<meta http-equiv="Content-Type" content="text/html; charset=windows-1252"><p>caf\xe9',
    ],
)
def test_letters_are_read_as_the_page_says(tmp_path, contents):
    assert read(tmp_path, contents)[1] == "café"


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", r"holds no text$"),
        (b"<title>only</title><script>x()</script>", r"holds no text$"),
        (b"one\n<p>caf\xe9", r":2: is not UTF-8 text"),
        (b"<meta charset='nonsense'>x", r"is not in nonsense, as it says"),
        (b"<meta charset='hex'>x", r"is not in hex, as it says"),
        (b"<div>" * 1_000_000 + b"x", r"has more than 5,000 blocks inside each other$"),
    ],
)
def test_a_fault_is_one_line_with_the_file(tmp_path, contents, message):
    with pytest.raises(ValueError, match=r"page\.html.*" + message) as caught:
        read(tmp_path, contents)
    assert "\n" not in str(caught.value)


def test_elements_in_each_other_need_no_recursion(tmp_path):
    assert read(tmp_path, "<b>" * 50_000 + "deep")[1] == "deep"

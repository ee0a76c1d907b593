"""Which passages share words with the question? BM25, the sparse retriever that dense retrieval is measured against.

Paper     RAG §4.5 and table 6 (RAG-BM25: BM25's scores are the logits of p(z|x)); DPR table 2
Tutorial  tutorials/08_passages_and_bm25.py
Tests     tests/retrieval/test_bm25.py

score(x, z) = Σ_w idf(w) · f(w,z)·(k1 + 1) / (f(w,z) + k1·(1 − b + b·|z|/mean |z|)) over the distinct words w of x,
idf(w) = log((N − n(w) + ½) / (n(w) + ½)), at least 1e-6; k1 = 1.2, b = 0.75; z is title and text together.
SQLite's FTS5 computes it.
"""

import unicodedata
from collections.abc import Sequence

from minirag.retrieval.filters import ALL, Only, condition
from minirag.retrieval.fusion import Ranked, Search
from minirag.retrieval.passages import PassageStore


def bm25_search(store: PassageStore, only: Only = ALL) -> Search:
    """Of several questions at once, as the other kinds of search are asked."""

    def search(questions: Sequence[str], k: int) -> list[Ranked]:
        return [search_bm25(store, question, k, only) for question in questions]

    return search


def search_bm25(store: PassageStore, question: str, k: int, only: Only = ALL) -> Ranked:
    """At most k (row, score), best first. Passages that share no word with the question are left out.

    A question may hold anything: its words are quoted, so none of them is read as FTS5 syntax.
    `only`: the best k of the passages that pass. What a word says is still counted in all of them.
    """
    if k < 1:
        raise ValueError(f"k={k} must be at least 1")
    expression = match_expression(question)
    if not expression:
        return []
    # FTS5's bm25() is the negative of the formula above, so that ascending order is best first
    passing, parameters = condition(store, only)
    among = "" if only == ALL else f"rowid IN (SELECT row FROM passages WHERE {passing}) AND"
    sql = (
        f"SELECT rowid, -bm25(passages_fts) AS score FROM passages_fts WHERE {among} passages_fts MATCH ?"
        " ORDER BY score DESC, rowid LIMIT ?"
    )
    found = store.select(sql, (*parameters, expression, min(k, len(store))), types=(int, float))
    return [(row, score) for row, score in found]


def match_expression(question: str) -> str:
    """The question's distinct words, quoted and joined by OR: `what's up?` → `"what" OR "s" OR "up"`."""
    distinct = {word.casefold(): word for word in words(question)}
    return " OR ".join(f'"{word}"' for word in distinct.values())


def words(question: str) -> list[str]:
    """Runs of letters, marks and digits, FTS5's words; all else (quotes, NUL, lone surrogates) separates them."""
    return "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in question).split()

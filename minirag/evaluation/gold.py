"""Which passages of the knowledge base, and which titles, are right for a question?

Paper     DPR §3.2 (gold passages); KILT (provenance titles)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/evaluation/test_gold.py

A file names gold passages by id, or writes them out (DPR, SQuAD). Written out, they count where the knowledge base holds
them under the id that the file gives them.
"""

from collections.abc import Sequence
from dataclasses import replace

from minirag.questions.question import Question
from minirag.retrieval.passages import PassageStore


def with_gold(store: PassageStore, question: Question) -> Question:
    """The question with `gold` from its written-out passages, where it has none of its own; a merged duplicate's id becomes
    that under which the passage is held.
    """
    if question.gold or not question.positives:
        held = tuple(store.held_as(each) for each in question.gold)
        return question if held == question.gold else replace(question, gold=held)
    return replace(question, gold=tuple(titles_of(store, [passage.id for passage in question.positives])))


def gold_titles(store: PassageStore, question: Question) -> set[str]:
    """Titles of its gold passages, given or looked up; none where one of them cannot be known."""
    if question.positives and not question.gold:
        return {passage.title for passage in question.positives}
    known = titles_of(store, question.gold)
    return set(known.values()) if len(known) == len(set(question.gold)) else set()


def titles_of(store: PassageStore, ids: Sequence[str]) -> dict[str, str]:
    """id → title of those that the knowledge base holds."""
    found = {each: store.select("SELECT title FROM passages WHERE id = ?", (each,)) for each in ids}
    return {each: rows[0][0] for each, rows in found.items() if rows}

"""What is a question to learn from or to be judged by?

Paper     RAG §3.1 (several reference answers); DPR §3.2 (positive and negative passages of a question)
Tutorial  tutorials/16_training_dpr.py
Tests     tests/questions/test_jsonl.py
"""

from dataclasses import dataclass

from minirag.retrieval.passages import Passage


@dataclass(frozen=True)
class Question:
    """A question, every answer that counts as right, and the passages that do or do not state one.

    A passage is named by its id where a knowledge base holds it, and written out where the file brings its own.
    """

    question: str
    answers: tuple[str, ...]
    gold: tuple[str, ...] = ()  # ids of passages that state the answer
    positives: tuple[Passage, ...] = ()  # the same, written out
    negatives: tuple[Passage, ...] = ()  # passages that do not answer, written out
    negative_ids: tuple[str, ...] = ()  # the same as ids

"""Questions to paragraphs, as SQuAD published them: articles, their paragraphs, and the questions to each.

Paper     Rajpurkar et al. 2016 (1.1), 2018 (2.0)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/questions/test_squad.py

    {"data": [{"title": "…", "paragraphs": [{"context": "…", "qas": [{"question": "…", "answers": [{"text": "…"}]}]}]}]}

The paragraph is the question's positive passage, `Title#3` for an article's third. Questions that no text answers (2.0:
is_impossible, an empty list of answers) are left out and counted in `skipped`.
"""

from array import array
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from minirag.documents.json_values import elements, first_byte, members
from minirag.questions.dpr import utf8
from minirag.questions.question import Question
from minirag.questions.records import Record, any_text, as_object, filled_text, listed, parsed
from minirag.questions.sequence import Progress, Questions
from minirag.questions.stored_file import StoredFile
from minirag.retrieval.passages import Passage


def open_squad(path: Path, progress: Progress | None = None) -> Questions:
    """An article is read as a whole; the last ones read are kept for the next question. ValueError names the article."""
    file = StoredFile(path)
    spans = article_spans(file)
    articles, numbers, skipped = array("L"), array("L"), 0  # of each question: its article, its number there

    @lru_cache(maxsize=8)
    def article(index: int) -> list[Question | None]:
        place = f"{path}: article {index + 1}"
        return list(questions_of(parsed(utf8(file.read(*spans[index]), place), place), place))

    for index in range(len(spans)):
        for number, question in enumerate(article(index)):
            if question is None:
                skipped += 1
                continue
            articles.append(index)
            numbers.append(number)

    def read(index: int) -> Question:
        question = article(articles[index])[numbers[index]]
        assert question is not None
        return question

    return Questions(path, read, len(articles), skipped, progress)


def article_spans(file: StoredFile) -> list[tuple[int, int]]:
    """Where each element of "data" stands."""
    data = file.mapped()
    try:
        for key, start in members(data, first_byte(data)):
            if key == b"data" and data[start : start + 1] == b"[":
                return list(elements(data, start))
    except ValueError as error:
        raise ValueError(f"{file.path}: {error}") from None
    raise ValueError(f'{file.path}: has no list "data" of articles')


def questions_of(article: Record, place: str) -> Iterator[Question | None]:
    """None where no text answers."""
    title = any_text(article, "title", place).replace("_", " ")
    for number, value in enumerate(listed(article, "paragraphs", place), start=1):
        where = f"{place}, paragraph {number}"
        paragraph = as_object(value, where)
        passage = Passage(f"{title}#{number}", title, filled_text(paragraph, "context", where))
        for n, question in enumerate(listed(paragraph, "qas", where), start=1):
            there = f"{where}, question {n}"
            yield question_of(as_object(question, there), passage, there)


def question_of(record: Record, passage: Passage, place: str) -> Question | None:
    question = filled_text(record, "question", place)
    answers = [as_object(answer, place) for answer in listed(record, "answers", place)]
    if record.get("is_impossible") is True or not answers:
        return None
    texts = dict.fromkeys(filled_text(answer, "text", place) for answer in answers)  # three readers, often one answer
    return Question(question, tuple(texts), positives=(passage,))

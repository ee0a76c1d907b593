"""A small course of all three kinds, for tests: a file of texts, and questions that bring their passages."""

import json
from pathlib import Path

from minirag.questions.question import Question
from minirag.retrieval.passages import Passage
from minirag.training.bart.batches import Course
from minirag.training.bart.examples import Form
from minirag.training.bart.kinds import denoise, questions, spans
from minirag.training.texts import Texts
from tests.model.networks import bart
from tests.small_tokenizers import SENTENCES, byte_level

PASSAGES = [Passage(str(number), f"Title {number}", text) for number, text in enumerate(SENTENCES)]
ASKED = [
    Question("What is the capital of Mongolia?", ("Ulaanbaatar",), positives=(PASSAGES[0],)),
    Question("Who discovered radium?", ("Marie Curie", "Curie"), positives=(PASSAGES[1],), negatives=(PASSAGES[2],)),
    Question("On which river lies Bern?", ("the Aare", "Aare"), positives=(PASSAGES[2],), negatives=(PASSAGES[0],)),
    Question("Who knows?", ("nobody",)),
]


def write_texts(folder: Path) -> Path:
    path = folder / "texts.jsonl"
    if not path.exists():  # a file in use may not change
        path.write_text("".join(json.dumps({"title": p.title, "text": f"{p.text} {p.text}"}) + "\n" for p in PASSAGES))
    return path


def write_questions(folder: Path) -> Path:
    path = folder / "questions.jsonl"
    rows = [
        {
            "question": question.question,
            "answers": question.answers,
            "gold": [{"title": p.title, "text": p.text} for p in question.positives],
        }
        for question in ASKED[:3]
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def small_generator():
    return bart(vocab_size=byte_level().vocab_size, max_position_embeddings=128, decoder_start_token_id=0, dropout=0.0)


def small_course(folder: Path, mix=None, batch_size=4, max_length=60, **settings) -> Course:
    texts = Texts([write_texts(folder)])
    form = Form(byte_level(), small_generator().config, max_length)
    shares = mix or {"denoise": 0.2, "spans": 0.4, "questions": 0.4}
    return Course([denoise(texts), spans(texts), questions(ASKED, None)], shares, form, batch_size, **settings)

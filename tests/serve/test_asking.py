"""Do both models answer from one opening of the weights, and is nothing believed that a browser sends?"""

from dataclasses import replace

import pytest

from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.serve.asking import MOST_BEAMS, MOST_DOCUMENTS, MOST_LETTERS, Request, asking
from minirag.serve.folders import OWN, folders


@pytest.fixture(scope="module")
def here(tiny_folder):
    return folders([tiny_folder], [])


@pytest.fixture(scope="module")
def ask(here):
    return asking(here, "cpu")


@pytest.fixture
def request_(tiny_folder):
    return Request("capital of Malta?", str(tiny_folder), OWN, 3, 2)


def test_each_answers_as_it_does_when_it_is_opened_alone(ask, request_, tiny_folder):
    alone = [
        RagTokenForGeneration.from_pretrained(tiny_folder, variant_mismatch_ok=True),
        RagSequenceForGeneration.from_pretrained(tiny_folder, variant_mismatch_ok=True),
    ]
    for answer, model in zip(ask(request_), alone, strict=True):
        expected = model.answer(request_.question, n_docs=3, num_beams=2)
        assert answer.variant == model.variant
        assert (answer.text, answer.logprob) == (expected.text, expected.logprob)
        assert answer.passages == expected.passages
        assert answer.token_posterior.equal(expected.token_posterior)


def test_more_passages_than_there_are_means_all_of_them(ask, request_):
    token, sequence = ask(replace(request_, n_docs=MOST_DOCUMENTS))
    assert len(token.passages) == len(sequence.passages) == 4


def test_a_slider_may_send_a_whole_number_as_a_fraction(ask, request_):
    assert len(ask(replace(request_, n_docs=2.0))[0].passages) == 2


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"question": ""}, "the question is empty"),
        ({"question": " \n"}, "the question is empty"),
        ({"question": None}, "the question is empty"),
        ({"question": "a" * (MOST_LETTERS + 1)}, "the question has 2,001 characters, more than 2,000"),
        ({"model": "/etc"}, "'/etc' is no model of this page"),
        ({"model": ["x"]}, r"\['x'\] is no model of this page"),
        ({"knowledge_base": "../other"}, "'../other' is no knowledge base of this page"),
        ({"n_docs": 0}, "0 passages: choose 1 to 20"),
        ({"n_docs": MOST_DOCUMENTS + 1}, "21 passages: choose 1 to 20"),
        ({"n_docs": 2.5}, "2.5 passages: choose 1 to 20"),
        ({"n_docs": "5"}, "'5' passages: choose 1 to 20"),
        ({"n_docs": True}, "True passages: choose 1 to 20"),
        ({"num_beams": float("nan")}, "nan beams: choose 1 to 8"),
        ({"num_beams": MOST_BEAMS + 1}, "9 beams: choose 1 to 8"),
    ],
)
def test_a_request_that_the_page_does_not_send_is_refused_in_one_line(ask, request_, change, line):
    with pytest.raises(ValueError, match=f"^{line}$"):
        ask(replace(request_, **change))


def test_a_folder_that_does_not_open_is_named_before_anything_is_asked(tmp_path):
    with pytest.raises(ValueError, match="nowhere"):
        asking(folders([tmp_path / "nowhere"], []), "cpu")

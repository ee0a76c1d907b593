"""The three kinds of example: which passage is shown, which answer is asked for, and what is passed over."""

from random import Random

import pytest

from minirag.configuration import BartConfig
from minirag.questions.question import Question
from minirag.retrieval.passages import Passage, PassageStore
from minirag.training.bart.examples import Form
from minirag.training.bart.kinds import questions, spans
from minirag.training.texts import Texts
from tests.small_tokenizers import byte_level
from tests.training.bart.small_course import ASKED, PASSAGES

FORM = Form(byte_level(), BartConfig(vocab_size=400, decoder_start_token_id=0), 120)


def shown(example):
    return byte_level().decode(example.source), byte_level().decode(example.target).strip()


@pytest.fixture
def store(tmp_path):
    passages = [Passage("a", "Bern", "Bern lies on the Aare."), Passage("b", "Bern", "Bern has a minster.")]
    return PassageStore.create(tmp_path / "p.sqlite", [*passages, Passage("c", "Lyon", "Lyon has two rivers.")])


def test_a_question_is_shown_with_a_passage_that_states_its_answer():
    kind = questions(ASKED, None)
    assert len(kind.lengths) == 3  # the last one names no passage
    seen = {shown(kind.example(1, FORM, Random(seed))) for seed in range(20)}
    source = f"Title 1 / {PASSAGES[1].text} // Who discovered radium?"
    assert seen == {(source, "Marie Curie"), (source, "Curie")}


def test_gold_passages_are_read_from_the_knowledge_base(store):
    kind = questions([Question("Which river?", ("the Aare",), gold=("a",))], store)
    assert shown(kind.example(0, FORM, Random(0))) == ("Bern / Bern lies on the Aare. // Which river?", "the Aare")


def test_a_misleading_passage_is_a_negative_or_another_of_the_article_and_holds_no_answer(store):
    of_article = questions([Question("Which river?", ("the Aare",), gold=("a",))], store, misleading=1.0)
    assert shown(of_article.example(0, FORM, Random(0))) == ("Bern / Bern has a minster. // Which river?", "the Aare")
    mined = questions(
        [Question("Which river?", ("the Aare",), gold=("a",), negative_ids=("c",))], store, misleading=1.0
    )
    assert shown(mined.example(0, FORM, Random(0)))[0] == "Lyon / Lyon has two rivers. // Which river?"
    written = questions(ASKED, None, misleading=1.0)
    assert shown(written.example(2, FORM, Random(0)))[0].startswith("Title 0 / ")


def test_where_nothing_misleads_the_right_passage_is_shown(store):
    kind = questions([Question("What has Lyon?", ("two rivers",), gold=("c",))], store, misleading=1.0)
    assert "two rivers" in shown(kind.example(0, FORM, Random(0)))[0]


def test_questions_without_any_passage_and_gold_that_is_not_there_are_refused(store):
    with pytest.raises(ValueError, match="none of 1 questions names a passage"):
        questions(ASKED[3:], None)
    with pytest.raises(ValueError, match="no passage with id 'z'"):
        questions([Question("?", ("x",), gold=("z",))], store)


def test_texts_in_which_nothing_can_be_asked_for_are_refused(tmp_path):
    (tmp_path / "a.txt").write_text("it is so and so it is for all of them too\n")
    with pytest.raises(ValueError, match=r"a.txt: no name, date or number"):
        spans(Texts([tmp_path / "a.txt"])).example(0, FORM, Random(0))

"""Calls that mean nothing are refused in one line that names the arguments, before anything is computed."""

import jaxtyping
import pytest
import torch

from minirag.rag import RagModel, RagSequenceForGeneration, RagTokenForGeneration
from tests.rag.contexts import LABELS, both, contexts
from tests.rag.illegal_combinations import COMBINATIONS
from tests.rag.illegal_values import ILLEGAL_VALUES
from tests.small_rag import context_encoder, small_knowledge_base, small_rag

CLASSES = {cls.__name__: cls for cls in (RagModel, RagTokenForGeneration, RagSequenceForGeneration)}


@pytest.fixture(scope="module")
def knowledge_base(tmp_path_factory):
    return small_knowledge_base(tmp_path_factory.mktemp("kb") / "knowledge_base")


@pytest.fixture
def as_users_call(monkeypatch):
    """Without the shape checks that run in tests only; and whoever looks up an embedding has begun to compute."""

    def computed(*_):
        raise AssertionError("something was computed before the refusal")

    monkeypatch.setattr(torch.nn.Embedding, "forward", computed)
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.parametrize("call", COMBINATIONS + ILLEGAL_VALUES, ids=str)
def test_a_call_that_means_nothing_is_refused_by_name_before_anything_is_computed(call, knowledge_base, as_users_call):
    name, method = call.of.removeprefix("retrieving ").split(".")
    model = small_rag(CLASSES[name], knowledge_base if call.of.startswith("retrieving") else None)
    with pytest.raises((TypeError, ValueError), match=call.here) as refusal:
        getattr(model, method)(**call.arguments)
    assert "\n" not in str(refusal.value)


@both
def test_training_a_context_encoder_needs_its_tokenizer(variant, knowledge_base, as_users_call):
    model = small_rag(variant, knowledge_base)
    model.set_context_encoder_for_training(context_encoder())
    with pytest.raises(ValueError, match="set_ctx_encoder_tokenizer"):
        model(questions=["Where is Bern?"], labels=LABELS[:1])


@both
def test_the_marginalisations_alone_refuse_rows_that_do_not_fit(variant):
    model, given = small_rag(variant), contexts()
    logits = model(**given, labels=LABELS).logits
    with pytest.raises(ValueError, match="n_docs=2, but doc_scores hold 3 passages"):
        model.get_nll(logits, given["doc_scores"], LABELS, n_docs=2)
    with pytest.raises(ValueError, match=r"seq_logits have 6 rows for doc_scores of shape \[1, 3\]"):
        model.get_nll(logits, given["doc_scores"][:1], LABELS[:1])

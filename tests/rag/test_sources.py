"""How many passages there are, and what a missing one counts for."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rag.contexts import LABELS, both, contexts
from tests.small_rag import small_knowledge_base, small_rag


@pytest.fixture(scope="module")
def knowledge_base(tmp_path_factory):
    return small_knowledge_base(tmp_path_factory.mktemp("kb") / "knowledge_base")


@both
def test_the_number_of_passages_is_the_shape_of_the_tensors(variant, knowledge_base):
    """Deviation 3: config.n_docs is 3 here; transformers raises, or rescores with another number than it searched."""
    model = small_rag(variant, knowledge_base)
    given = contexts(B=1, K=2)
    assert model(**given, labels=LABELS[:1]).loss.shape == (1,)
    assert model.generate(**given, num_beams=2).shape[0] == 1
    assert model.generate(questions=["Who?"], n_docs=1, num_beams=2).shape[0] == 1
    with pytest.raises(ValueError, match="n_docs=3, but doc_scores hold 2 passages"):
        model(**given, labels=LABELS[:1], n_docs=3)
    with pytest.raises(ValueError, match="n_docs=3, but doc_scores hold 2 passages"):
        model.get_nll(model(**given, labels=LABELS[:1]).logits, given["doc_scores"], LABELS[:1], n_docs=3)


@both
@settings(max_examples=8)
@given(seed=st.integers(0, 1000))
def test_a_missing_passage_changes_nothing(variant, seed):
    model, given = small_rag(variant), contexts(1, 3, seed=seed)
    given["doc_mask"] = torch.tensor([[True, False, True]])
    given["context_attention_mask"][1] = False
    rows = torch.tensor([0, 2])
    without = {name: given[name][rows] for name in ("context_input_ids", "context_attention_mask")}
    without["doc_scores"] = given["doc_scores"][:, rows]
    loss = model(**given, labels=LABELS[:1]).loss
    assert loss.item() == pytest.approx(model(**without, labels=LABELS[:1]).loss.item(), abs=1e-5)
    assert model.generate(**given, num_beams=2).tolist() == model.generate(**without, num_beams=2).tolist()
    model.zero_grad()
    loss.sum().backward()
    assert all(p.grad.isfinite().all() for p in model.generator.parameters() if p.grad is not None)

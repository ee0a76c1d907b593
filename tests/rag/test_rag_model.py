"""RagModel: what it reads, and what it hands out about it."""

import pytest
import torch

from minirag.rag import RagModel, RagTokenForGeneration
from tests.rag.contexts import LABELS, START, contexts, read
from tests.small_rag import VARIANTS, small_knowledge_base, small_rag


@pytest.fixture(scope="module")
def knowledge_base(tmp_path_factory):
    return small_knowledge_base(tmp_path_factory.mktemp("kb") / "knowledge_base")


def test_the_logits_of_rag_model_are_those_of_each_passage_alone():
    model = small_rag(RagTokenForGeneration).rag
    together = model(**contexts(), decoder_input_ids=LABELS).logits
    for row in range(6):
        ids, mask = (contexts()[name][row : row + 1] for name in ("context_input_ids", "context_attention_mask"))
        alone = model.generator(ids[mask][None], decoder_input_ids=LABELS[row // 3 : row // 3 + 1]).logits
        assert (together[row] - alone[0]).abs().max() < 1e-4


def test_without_decoder_inputs_the_decoder_reads_the_context_as_bart_does():
    model = small_rag(RagTokenForGeneration).rag
    ids = contexts()["context_input_ids"]
    shifted = torch.cat([torch.full((6, 1), START), ids[:, :-1]], dim=1)
    expected = model.generator(ids, contexts()["context_attention_mask"], decoder_input_ids=shifted).logits
    assert torch.equal(model(**contexts()).logits, expected)


def test_encoder_outputs_can_be_given_instead_of_contexts():
    model = small_rag(RagTokenForGeneration)
    encoded = read(model, contexts())[1]
    rest = {name: contexts()[name] for name in ("context_attention_mask", "doc_scores")}
    expected = model(**contexts(), labels=LABELS).loss
    for form in (encoded, (encoded.last_hidden_state,)):
        loss = model(encoder_outputs=form, **rest, labels=LABELS).loss
        torch.testing.assert_close(loss, expected)  # encoded without a gradient, and that is rounded differently


def test_what_was_retrieved_is_handed_out_when_asked_for(knowledge_base):
    model = small_rag(RagTokenForGeneration, knowledge_base)
    out = model(questions=["Who?", "Where?"], labels=LABELS, output_retrieved=True, output_hidden_states=True)
    assert out.retrieved_doc_embeds.shape == (2, 3, 16) and out.retrieved_doc_ids.shape == (2, 3)
    assert out.context_input_ids.shape == out.context_attention_mask.shape
    products = torch.einsum("bp,bkp->bk", out.question_encoder_last_hidden_state, out.retrieved_doc_embeds)
    assert (products - out.doc_scores).abs().max() < 1e-4
    assert len(out.question_enc_hidden_states) == 3
    again = model(**{n: getattr(out, n) for n in contexts()}, labels=LABELS)
    assert (again.loss - out.loss).abs().max() < 1e-5 and again.retrieved_doc_embeds is None


@pytest.mark.parametrize("variant", [RagModel, *VARIANTS])
def test_a_model_of_random_weights_can_be_made_from_a_config_alone(variant):
    assert isinstance(variant(small_rag(RagTokenForGeneration).config), variant)

"""Retrieval inside the models: what is found, what reads it, and where the gradient goes."""

import pytest
import torch

from tests.rag.contexts import LABELS, both
from tests.small_rag import PASSAGES, context_encoder, small_knowledge_base, small_rag
from tests.small_tokenizers import word_piece


@pytest.fixture(scope="module")
def knowledge_base(tmp_path_factory):
    return small_knowledge_base(tmp_path_factory.mktemp("kb") / "knowledge_base")


@both
def test_training_reaches_question_encoder_and_generator_but_not_the_index(variant, knowledge_base):
    model = small_rag(variant, knowledge_base)
    before = knowledge_base.vectors.clone()
    model(questions=["Where is Bern?", "Who?"], labels=LABELS).loss.sum().backward()
    for network in (model.question_encoder, model.generator):
        assert sum(p.grad.abs().sum() for p in network.parameters() if p.grad is not None) > 0
    assert not knowledge_base.vectors.requires_grad and torch.equal(knowledge_base.vectors, before)


@both
def test_a_context_encoder_can_be_trained_along(variant, knowledge_base):
    model = small_rag(variant, knowledge_base)
    encoder = context_encoder()
    expected = model(questions=["Where is Bern?"], labels=LABELS[:1]).loss
    model.set_context_encoder_for_training(encoder)
    with pytest.raises(ValueError, match="set_ctx_encoder_tokenizer"):
        model(questions=["Where is Bern?"], labels=LABELS[:1])
    model.retriever.set_ctx_encoder_tokenizer(word_piece())
    loss = model(questions=["Where is Bern?"], labels=LABELS[:1]).loss
    loss.sum().backward()
    assert loss.item() == pytest.approx(expected.item(), abs=1e-4)  # the same encoder made the index
    assert sum(p.grad.abs().sum() for p in encoder.parameters() if p.grad is not None) > 0
    encoder.zero_grad()


@both
@pytest.mark.parametrize("decoding", ["thorough", "fast"])
def test_passages_are_retrieved_and_read_once_whatever_the_number_of_candidates(
    variant, decoding, knowledge_base, monkeypatch
):
    """Deviation 3: transformers retrieves and encodes again for every candidate."""
    model = small_rag(variant, knowledge_base)
    calls, rows, encode = {"retrieve": 0}, [], model.generator.encode
    monkeypatch.setattr(model.retriever, "retrieve", counting(model.retriever.retrieve, calls, "retrieve"))
    monkeypatch.setattr(model.generator, "encode", lambda ids, *rest: rows.extend(ids.tolist()) or encode(ids, *rest))
    answer = model.answer("Where is Bern?", num_beams=3, decoding=decoding)
    assert calls == {"retrieve": 1} and len(rows) == len(answer.passages)


@both
def test_a_small_knowledge_base_gives_as_many_passages_as_it_has(variant, tmp_path):
    """Deviation 6: transformers repeats the last passage with a zero vector."""
    model = small_rag(variant, small_knowledge_base(tmp_path / "kb", PASSAGES[:2]))
    answer = model.answer("Where is Bern?", n_docs=5)
    assert sorted(p.id for p in answer.passages) == ["ch", "mn"]
    assert sum(p.prior for p in answer.passages) == pytest.approx(1)


@both
def test_the_generator_reads_the_questions_own_string(variant, knowledge_base):
    """Deviation 8: transformers decodes the question from uncased ids, so case and accents are lost."""
    model = small_rag(variant, knowledge_base)
    question = "Où est la CAPITALE?"
    out = model(questions=[question], labels=LABELS[:1], output_retrieved=True)
    read_by_generator = model.rag.tokenizer.batch_decode(out.context_input_ids)
    assert all(text.endswith(" // " + question) for text in read_by_generator)
    ids = model.rag.tokenizer([question, "Who?"])
    from_ids = model(ids.input_ids, ids.attention_mask, labels=LABELS, output_retrieved=True)
    assert torch.equal(from_ids.retrieved_doc_ids[:1], out.retrieved_doc_ids)
    assert (from_ids.doc_scores[:1] - out.doc_scores).abs().max() < 1e-4
    assert torch.equal(model(ids.input_ids, labels=LABELS).doc_scores, from_ids.doc_scores)  # padding is not read


def counting(function, calls, name):
    def counted(*args, **kwargs):
        calls[name] += 1
        return function(*args, **kwargs)

    return counted

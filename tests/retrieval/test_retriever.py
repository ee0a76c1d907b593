import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.configuration import BartConfig, BertConfig, RagConfig
from minirag.model.config_files import read_config, write_config
from minirag.retrieval.passages import Passage
from minirag.retrieval.retriever import RagRetriever, score
from minirag.text.generator_input import generator_input_ids
from tests.retrieval.small_bases import FINGERPRINT, small_base, some_passages, unit_vectors
from tests.small_tokenizers import byte_level, rag_tokenizer, word_piece

CONFIG = RagConfig(BertConfig(hidden_size=8, num_attention_heads=2), BartConfig(), n_docs=3, retrieval_vector_size=8)
QUESTIONS = ["What is the capital of Mongolia?", "Où est Saint-Étienne?"]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_base(tmp_path_factory.mktemp("retriever") / "kb", 20)


@pytest.fixture(scope="module")
def retriever(base):
    return RagRetriever(CONFIG, base, rag_tokenizer())


@given(B=st.integers(1, 4), n_docs=st.integers(1, 30), seed=st.integers(0, 999))
def test_the_best_passages_are_found_with_their_scores(retriever, base, B, n_docs, seed):
    questions = unit_vectors(B, 8, seed)
    found = retriever.retrieve(questions, n_docs)
    whole = questions @ base.vectors.float().T
    K = min(n_docs, 20)
    torch.testing.assert_close(found.doc_scores, whole.topk(K, dim=1).values)
    torch.testing.assert_close(found.doc_scores, whole.gather(1, found.rows))
    assert torch.equal(found.vectors, base.vectors[found.rows].float())
    assert found.passages == [base.store.get(row) for row in found.rows.tolist()]
    assert found.mask.shape == (B, K)
    assert found.mask.all()


def test_the_gradient_of_the_scores_is_the_stored_vectors(retriever):
    """∂ Σ_k w_k d(z_k)ᵀq / ∂q = Σ_k w_k d(z_k)."""
    questions = unit_vectors(2, 8).requires_grad_()
    found = retriever.retrieve(questions)
    weights = torch.randn(2, 3, generator=torch.Generator().manual_seed(1))
    (weights * found.doc_scores).sum().backward()
    torch.testing.assert_close(questions.grad, torch.einsum("bk,bkd->bd", weights, found.vectors))
    assert not found.vectors.requires_grad


def test_the_gradient_is_the_one_that_finite_differences_give(base):
    questions, vectors = unit_vectors(2, 8), base.vectors[:6].float().reshape(2, 3, 8)
    (gradient,) = torch.autograd.grad(score(questions.requires_grad_(), vectors).square().sum(), questions)
    step = 1e-2 * unit_vectors(2, 8, seed=5)
    with torch.no_grad():
        change = score(questions + step, vectors).square().sum() - score(questions - step, vectors).square().sum()
    torch.testing.assert_close((gradient * step).sum(), change / 2, rtol=1e-3, atol=1e-5)


def test_without_n_docs_the_configuration_says_how_many(retriever):
    assert retriever.retrieve(unit_vectors(1, 8)).rows.shape == (1, 3)


def test_a_batch_finds_what_one_by_one_finds(retriever):
    questions = unit_vectors(6, 8, seed=3)
    together = retriever.retrieve(questions)
    for number in range(6):
        alone = retriever.retrieve(questions[number : number + 1])
        assert torch.equal(alone.rows[0], together.rows[number])
        torch.testing.assert_close(alone.doc_scores[0], together.doc_scores[number])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_scores_are_float32_whatever_the_model_computes_in(retriever, dtype):
    questions = unit_vectors(2, 8).to(dtype)
    found = retriever.retrieve(questions)
    torch.testing.assert_close(found.doc_scores, (questions.float()[:, None] * found.vectors).sum(-1))


def test_autocast_changes_neither_passages_nor_scores(retriever):
    questions = 75 * unit_vectors(4, 8, seed=2)
    plain = retriever.retrieve(questions, 20)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under_autocast = retriever.retrieve(questions, 20)
    assert torch.equal(plain.rows, under_autocast.rows)
    assert torch.equal(plain.doc_scores, under_autocast.doc_scores)


@pytest.mark.parametrize("n_docs", [0, -1])
def test_fewer_than_one_passage_is_refused(retriever, n_docs):
    with pytest.raises(ValueError, match=f"n_docs={n_docs} must be at least 1"):
        retriever.retrieve(unit_vectors(1, 8), n_docs)


def test_a_question_encoder_of_another_width_is_refused(retriever):
    with pytest.raises(ValueError, match="have dimension 9, the index has 8"):
        retriever.retrieve(unit_vectors(1, 9))


def test_a_question_that_is_not_finite_is_refused(retriever):
    with pytest.raises(ValueError, match="the vector of question 1 is not finite"):
        retriever.retrieve(torch.tensor([[1.0] * 8, [float("nan")] * 8]))


def test_the_generator_reads_title_text_and_the_questions_own_string(retriever):
    output = retriever(QUESTIONS, unit_vectors(2, 8))
    assert output.context_input_ids.shape == output.context_attention_mask.shape
    assert len(output.context_input_ids) == 6
    rows = [(passage, question) for row, question in zip(output.passages, QUESTIONS, strict=True) for passage in row]
    for ids, mask, (passage, question) in zip(
        output.context_input_ids, output.context_attention_mask, rows, strict=True
    ):
        assert byte_level().decode(ids) == f"{passage.title} / {passage.text} // {question}"
        assert ids[mask].tolist() == generator_input_ids(byte_level(), passage.title, passage.text, question)


def test_the_output_has_the_documented_names(retriever):
    output = retriever(QUESTIONS, unit_vectors(2, 8), n_docs=2)
    found = retriever.retrieve(unit_vectors(2, 8), 2)
    assert torch.equal(output["doc_ids"], found.rows)
    assert torch.equal(output["retrieved_doc_embeds"], found.vectors)
    assert torch.equal(output["doc_scores"], found.doc_scores)
    assert torch.equal(output["doc_mask"], found.mask)
    assert output["tokenized_doc_ids"] is None


def test_questions_as_ids_are_decoded_and_lose_their_case(retriever):
    ids = word_piece()(QUESTIONS).input_ids
    output = retriever(ids, unit_vectors(2, 8), n_docs=1)
    texts = byte_level().batch_decode(output.context_input_ids)
    assert texts[0].endswith("// what is the capital of mongolia?")


def test_a_prefix_comes_first(retriever):
    output = retriever(QUESTIONS, unit_vectors(2, 8), prefix="answer: ")
    assert all(text.startswith("answer: Title") for text in byte_level().batch_decode(output.context_input_ids))


def test_the_question_survives_a_passage_of_any_length(retriever):
    long = [[Passage("a", "Title", "word " * 100_000)], [Passage("b", "", "")]]
    batch = retriever.postprocess_docs(long, QUESTIONS)
    assert batch.input_ids.shape == (2, CONFIG.max_combined_length)
    assert all(map(str.endswith, byte_level().batch_decode(batch.input_ids), QUESTIONS))


def test_the_context_encoder_gets_its_own_ids_once_its_tokenizer_is_set(base):
    retriever = RagRetriever(CONFIG, base, rag_tokenizer())
    retriever.set_ctx_encoder_tokenizer(word_piece())
    output = retriever(QUESTIONS, unit_vectors(2, 8))
    passages = [passage for row in output.passages for passage in row]
    expected = word_piece()([p.title for p in passages], [p.text for p in passages])
    assert torch.equal(output.tokenized_doc_ids, expected.input_ids)
    assert torch.equal(output.tokenized_doc_attention_mask, expected.attention_mask)


def test_a_passage_too_long_for_the_context_encoder_is_cut_as_in_the_knowledge_base(tmp_path):
    """Not at max_combined_length, which is the generator's."""
    config = CONFIG.with_settings(question_encoder=BertConfig(max_position_embeddings=16), max_combined_length=40)
    retriever = RagRetriever(config, small_base(tmp_path / "kb", 1), rag_tokenizer())
    retriever.set_ctx_encoder_tokenizer(word_piece())
    long = [[Passage("a", "Bern", "capital " * 100)]]
    assert torch.equal(
        retriever.context_encoder_inputs(long).input_ids,
        word_piece()("Bern", "capital " * 100, max_length=16).input_ids,
    )


def test_it_returns_tensors_and_nothing_else(retriever):
    assert retriever(QUESTIONS, unit_vectors(2, 8), return_tensors="pt")["doc_ids"].shape == (2, 3)
    with pytest.raises(ValueError, match="return_tensors='np': there are PyTorch's tensors only"):
        retriever(QUESTIONS, unit_vectors(2, 8), return_tensors="np")


def test_another_number_of_questions_than_vectors_is_refused(retriever):
    with pytest.raises(ValueError, match="2 questions with 3 hidden states"):
        retriever(QUESTIONS, unit_vectors(3, 8))


def test_without_tokenizers_there_are_vectors_but_no_strings(base):
    retriever = RagRetriever(CONFIG, base)
    retriever.init_retrieval()
    assert retriever.retrieve(unit_vectors(1, 8)).rows.shape == (1, 3)
    with pytest.raises(ValueError, match="has no tokenizer"):
        retriever(QUESTIONS, unit_vectors(2, 8))


def test_saved_and_opened_it_finds_the_same(retriever, tmp_path):
    retriever.save_pretrained(tmp_path / "model")
    retriever.save_pretrained(tmp_path / "model")  # a second time replaces the first
    opened = RagRetriever.from_pretrained(tmp_path / "model", FINGERPRINT)
    before, after = (r(QUESTIONS, unit_vectors(2, 8)) for r in (retriever, opened))
    assert opened.config == retriever.config
    assert torch.equal(before.doc_scores, after.doc_scores)
    assert torch.equal(before.context_input_ids, after.context_input_ids)
    assert list(opened.knowledge_base.store) == some_passages(20)


def test_saving_leaves_the_models_own_configuration(retriever, tmp_path):
    write_config(tmp_path, {"architectures": ["RagTokenForGeneration"], **CONFIG.to_dict()})
    retriever.save_pretrained(tmp_path)
    assert read_config(tmp_path)["architectures"] == ["RagTokenForGeneration"]


def test_a_folder_without_tokenizers_opens_and_one_without_knowledge_base_is_named(base, tmp_path):
    RagRetriever(CONFIG, base).save_pretrained(tmp_path / "plain")
    assert RagRetriever.from_pretrained(tmp_path / "plain").tokenizer is None
    write_config(tmp_path / "none", CONFIG.to_dict())
    with pytest.raises(ValueError, match="knowledge_base: is not a knowledge base"):
        RagRetriever.from_pretrained(tmp_path / "none")


def test_another_encoders_knowledge_base_is_refused(retriever, tmp_path):
    retriever.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"knowledge_base\.json: the vectors were made by another context encoder"):
        RagRetriever.from_pretrained(tmp_path, "another")

"""all-MiniLM-L6-v2 as question and context encoder: transformers' BERT, mean pooling and length 1, on real texts."""

import hashlib

import pytest
import torch
from transformers import AutoTokenizer, BertModel

from minirag.model.checkpoint import encoder_fingerprint, load_network, save_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.rag import RagTokenForGeneration
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.encoding import encode_passages, encode_questions
from minirag.retrieval.passages import Passage
from minirag.text.tokenizers import Tokenizer
from tests.minilm import FOLDER, SHA256
from tests.small_rag import PASSAGES, small_rag
from tests.small_tokenizers import byte_level

CLOSE = {"atol": 1e-5, "rtol": 0}
TEXT = (FOLDER / "README.md").read_text("utf-8")  # 10,000 characters of English prose, tables and code
ENDS = (90, 400, 650, 1200, 2000)  # of them the last two are longer than 256, and than 512 tokens
TEXTS = ["", "Bern", "What is the capital of Mongolia?", *(TEXT[:end] for end in ENDS)]


@pytest.fixture(scope="module")
def theirs():
    """The mean over real tokens, then length 1, as its model card writes it; one text at a time, so without padding."""
    tokenizer, bert = AutoTokenizer.from_pretrained(FOLDER), BertModel.from_pretrained(FOLDER).eval()

    def embed(*text):
        inputs = tokenizer(*text, truncation=True, max_length=512, padding=False, return_tensors="pt")
        with torch.no_grad():
            states = bert(inputs["input_ids"]).last_hidden_state  # DPR's passages have no segments: all of type 0
        return torch.nn.functional.normalize(states.mean(dim=1), dim=-1)

    return embed


@pytest.fixture(scope="module")
def ours():
    return load_network(DPRContextEncoder, FOLDER).requires_grad_(False), Tokenizer.from_pretrained(FOLDER)


def test_the_weights_are_the_published_ones():
    assert hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest() == SHA256


def test_the_length_of_128_in_its_tokenizer_file_is_undone():
    tokenizer = Tokenizer.from_pretrained(FOLDER)
    assert '"truncation":{"max_length":128' in (FOLDER / "tokenizer.json").read_text("utf-8")
    assert len(tokenizer.encode("word " * 300)) == 302
    assert tokenizer(["one", "one two"]).input_ids.shape == (2, 4)


def test_questions_are_embedded_as_theirs_in_a_batch_and_one_by_one(ours, theirs):
    encoder, tokenizer = load_network(DPRQuestionEncoder, FOLDER).requires_grad_(False), ours[1]
    assert [len(tokenizer.encode(text)) > 256 for text in TEXTS] == [False] * 6 + [True] * 2
    expected = torch.cat([theirs(text) for text in TEXTS])
    torch.testing.assert_close(encode_questions(encoder, tokenizer, TEXTS), expected, **CLOSE)
    for row, text in enumerate(TEXTS):
        torch.testing.assert_close(encode_questions(encoder, tokenizer, [text]), expected[row : row + 1], **CLOSE)


def test_passages_are_embedded_as_their_title_and_text(ours, theirs):
    passages = [*PASSAGES[:5], *(Passage(str(end), "all-MiniLM-L6-v2", TEXT[:end]) for end in ENDS)]
    expected = torch.cat([theirs(passage.title, passage.text) for passage in passages])
    torch.testing.assert_close(encode_passages(*ours, passages), expected, **CLOSE)
    for row, passage in enumerate(passages):
        torch.testing.assert_close(encode_passages(*ours, [passage]), expected[row : row + 1], **CLOSE)


def test_a_rag_model_retrieves_with_it_and_remembers_pooling_and_length(ours, tmp_path):
    encoder = ours[0]
    base = build_knowledge_base(
        tmp_path / "kb", PASSAGES, lambda passages: encode_passages(*ours, passages), encoder_fingerprint(encoder)
    )
    save_network(small_rag(RagTokenForGeneration).generator, tmp_path / "bart")
    byte_level().save_pretrained(tmp_path / "bart")
    joined = RagTokenForGeneration.from_pretrained_question_encoder_generator(FOLDER, tmp_path / "bart")
    joined.save_pretrained(tmp_path / "rag")
    save_network(encoder, tmp_path / "rag" / "ctx_encoder")
    opened = RagTokenForGeneration.from_pretrained(tmp_path / "rag", knowledge_base=base.folder)
    for question, found in [("who found a radioactive element?", "Radium"), ("money of the Swiss", "Switzerland")]:
        first = opened.answer(question, n_docs=2, num_beams=1).passages[0]
        assert first.title == found
    assert (opened.config.question_encoder.pooling, opened.config.question_encoder.normalize) == ("mean", True)

"""all-MiniLM-L6-v2 as question and context encoder: transformers' BERT, mean pooling and length 1, on real texts."""

import hashlib

import pytest
import torch
from transformers import AutoTokenizer, BertModel

from minirag.model.checkpoint import load_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.text.tokenizers import Tokenizer
from tests.minilm import FOLDER, SHA256

CLOSE = {"atol": 1e-5, "rtol": 0}
TEXT = (FOLDER / "README.md").read_text("utf-8")  # 10,000 characters of English prose, tables and code
TEXTS = ["", "Bern", "What is the capital of Mongolia?", *(TEXT[:end] for end in (90, 400, 650, 1200, 2000))]


def test_the_weights_are_the_published_ones():
    assert hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest() == SHA256


@pytest.fixture(scope="module")
def expected():
    """Mean over real tokens, then length 1, as its model card writes it; one text at a time, so without padding."""
    tokenizer, bert = AutoTokenizer.from_pretrained(FOLDER), BertModel.from_pretrained(FOLDER).eval()
    rows = []
    for text in TEXTS:
        inputs = tokenizer(text, truncation=True, max_length=512, padding=False, return_tensors="pt")
        with torch.no_grad():
            rows.append(torch.nn.functional.normalize(bert(**inputs).last_hidden_state.mean(dim=1), dim=-1))
    return torch.cat(rows)


@pytest.mark.parametrize("network", [DPRQuestionEncoder, DPRContextEncoder])
def test_embeddings_are_theirs_in_a_batch_and_one_by_one(network, expected):
    encoder, tokenizer = load_network(network, FOLDER).requires_grad_(False), Tokenizer.from_pretrained(FOLDER)
    batch = tokenizer(TEXTS, max_length=512)
    assert batch.attention_mask.sum(dim=1).tolist()[0] == 2 and batch.input_ids.shape[1] == 512
    torch.testing.assert_close(encoder(batch.input_ids, batch.attention_mask).pooler_output, expected, **CLOSE)
    for row, text in enumerate(TEXTS):
        alone = tokenizer(text, max_length=512)
        vector = encoder(alone.input_ids, alone.attention_mask).pooler_output
        torch.testing.assert_close(vector, expected[row : row + 1], **CLOSE)

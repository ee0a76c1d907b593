"""What the tests of the RAG classes give them: contexts as a caller prepares them, and labels."""

import pytest
import torch

from minirag.rag.inputs import RagInputs
from tests.small_rag import VARIANTS

both = pytest.mark.parametrize("variant", VARIANTS)
START, PAD, EOS, BOS = 2, 1, 2, 0
LABELS = torch.tensor([[START, 70, 81, EOS], [START, 90, EOS, PAD]])


def contexts(B=2, K=3, S=12, seed=0):
    """What a caller prepares: ragged contexts (B·K, S), and scores (B, K)."""
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 400, (B * K, S), generator=random)
    mask = torch.arange(S)[None, :] < torch.randint(3, S + 1, (B * K, 1), generator=random)
    scores = torch.randn(B, K, generator=random)
    return {"context_input_ids": ids.masked_fill(~mask, PAD), "context_attention_mask": mask, "doc_scores": scores}


def read(model, given):
    """(sources, encoder outputs) of what is given."""
    with torch.no_grad():
        return model.rag.read(RagInputs(**given))

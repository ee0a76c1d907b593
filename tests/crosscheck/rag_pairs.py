"""One RAG model twice, ours and transformers': the same weights, tokenizers and passages.

transformers' own RagRetriever runs. Stood in for: its faiss index, by an exact search over the vectors of our knowledge
base, and the check that the package `datasets` is installed, which nothing here asks anything of.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers.models.rag import retrieval_rag

from minirag.rag import RagModel, RagSequenceForGeneration, RagTokenForGeneration
from minirag.retrieval.knowledge_base import KnowledgeBase
from tests.small_rag import small_rag
from tests.small_tokenizers import word_piece

THEIRS = {
    RagModel: transformers.RagModel,
    RagTokenForGeneration: transformers.RagTokenForGeneration,
    RagSequenceForGeneration: transformers.RagSequenceForGeneration,
}
CLASSES = [RagModel, RagTokenForGeneration, RagSequenceForGeneration]
BOTH = [RagTokenForGeneration, RagSequenceForGeneration]
START, BOS, PAD, EOS, K, S = 2, 0, 1, 2, 3, 12


@dataclass(frozen=True)
class Pair:
    ours: Any
    theirs: Any


def pair(variant: type, folder: Path, knowledge_base: KnowledgeBase | None = None, **settings: Any) -> Pair:
    """`variant` with random weights, written by ours and opened by theirs."""
    ours = small_rag(variant, knowledge_base, **settings)
    ours.save_pretrained(folder)
    theirs = THEIRS[variant].from_pretrained(folder).eval()
    if knowledge_base is not None:
        inner(theirs).retriever = their_retriever(theirs.config, folder, knowledge_base)
    return Pair(ours, theirs)


def inner(model: Any) -> Any:
    """The RagModel inside one of the other two classes, of either library."""
    return getattr(model, "rag", model)


def hand_out_every_layer(theirs: Any) -> None:
    """Their RAG classes do not pass output_hidden_states on (deviation 23), but the networks also look at their config."""
    for network in (inner(theirs).question_encoder, inner(theirs).generator):
        network.set_attn_implementation("eager")  # the only one that hands out its weights
        network.config.output_hidden_states = network.config.output_attentions = True


class ExactIndex:
    """What their RagRetriever asks of an index, answered from our vectors and passages."""

    def __init__(self, knowledge_base: KnowledgeBase) -> None:
        self.vectors = knowledge_base.vectors.float()
        self.passages = list(knowledge_base.store)

    def init_index(self) -> None:
        """Nothing to load."""

    def get_top_docs(self, question_hidden_states: Any, n_docs: int) -> tuple[Any, Any]:
        scores = torch.from_numpy(question_hidden_states) @ self.vectors.T
        rows = scores.topk(n_docs).indices  # (B, K)
        return rows.numpy(), self.vectors[rows].numpy()

    def get_doc_dicts(self, rows: Any) -> list[dict[str, list[str]]]:
        found = [[self.passages[row] for row in those] for those in rows.tolist()]
        return [{"title": [p.title for p in those], "text": [p.text for p in those]} for those in found]


def their_retriever(config: Any, folder: Path, index: KnowledgeBase | Any) -> transformers.RagRetriever:
    """With their own tokenizers, opened from the folder that ours wrote."""
    installed, retrieval_rag.requires_backends = retrieval_rag.requires_backends, lambda *_: None
    try:
        retriever = transformers.RagRetriever(
            config,
            transformers.DPRQuestionEncoderTokenizer.from_pretrained(folder / "question_encoder_tokenizer"),
            transformers.BartTokenizer.from_pretrained(folder / "generator_tokenizer"),
            index=ExactIndex(index) if isinstance(index, KnowledgeBase) else index,
        )
    finally:
        retrieval_rag.requires_backends = installed
    return retriever


def contexts(B: int = 2, seed: int = 3) -> dict[str, Tensor]:
    """What a caller prepares: ragged contexts (B·K, S), and scores (B, K)."""
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 400, (B * K, S), generator=random)
    mask = torch.arange(S)[None, :] < torch.randint(4, S + 1, (B * K, 1), generator=random)
    scores = 2.0 * torch.randn(B, K, generator=random)
    return {
        "context_input_ids": ids.masked_fill(~mask, PAD),
        "context_attention_mask": mask.long(),
        "doc_scores": scores,
    }


def questions() -> dict[str, Tensor]:
    """Two questions of different lengths, as ids."""
    batch = word_piece()(["What is the capital of Mongolia?", "Who discovered radium?"])
    return {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask.long()}


LABELS = torch.tensor([[START, BOS, 170, 91, EOS], [START, BOS, 75, EOS, PAD]])

"""Which passages does the generator read with a question, how well does each score, and as which token ids?

Paper     RAG §2.2 (p(z|x) ∝ exp(d(z)ᵀq(x)), top-K by maximum inner product), §2.3 (passage and question concatenated)
Tutorial  tutorials/10_retriever.py
Tests     tests/retrieval/test_retriever.py

The search is not differentiated. The scores are computed once more from the stored vectors, in float32, and those carry
the gradient to the question encoder (RAG §2.4). transformers computes them in the model's dtype (bf16 cannot tell 75.0
from 75.2) and, with fewer passages than n_docs, repeats the last one with a zero vector; here K = min(n_docs, N).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from minirag.configuration import RagConfig
from minirag.model.config_files import CONFIG, read_config, write_config
from minirag.outputs import Batch
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import Passage
from minirag.retrieval.sidecar import KNOWLEDGE_BASE_FOLDER
from minirag.text.batching import pad_ids
from minirag.text.generator_input import generator_inputs, passage_string
from minirag.text.rag_tokenizer import QUESTION_ENCODER_FOLDER, RagTokenizer
from minirag.text.tokenizers import Tokenizer

AnyKnowledgeBase = Any  # a KnowledgeBase, or what has its search, vectors_of, passages_of and save (cluster/)


@dataclass(frozen=True)
class Retrieved:
    """The K best passages of each question, best first. `mask`: True = a real passage."""

    rows: Int[Tensor, "B K"]
    vectors: Float32[Tensor, "B K D"]
    doc_scores: Float32[Tensor, "B K"]
    mask: Bool[Tensor, "B K"]
    passages: list[list[Passage]]


@dataclass(frozen=True)
class RetrieverOutput:
    """What `RagRetriever` hands to the model, under the documented names; rows of (B·K, …) are question by question.

    The tokenized passages are there only after `set_ctx_encoder_tokenizer` (training the context encoder end to end).
    """

    context_input_ids: Int[Tensor, "BK S"]
    context_attention_mask: Bool[Tensor, "BK S"]
    retrieved_doc_embeds: Float32[Tensor, "B K D"]
    doc_ids: Int[Tensor, "B K"]
    doc_scores: Float32[Tensor, "B K"]
    doc_mask: Bool[Tensor, "B K"]
    passages: list[list[Passage]]
    tokenized_doc_ids: Int[Tensor, "BK R"] | None = None
    tokenized_doc_attention_mask: Bool[Tensor, "BK R"] | None = None

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


class RagRetriever:
    """Knows a knowledge base, and the tokenizers where strings are wanted; knows no network."""

    def __init__(
        self, config: RagConfig, knowledge_base: AnyKnowledgeBase, tokenizer: RagTokenizer | None = None
    ) -> None:
        self.config = config
        self.knowledge_base = knowledge_base
        self.tokenizer = tokenizer
        self.ctx_encoder_tokenizer: Tokenizer | None = None

    @classmethod
    def from_pretrained(cls, folder: str | Path, fingerprint: str | None = None) -> "RagRetriever":
        """From a model folder that holds `knowledge_base/`; its tokenizers are opened where it has any."""
        folder = Path(folder)
        config = RagConfig.from_dict(read_config(folder))
        knowledge_base = KnowledgeBase.open(folder / KNOWLEDGE_BASE_FOLDER, fingerprint)
        has_tokenizers = (folder / QUESTION_ENCODER_FOLDER).is_dir()
        return cls(config, knowledge_base, RagTokenizer.from_pretrained(folder) if has_tokenizers else None)

    def save_pretrained(self, folder: str | Path) -> None:
        """Knowledge base, tokenizers, and config.json where the model itself has not written one."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / CONFIG).exists():
            write_config(folder, self.config.to_dict())
        if self.tokenizer is not None:
            self.tokenizer.save_pretrained(folder)
        self.knowledge_base.save(folder / KNOWLEDGE_BASE_FOLDER, overwrite=True)

    def init_retrieval(self) -> None:
        """Does nothing: a knowledge base is open, and checked, from the start. Here because it is documented."""

    def set_ctx_encoder_tokenizer(self, tokenizer: Tokenizer) -> None:
        """From now on a call also returns the passages as the context encoder reads them."""
        self.ctx_encoder_tokenizer = tokenizer

    def retrieve(self, question_hidden_states: Float[Tensor, "B D"], n_docs: int | None = None) -> Retrieved:
        """d(z)ᵀq(x) for the K = min(n_docs, N) best passages z; the gradient reaches q(x), never the index."""
        wanted = self.config.n_docs if n_docs is None else n_docs
        if wanted < 1:
            raise ValueError(f"n_docs={wanted} must be at least 1")
        _, rows = self.knowledge_base.search(question_hidden_states, wanted)
        vectors = self.knowledge_base.vectors_of(rows)  # (B, K, D)
        passages = self.knowledge_base.passages_of(rows)
        doc_scores = score(question_hidden_states, vectors)
        return Retrieved(rows, vectors, doc_scores, torch.ones_like(rows, dtype=torch.bool), passages)

    def postprocess_docs(
        self,
        passages: Sequence[Sequence[Passage]],
        questions: Sequence[str],
        prefix: str | None = None,
        n_docs: int | None = None,
    ) -> Batch:
        """`{prefix}{title} / {text} // {question}` as ids (B·K, S), the question's own string in each.

        n_docs: only the first so many passages of each question; all of them where it is not given.
        """
        tokenizer = self.tokenizer_for_strings().generator
        pairs = [
            (passage, question) for row, question in zip(passages, questions, strict=True) for passage in row[:n_docs]
        ]
        start = self.config.prefix if prefix is None else prefix  # transformers never reads it (deviation 24)
        heads = [passage_string(passage.title, passage.text, self.config.title_sep, start) for passage, _ in pairs]
        asked = [question for _, question in pairs]
        ids = generator_inputs(tokenizer, heads, asked, self.config.doc_sep, self.config.max_combined_length)
        return pad_ids(ids, tokenizer.pad_token_id)

    def __call__(
        self,
        questions: Sequence[str] | Int[Tensor, "B S"],
        question_hidden_states: Float[Tensor, "B D"],
        prefix: str | None = None,
        n_docs: int | None = None,
        return_tensors: str = "pt",
    ) -> RetrieverOutput:
        """Retrieve and make the generator's inputs. Give the questions as strings where you have them: ids of an
        uncased question encoder have lost case and accents (transformers decodes them; so does this, given ids).
        """
        if return_tensors != "pt":
            raise ValueError(f"return_tensors={return_tensors!r}: there are PyTorch's tensors only")
        strings = self.strings_of(questions)
        if len(strings) != len(question_hidden_states):
            raise ValueError(f"{len(strings)} questions with {len(question_hidden_states)} hidden states")
        found = self.retrieve(question_hidden_states, n_docs)
        device = question_hidden_states.device
        context = self.postprocess_docs(found.passages, strings, prefix=prefix)
        tokenized = self.context_encoder_inputs(found.passages)
        return RetrieverOutput(
            context_input_ids=context.input_ids.to(device),
            context_attention_mask=context.attention_mask.to(device),
            retrieved_doc_embeds=found.vectors,
            doc_ids=found.rows,
            doc_scores=found.doc_scores,
            doc_mask=found.mask,
            passages=found.passages,
            tokenized_doc_ids=None if tokenized is None else tokenized.input_ids.to(device),
            tokenized_doc_attention_mask=None if tokenized is None else tokenized.attention_mask.to(device),
        )

    def strings_of(self, questions: Sequence[str] | Int[Tensor, "B S"]) -> list[str]:
        if isinstance(questions, Tensor):
            return self.tokenizer_for_strings().question_encoder.batch_decode(questions)
        return list(questions)

    def context_encoder_inputs(self, passages: Sequence[Sequence[Passage]]) -> Batch | None:
        """`[CLS] title [SEP] text [SEP]` (DPR §4.1), cut at the encoder's last position as in the knowledge base."""
        if self.ctx_encoder_tokenizer is None:
            return None
        every = [passage for row in passages for passage in row]
        titles, texts = [passage.title for passage in every], [passage.text for passage in every]
        longest = self.config.question_encoder.max_position_embeddings
        return self.ctx_encoder_tokenizer(titles, texts, max_length=longest)

    def tokenizer_for_strings(self) -> RagTokenizer:
        if self.tokenizer is None:
            raise ValueError("this retriever has no tokenizer: strings and token ids cannot be turned into each other")
        return self.tokenizer


def score(questions: Float[Tensor, "B D"], vectors: Float32[Tensor, "B K D"]) -> Float32[Tensor, "B K"]:
    """d(z)ᵀq(x) in float32, autocast or not (a matrix product under autocast would be rounded to bfloat16)."""
    return (questions.float()[:, None, :] * vectors).sum(dim=-1)

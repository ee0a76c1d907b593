"""Retrieval-Augmented Generation (Lewis et al. 2020) in plain PyTorch: the public names.

Axes, in code, tests and tutorials alike:
`B` questions · `K` retrieved passages (n_docs) · `T` answer tokens · `S` source tokens (passage + question) · `V` vocabulary ·
`D` model width · `H` heads · `W` beams · `N` passages in the knowledge base.

`*_logprobs` are normalised log-probabilities in nats; `*_scores` and `logits` are not. Masks are bool, True = real.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minirag.answer import Answer as Answer
    from minirag.answer import answer_batch as answer_batch
    from minirag.configuration import BartConfig as BartConfig
    from minirag.configuration import BertConfig as BertConfig
    from minirag.configuration import RagConfig as RagConfig
    from minirag.model.bart import BartForConditionalGeneration as BartForConditionalGeneration
    from minirag.model.dpr import DPRContextEncoder as DPRContextEncoder
    from minirag.model.dpr import DPRQuestionEncoder as DPRQuestionEncoder
    from minirag.outputs import RetrievAugLMMarginOutput as RetrievAugLMMarginOutput
    from minirag.outputs import RetrievAugLMOutput as RetrievAugLMOutput
    from minirag.rag import RagModel as RagModel
    from minirag.rag import RagSequenceForGeneration as RagSequenceForGeneration
    from minirag.rag import RagTokenForGeneration as RagTokenForGeneration
    from minirag.retrieval.construction import build_knowledge_base as build_knowledge_base
    from minirag.retrieval.construction import update_knowledge_base as update_knowledge_base
    from minirag.retrieval.knowledge_base import KnowledgeBase as KnowledgeBase
    from minirag.retrieval.passage import Passage as Passage
    from minirag.retrieval.retriever import RagRetriever as RagRetriever
    from minirag.text.rag_tokenizer import RagTokenizer as RagTokenizer

ROOM_OF = {
    "Answer": "answer",
    "answer_batch": "answer",
    "BartConfig": "configuration",
    "BertConfig": "configuration",
    "RagConfig": "configuration",
    "BartForConditionalGeneration": "model.bart",
    "DPRContextEncoder": "model.dpr",
    "DPRQuestionEncoder": "model.dpr",
    "RetrievAugLMMarginOutput": "outputs",
    "RetrievAugLMOutput": "outputs",
    "RagModel": "rag",
    "RagSequenceForGeneration": "rag",
    "RagTokenForGeneration": "rag",
    "KnowledgeBase": "retrieval.knowledge_base",
    "build_knowledge_base": "retrieval.construction",
    "update_knowledge_base": "retrieval.construction",
    "Passage": "retrieval.passage",
    "RagRetriever": "retrieval.retriever",
    "RagTokenizer": "text.rag_tokenizer",
}


def __getattr__(name: str) -> Any:
    """A room is imported when a name of it is asked for: `minirag --help` does not wait for torch."""
    if name not in ROOM_OF:
        raise AttributeError(f"module 'minirag' has no attribute {name!r}")
    return getattr(import_module(f"minirag.{ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(ROOM_OF)

"""How does a finished training become a folder that answers? Networks, tokenizers, a knowledge base where it is new.

Paper     RAG §2.4 (context encoder and index stay as they are, unless both are trained end to end)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/rag/test_saving.py
"""

from collections.abc import Callable
from pathlib import Path

from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.retriever import KNOWLEDGE_BASE_FOLDER
from minirag.training.rag.opening import Start
from minirag.training.rag.reencoding import encode_again
from minirag.training.rag.task import RagSettings

Progress = Callable[[int, int | None], None]


def save_trained(
    start: Start,
    settings: RagSettings,
    out: Path,
    keep_base: bool = False,
    progress: Progress | None = None,
) -> KnowledgeBase | None:
    """A RAG folder; trained for both likelihoods it is a plain RagModel. Returns the knowledge base that lies in it, if any.

    keep_base: the knowledge base is copied along. Trained end to end it is made again, by the final context encoder.
    """
    model = start.model
    if start.context_encoder is not None:
        model.set_context_encoder_for_training(
            start.context_encoder
        )  # so that it is written, and later checked against
    (model.rag if settings.likelihood == "both" else model).save_pretrained(out)
    place, retriever = out / KNOWLEDGE_BASE_FOLDER, model.retriever
    if settings.end_to_end and retriever is not None and start.context_encoder is not None:
        tokenizer = retriever.tokenizer_for_strings().question_encoder
        encoder = start.context_encoder.eval()
        return encode_again(retriever.knowledge_base, encoder, tokenizer, place, progress=progress)
    if keep_base and retriever is not None:
        retriever.knowledge_base.save(place, overwrite=True)
        return KnowledgeBase.open(place)
    return None

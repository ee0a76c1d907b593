"""Which tokenizer reads what? Two tokenizers by name: the question encoder's and the generator's.

Paper     RAG §2.2 (BERT reads the question), §2.3 (BART reads passage and question, and writes the answer)
Tutorial  tutorials/01_tokenizers.py
Tests     tests/text/test_rag_tokenizer.py, tests/crosscheck/test_tokenizers.py

There is no mode to switch: a question goes through `question_encoder` (also by calling the object), an answer through
`generator`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jaxtyping import Int
from torch import Tensor

from minirag.outputs import Batch
from minirag.text.seq2seq_batch import Rules, Seq2SeqBatch, sided
from minirag.text.tokenizers import Tokenizer

QUESTION_ENCODER_FOLDER = "question_encoder_tokenizer"
GENERATOR_FOLDER = "generator_tokenizer"


class RagTokenizer:
    """`question_encoder` reads questions; `generator` reads passages with questions, and reads and writes answers."""

    def __init__(self, question_encoder: Tokenizer, generator: Tokenizer) -> None:
        self.question_encoder = question_encoder
        self.generator = generator

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "RagTokenizer":
        """Open `question_encoder_tokenizer/` and `generator_tokenizer/` inside folder."""
        folder = Path(folder)
        question_encoder = Tokenizer.from_pretrained(folder / QUESTION_ENCODER_FOLDER)
        return cls(question_encoder, Tokenizer.from_pretrained(folder / GENERATOR_FOLDER))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write both tokenizers, each in its own folder."""
        self.question_encoder.save_pretrained(Path(folder) / QUESTION_ENCODER_FOLDER)
        self.generator.save_pretrained(Path(folder) / GENERATOR_FOLDER)

    def __call__(self, texts: str | Sequence[str], max_length: int | None = None) -> Batch:
        """Questions → ids of the question encoder."""
        return self.question_encoder(texts, max_length=max_length)

    def decode(self, ids: Sequence[int] | Int[Tensor, " T"], skip_special_tokens: bool = True) -> str:
        """Ids of the generator → text."""
        return self.generator.decode(ids, skip_special_tokens)

    def batch_decode(
        self, rows: Iterable[Sequence[int]] | Int[Tensor, "B T"], skip_special_tokens: bool = True
    ) -> list[str]:
        """`decode` of each row."""
        return self.generator.batch_decode(rows, skip_special_tokens)

    def prepare_seq2seq_batch(
        self,
        src_texts: Sequence[str],
        tgt_texts: Sequence[str] | None = None,
        max_length: int | None = None,
        max_target_length: int | None = None,
        padding: bool | str = "longest",
        return_tensors: str | None = None,
        truncation: bool | str = True,
        **others: Any,
    ) -> Seq2SeqBatch:
        """Questions and answers for training, as documented in 4.x (seq2seq_batch.py says where it differs).

        padding: "longest" or True, "max_length", False. truncation: True or "longest_first", False. Lengths are by default
        the two tokenizers' own. return_tensors: "pt" for tensors, None for lists.
        """
        if isinstance(src_texts, str) or isinstance(tgt_texts, str):
            raise ValueError("prepare_seq2seq_batch takes lists of texts, not one text")
        if others:
            raise ValueError(f"prepare_seq2seq_batch: {', '.join(others)} cannot be honoured")
        if tgt_texts is not None and len(tgt_texts) != len(src_texts):
            raise ValueError(f"{len(src_texts)} questions with {len(tgt_texts)} answers")
        rules = Rules(padding, truncation, return_tensors)
        input_ids, attention_mask = sided(self.question_encoder, src_texts, max_length, rules)
        if tgt_texts is None:
            return Seq2SeqBatch(input_ids, attention_mask)
        labels, _ = sided(self.generator, tgt_texts, max_target_length, rules)
        return Seq2SeqBatch(input_ids, attention_mask, labels)

"""Which tokenizer reads what? Two tokenizers by name: the question encoder's and the generator's.

Paper     RAG §2.2 (BERT reads the question), §2.3 (BART reads passage and question, and writes the answer)
Tutorial  tutorials/01_tokenizers.py
Tests     tests/text/test_rag_tokenizer.py

There is no mode to switch: a question goes through `question_encoder` (also by calling the object), an answer through
`generator`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Bool, Int
from torch import Tensor

from minirag.outputs import Batch
from minirag.text.tokenizers import Tokenizer

QUESTION_ENCODER_FOLDER = "question_encoder_tokenizer"
GENERATOR_FOLDER = "generator_tokenizer"


@dataclass(frozen=True)
class Seq2SeqBatch:
    """Questions for the question encoder, and answers as labels for the generator."""

    input_ids: Int[Tensor, "B S"]
    attention_mask: Bool[Tensor, "B S"]
    labels: Int[Tensor, "B T"] | None = None


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
    ) -> Seq2SeqBatch:
        """Questions and answers for training. labels: `<s> answer </s>`; max_target_length defaults to max_length."""
        questions = self.question_encoder(src_texts, max_length=max_length)
        if tgt_texts is None:
            return Seq2SeqBatch(questions.input_ids, questions.attention_mask)
        if len(tgt_texts) != len(src_texts):
            raise ValueError(f"{len(src_texts)} questions with {len(tgt_texts)} answers")
        labels = self.generator(tgt_texts, max_length=max_target_length or max_length).input_ids
        return Seq2SeqBatch(questions.input_ids, questions.attention_mask, labels)

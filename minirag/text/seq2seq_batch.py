"""How do questions and answers become one training batch? What 4.x of transformers documents as `prepare_seq2seq_batch`.

Paper     RAG §2.4 (pairs of a question and its answer)
Tutorial  tutorials/02_batching.py
Tests     tests/text/test_rag_tokenizer.py, tests/crosscheck/test_tokenizers.py

Where it differs from 4.x: labels are ids of the generator's tokenizer, and max_target_length is by default what the generator
can read. 4.x makes labels with the question encoder's tokenizer, ids that mean other words to the generator.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from jaxtyping import Bool, Int
from torch import Tensor

from minirag.text.batching import pad_ids
from minirag.text.tokenizers import Tokenizer, padded_width

Rows = list[list[int]]
Names = dict[bool | str, str | None]  # what 4.x takes → what it is called here; None: not done
PADDING_NAMES: Names = {
    True: "longest",
    "longest": "longest",
    "max_length": "max_length",
    False: None,
    "do_not_pad": None,
}
TRUNCATION_NAMES: Names = {
    True: "longest_first",
    "longest_first": "longest_first",
    "only_first": "only_first",
    False: None,
    "do_not_truncate": None,
}


@dataclass(frozen=True)
class Seq2SeqBatch:
    """Questions for the question encoder, and answers as labels for the generator; `batch["labels"]` and `**batch` work too.

    Tensors with return_tensors="pt" (the mask is bool, True = a real token), else lists (the mask is 1 or 0).
    """

    input_ids: Int[Tensor, "B S"] | Rows
    attention_mask: Bool[Tensor, "B S"] | Rows
    labels: Int[Tensor, "B T"] | Rows | None = None

    def __getitem__(self, name: str) -> Any:
        if name not in self.keys():
            raise KeyError(name)
        return getattr(self, name)

    def keys(self) -> list[str]:
        return [field.name for field in fields(self) if getattr(self, field.name) is not None]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())


@dataclass(frozen=True)
class Rules:
    """How both sides are padded, cut and handed out."""

    padding: bool | str
    truncation: bool | str
    return_tensors: str | None

    def __post_init__(self) -> None:
        check_one_of("padding", self.padding, PADDING_NAMES)
        check_one_of("truncation", self.truncation, TRUNCATION_NAMES)
        check_one_of("return_tensors", self.return_tensors, ("pt", None))


def check_one_of(name: str, value: Any, known: Iterable[Any]) -> None:
    if value not in list(known):
        raise ValueError(f"{name}={value!r} is not one of {', '.join(map(repr, known))}")


def sided(
    tokenizer: Tokenizer, texts: Sequence[str], max_length: int | None, rules: Rules
) -> tuple[Int[Tensor, "B S"] | Rows, Bool[Tensor, "B S"] | Rows]:
    """Ids and mask of one side; max_length is the tokenizer's own where none is given."""
    limit = tokenizer.model_max_length if max_length is None else max_length
    truncation, padding = TRUNCATION_NAMES[rules.truncation], PADDING_NAMES[rules.padding]
    rows = tokenizer.encode_many(texts) if truncation is None else tokenizer.encode_many(texts, None, limit, truncation)
    if padding is None and rules.return_tensors is None:
        return rows, [[1] * len(row) for row in rows]
    if padding is None and len({len(row) for row in rows}) > 1:
        raise ValueError("return_tensors='pt' needs rows of one length: give padding='longest' or 'max_length'")
    batch = pad_ids(rows, tokenizer.pad_token_id, padded_width(padding or "longest", limit))
    if rules.return_tensors == "pt":
        return batch.input_ids, batch.attention_mask
    return batch.input_ids.tolist(), batch.attention_mask.int().tolist()

"""How does a text become token ids, and ids a text? One thin class around the `tokenizers` library.

Paper     BERT §3 (WordPiece), BART §2 (byte-level BPE)
Tutorial  tutorials/01_tokenizers.py
Tests     tests/text/test_tokenizers.py, tests/crosscheck/test_tokenizers.py

The question encoder reads WordPiece (`[CLS] what is rag? [SEP]`, lower case), the generator reads byte-level BPE
(`<s>What is RAG?</s>`). The two never share ids: a text goes from one to the other as a string (rag_tokenizer.py).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxtyping import Int
from tokenizers import Tokenizer as Backend
from torch import Tensor

from minirag.outputs import Batch
from minirag.text import tokenizer_files as files
from minirag.text.batching import pad_ids

UNFINISHED = "\ufffd"  # what a part of a character's bytes is shown as


class Tokenizer:
    """Texts ↔ ids. Special tokens are added at both ends unless a method says otherwise."""

    def __init__(self, backend: Backend, settings: Mapping[str, Any] | None = None) -> None:
        self.backend = backend
        self.settings = dict(settings or {})
        is_word_piece = type(backend.model).__name__ == "WordPiece"
        defaults = files.WORD_PIECE_SPECIALS if is_word_piece else files.BYTE_LEVEL_SPECIALS
        self.specials = {**defaults, **files.token_names(self.settings)}
        self.kind = "DPRQuestionEncoderTokenizer" if is_word_piece else "BartTokenizer"

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "Tokenizer":
        """Open a folder in any of the published layouts (see tokenizer_files.py). ValueError names what is wrong."""
        settings = files.read_settings(Path(folder))
        return cls(files.read_backend(Path(folder), settings), settings)

    @classmethod
    def word_piece(cls, vocab: dict[str, int], do_lower_case: bool = True) -> "Tokenizer":
        """BERT's tokenizer from a vocabulary."""
        settings = {"do_lower_case": do_lower_case}
        return cls(files.word_piece_backend(vocab, settings), settings)

    @classmethod
    def byte_level(cls, vocab: dict[str, int], merges: Sequence[tuple[str, str]]) -> "Tokenizer":
        """BART's tokenizer from a vocabulary and its merges, the earliest merge first."""
        return cls(files.byte_level_backend(vocab, merges, {}), {})

    def save_pretrained(self, folder: str | Path) -> None:
        """Write tokenizer.json and the two small files that other libraries read beside it."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        config = {"tokenizer_class": self.kind, **self.settings, **self.specials}
        files.write_whole(folder / "tokenizer.json", self.backend.to_str(pretty=False))
        files.write_whole(folder / "tokenizer_config.json", json.dumps(config, indent=2, ensure_ascii=False) + "\n")
        files.write_whole(folder / "special_tokens_map.json", json.dumps(self.specials, indent=2) + "\n")

    def encode(self, text: str, pair: str | None = None, max_length: int | None = None) -> list[int]:
        """Ids with special tokens. Cut before the last special token, so a pair loses its second text first."""
        return self.encode_many([text], None if pair is None else [pair], max_length)[0]

    def encode_many(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None, max_length: int | None = None
    ) -> list[list[int]]:
        """`encode` for many texts at once (in parallel inside the library)."""
        if pairs is not None and len(pairs) != len(texts):
            raise ValueError(f"{len(texts)} texts with {len(pairs)} pairs")
        cleaned = [encodable(text) for text in texts]
        inputs = cleaned if pairs is None else list(zip(cleaned, map(encodable, pairs), strict=True))
        rows = [encoding.ids for encoding in self.backend.encode_batch_fast(inputs)]
        return rows if max_length is None else [cut(row, max_length) for row in rows]

    def encode_plain(self, text: str) -> list[int]:
        """Ids without special tokens at the ends."""
        return self.backend.encode(encodable(text), add_special_tokens=False).ids

    def __call__(
        self, texts: str | Sequence[str], pairs: str | Sequence[str] | None = None, max_length: int | None = None
    ) -> Batch:
        """One text or many → one padded Batch."""
        texts = [texts] if isinstance(texts, str) else texts
        pairs = [pairs] if isinstance(pairs, str) else pairs
        return pad_ids(self.encode_many(texts, pairs, max_length), self.pad_token_id)

    def decode(self, ids: Sequence[int] | Int[Tensor, " T"], skip_special_tokens: bool = True) -> str:
        """Ids → text. Negative ids (−100 marks a label that is not scored) are passed over."""
        return self.backend.decode([i for i in as_list(ids) if i >= 0], skip_special_tokens=skip_special_tokens)

    def batch_decode(
        self, rows: Iterable[Sequence[int]] | Int[Tensor, "B T"], skip_special_tokens: bool = True
    ) -> list[str]:
        """`decode` of each row."""
        return [self.decode(row, skip_special_tokens) for row in rows]

    def pieces(self, ids: Sequence[int] | Int[Tensor, " T"]) -> list[str]:
        """One string per id; together they are the decoded text. A character of several ids stands at its last one."""
        shown, pieces = "", []
        for end in range(1, len(ids) + 1):
            text = self.decode(ids[:end], skip_special_tokens=False)
            complete = text if end == len(ids) else text.rstrip(UNFINISHED)
            pieces.append(complete[len(shown) :])
            shown = max(shown, complete, key=len)
        return pieces

    @property
    def special_ids(self) -> frozenset[int]:
        """The ids that `skip_special_tokens` passes over."""
        return frozenset(i for i, token in self.backend.get_added_tokens_decoder().items() if token.special)

    @property
    def vocab_size(self) -> int:
        return self.backend.get_vocab_size()

    @property
    def pad_token_id(self) -> int:
        return self.special_id("pad_token")

    @property
    def bos_token_id(self) -> int:
        """The first special token of a text; for WordPiece that is [CLS]."""
        return self.special_id("bos_token" if "bos_token" in self.specials else "cls_token")

    @property
    def eos_token_id(self) -> int:
        """The last special token of a text; for WordPiece that is [SEP]."""
        return self.special_id("eos_token" if "eos_token" in self.specials else "sep_token")

    @property
    def cls_token_id(self) -> int:
        return self.special_id("cls_token")

    @property
    def sep_token_id(self) -> int:
        return self.special_id("sep_token")

    @property
    def mask_token_id(self) -> int:
        return self.special_id("mask_token")

    def special_id(self, role: str) -> int:
        """The id of a role's token. ValueError names a role that the vocabulary does not fill."""
        token_id = self.backend.token_to_id(self.specials[role])
        if token_id is None:
            raise ValueError(f"vocabulary has no {self.specials[role]} ({role})")
        return token_id


def cut(ids: list[int], max_length: int) -> list[int]:
    """At most max_length ids; the last one, a special token, stays."""
    if max_length < 2:
        raise ValueError(f"max_length={max_length} leaves no room for the special tokens")
    return ids if len(ids) <= max_length else [*ids[: max_length - 1], ids[-1]]


def encodable(text: str) -> str:
    """A lone surrogate (half a character, as broken JSON may hold) has no UTF-8 form: it becomes '?'."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def as_list(ids: Sequence[int] | Int[Tensor, " T"]) -> list[int]:
    return ids.tolist() if isinstance(ids, Tensor) else list(ids)

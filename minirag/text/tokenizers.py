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
from minirag.text.clean_up import cleaned_up
from minirag.text.truncation import check_truncation, kept_lengths

PADDINGS = ("longest", "max_length")
UNKNOWN_LENGTH = 10**9
UNFINISHED = "\ufffd"  # what a part of a character's bytes is shown as


class Tokenizer:
    """Texts ↔ ids. Special tokens are added at both ends unless a method says otherwise."""

    def __init__(self, backend: Backend, settings: Mapping[str, Any] | None = None) -> None:
        self.backend = backend
        self.settings = dict(settings or {})
        is_word_piece = type(backend.model).__name__ == "WordPiece"
        defaults = files.WORD_PIECE_SPECIALS if is_word_piece else files.BYTE_LEVEL_SPECIALS
        self.specials = {**defaults, **files.token_names(self.settings)}
        self.cleans_up = is_word_piece and bool(self.settings.get("clean_up_tokenization_spaces"))
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

    def encode(
        self, text: str, pair: str | None = None, max_length: int | None = None, truncation: str = "longest_first"
    ) -> list[int]:
        """Ids with special tokens. What is longer than max_length is cut by one of the rules of truncation.py."""
        return self.encode_many([text], None if pair is None else [pair], max_length, truncation)[0]

    def encode_many(
        self,
        texts: Sequence[str],
        pairs: Sequence[str] | None = None,
        max_length: int | None = None,
        truncation: str = "longest_first",
    ) -> list[list[int]]:
        """`encode` for many texts at once (in parallel inside the library)."""
        if pairs is not None and len(pairs) != len(texts):
            raise ValueError(f"{len(texts)} texts with {len(pairs)} pairs")
        check_truncation(truncation)
        firsts = [encodable(text) for text in texts]
        seconds = [None] * len(firsts) if pairs is None else [encodable(pair) for pair in pairs]
        inputs = firsts if pairs is None else list(zip(firsts, seconds, strict=True))
        rows = [encoding.ids for encoding in self.backend.encode_batch_fast(inputs)]
        if max_length is None:
            return rows
        return [
            row if len(row) <= max_length else self.cut(first, second, max_length, truncation)
            for row, first, second in zip(rows, firsts, seconds, strict=True)
        ]

    def cut(self, text: str, pair: str | None, max_length: int, truncation: str) -> list[int]:
        """The ids of each text are cut, then the special tokens are put around them.

        The library could cut too, but only by a setting of its own, which would stay behind and belongs to every thread.
        """
        texts = [text] if pair is None else [text, pair]
        room = max_length - self.backend.num_special_tokens_to_add(pair is not None)
        if room < 0:
            raise ValueError(f"max_length={max_length} leaves no room for the special tokens")
        encodings = self.backend.encode_batch_fast(texts, add_special_tokens=False)
        lengths = [len(encoding) for encoding in encodings]
        kept = kept_lengths(lengths[0], sum(lengths[1:]), room, truncation)
        for encoding, length in zip(encodings, kept, strict=False):
            encoding.truncate(length)
        return self.backend.post_process(encodings[0], None if pair is None else encodings[1]).ids

    def encode_plain(self, text: str) -> list[int]:
        """Ids without special tokens at the ends."""
        return self.backend.encode(encodable(text), add_special_tokens=False).ids

    def __call__(
        self,
        texts: str | Sequence[str],
        pairs: str | Sequence[str] | None = None,
        max_length: int | None = None,
        truncation: str = "longest_first",
        padding: str = "longest",
    ) -> Batch:
        """One text or many → one Batch, as wide as the longest row ("longest") or max_length wide ("max_length")."""
        texts = [texts] if isinstance(texts, str) else texts
        pairs = [pairs] if isinstance(pairs, str) else pairs
        rows = self.encode_many(texts, pairs, max_length, truncation)
        return pad_ids(rows, self.pad_token_id, padded_width(padding, max_length))

    def decode(self, ids: Sequence[int] | Int[Tensor, " T"], skip_special_tokens: bool = True) -> str:
        """Ids → text. Negative ids (−100 marks a label that is not scored) are passed over."""
        text = self.backend.decode([i for i in as_list(ids) if i >= 0], skip_special_tokens=skip_special_tokens)
        return cleaned_up(text) if self.cleans_up else text

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
    def model_max_length(self) -> int | None:
        """What tokenizer_config.json says that the model can read; older files say 10³⁰ where nothing is known."""
        length = self.settings.get("model_max_length")
        return length if isinstance(length, int) and length < UNKNOWN_LENGTH else None

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


def padded_width(padding: str, max_length: int | None) -> int | None:
    """None: as wide as the longest row."""
    if padding not in PADDINGS:
        raise ValueError(f"padding={padding!r} is not one of {', '.join(PADDINGS)}")
    if padding == "max_length" and max_length is None:
        raise ValueError("padding='max_length' needs max_length")
    return max_length if padding == "max_length" else None


def encodable(text: str) -> str:
    """A lone surrogate (half a character, as broken JSON may hold) has no UTF-8 form: it becomes '?'."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def as_list(ids: Sequence[int] | Int[Tensor, " T"]) -> list[int]:
    return ids.tolist() if isinstance(ids, Tensor) else list(ids)

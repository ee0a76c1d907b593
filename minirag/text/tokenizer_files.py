"""In which files does a tokenizer live? The three published layouts of a folder, read and written.

Paper     BERT §3 (WordPiece), BART §2 (GPT-2's byte-level BPE)
Tutorial  tutorials/01_tokenizers.py
Tests     tests/text/test_tokenizers.py, tests/crosscheck/test_tokenizers.py

    tokenizer.json               everything in one file (any model); padding and truncation baked into it are undone
    vocab.txt                    WordPiece as BERT uses it; `tokenizer_config.json` may say "do_lower_case": false
    vocab.json and merges.txt    byte-level BPE as BART uses it

`tokenizer_class` names the family in any of them. One whose ids would be others (T5's pieces, say) is refused by name, and so
is a setting under which they would be: padding on the left, a special token that the vocabulary does not hold.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers import Tokenizer as Backend

WORD_PIECE_SPECIALS = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
BYTE_LEVEL_SPECIALS = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "cls_token": "<s>",
    "mask_token": "<mask>",
}
WORD_PIECE_CLASSES = {"Bert", "DistilBert", "Electra", "DPRQuestionEncoder", "DPRContextEncoder", "DPRReader"}
BYTE_LEVEL_CLASSES = {"Bart", "Roberta"}
ANY_CLASSES = {"PreTrained", "TokenizersBackend"}  # tokenizer.json says everything
TOKEN_FLAGS = ("lstrip", "rstrip", "single_word", "normalized")
# setting → the one value that is honoured
REFUSED = {"padding_side": "right", "truncation_side": "right", "split_special_tokens": False}


def read_backend(folder: Path, settings: Mapping[str, Any]) -> Backend:
    """The tokenizer of a folder. ValueError names the folder that holds none, or the file that cannot be read."""
    if not folder.is_dir():
        raise ValueError(f"{folder}: no tokenizer folder there")
    try:
        check_settings(settings)
        backend = read_layout(folder, settings)
        check_family(backend, settings)
        return backend
    except Exception as error:
        raise ValueError(f"{folder}: tokenizer cannot be read ({first_line(error)})") from None


def check_settings(settings: Mapping[str, Any]) -> None:
    for name, honoured in REFUSED.items():
        if settings.get(name, honoured) != honoured:
            raise ValueError(f"{name}={settings[name]!r} cannot be honoured (only {honoured!r})")


def check_family(backend: Backend, settings: Mapping[str, Any]) -> None:
    """`tokenizer_class`, where it is given, must name a tokenizer of the kind that the files hold."""
    model = type(backend.model).__name__
    families = {"WordPiece": WORD_PIECE_CLASSES, "BPE": BYTE_LEVEL_CLASSES}
    if model not in families:
        raise ValueError(f"a {model} tokenizer cannot be honoured (only {' and '.join(families)})")
    named = settings.get("tokenizer_class")
    if named is not None and family(str(named)) not in families[model] | ANY_CLASSES:
        raise ValueError(f"tokenizer_class={named!r} cannot be honoured over a {model} vocabulary")


def family(tokenizer_class: str) -> str:
    """'BartTokenizerFast' → 'Bart'."""
    return tokenizer_class.removesuffix("Fast").removesuffix("Tokenizer")


def read_layout(folder: Path, settings: Mapping[str, Any]) -> Backend:
    if (folder / "tokenizer.json").is_file():
        backend = Backend.from_str((folder / "tokenizer.json").read_text("utf-8"))
        backend.no_truncation()
        backend.no_padding()
        return backend
    if (folder / "vocab.txt").is_file():
        return word_piece_backend(read_vocab_txt(folder / "vocab.txt"), settings)
    if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        vocab, merges = models.BPE.read_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
        return byte_level_backend(vocab, merges, settings)
    raise ValueError("neither tokenizer.json, nor vocab.txt, nor vocab.json with merges.txt")


def read_vocab_txt(path: Path) -> dict[str, int]:
    """One piece a line; its line number, from 0, is its id."""
    with path.open(encoding="utf-8") as lines:
        return {line.rstrip("\n"): number for number, line in enumerate(lines)}


def word_piece_backend(vocab: dict[str, int], settings: Mapping[str, Any]) -> Backend:
    """BERT's tokenizer: `[CLS] text [SEP]`, or `[CLS] a [SEP] b [SEP]`; lower case, no accents unless told so."""
    names = {**WORD_PIECE_SPECIALS, **token_names(settings)}
    backend = Backend(models.WordPiece(vocab, unk_token=names["unk_token"]))
    backend.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=settings.get("tokenize_chinese_chars", True),
        strip_accents=settings.get("strip_accents"),
        lowercase=settings.get("do_lower_case", True),
    )
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece(prefix="##")
    add_specials(backend, names, settings)
    cls, sep = names["cls_token"], names["sep_token"]
    backend.post_processor = processors.TemplateProcessing(
        single=f"{cls}:0 $A:0 {sep}:0",
        pair=f"{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1",
        special_tokens=[(cls, vocab[cls]), (sep, vocab[sep])],
    )
    return backend


def byte_level_backend(
    vocab: dict[str, int], merges: Sequence[tuple[str, str]], settings: Mapping[str, Any]
) -> Backend:
    """BART's tokenizer: `<s> text </s>`; every text is a sequence of bytes, so there is no unknown token."""
    names = {**BYTE_LEVEL_SPECIALS, **token_names(settings)}
    prefix_space = settings.get("add_prefix_space", False)
    backend = Backend(models.BPE(vocab=vocab, merges=list(merges)))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    backend.decoder = decoders.ByteLevel()
    add_specials(backend, names, settings)
    sep, cls = names["sep_token"], names["cls_token"]
    backend.post_processor = processors.RobertaProcessing((sep, vocab[sep]), (cls, vocab[cls]), True, prefix_space)
    return backend


def add_specials(backend: Backend, names: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Special tokens are cut out of a text before anything else; each must be in the vocabulary already."""
    for role, token in names.items():
        if backend.token_to_id(token) is None:
            raise ValueError(f"vocabulary has no {token} ({role})")
    backend.add_special_tokens([special_token(token, settings) for token in dict.fromkeys(names.values())])


def special_token(token: str, settings: Mapping[str, Any]) -> AddedToken:
    """The token as settings describe it: BART's <mask> may take the space in front of it (`lstrip`)."""
    described = [value for value in settings.values() if isinstance(value, dict) and value.get("content") == token]
    flags = {name: bool(described[0].get(name)) for name in TOKEN_FLAGS} if described else {}
    return AddedToken(token, special=True, **{"normalized": False, **flags})


def read_settings(folder: Path) -> dict[str, Any]:
    """`special_tokens_map.json` and `tokenizer_config.json` together; a folder may have neither."""
    settings: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        path = folder / name
        if path.is_file():
            settings |= read_json_object(path)
    return settings


def read_json_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not a JSON file ({first_line(error)})") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path}: not a JSON object")
    return value


def token_names(settings: Mapping[str, Any]) -> dict[str, str]:
    """The special tokens that settings name; older files write a token as an object with its content."""
    named = {role: settings.get(role) for role in {**WORD_PIECE_SPECIALS, **BYTE_LEVEL_SPECIALS}}
    plain = {role: token.get("content") if isinstance(token, dict) else token for role, token in named.items()}
    return {role: token for role, token in plain.items() if isinstance(token, str)}


def write_whole(path: Path, text: str) -> None:
    """Under another name first, so that nobody ever meets half a file."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(text, "utf-8")
    os.replace(unfinished, path)


def first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__

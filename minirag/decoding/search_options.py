"""What is searched for, and which wishes contradict one another? Every setting of every search, checked in one place.

Paper     RAG §2.5, App. A (beams, lengths); names and meaning are those of transformers 5.23.0
Tutorial  tutorials/13_beam_search.py
Tests     tests/decoding/test_search_options.py

What the caller gives and could have no effect, or contradicts something else, is refused with the reason. What only
comes from a model's config yields.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from torch import Tensor

# allowed(b, prefix) = the ids that may follow this prefix (one axis) of question b; an empty list: it leads nowhere.
AllowedTokens = Callable[[int, Tensor], list[int]]

IDS = ("decoder_start_token_id", "eos_token_id", "pad_token_id", "forced_bos_token_id", "forced_eos_token_id")


@dataclass(frozen=True)
class SearchOptions:
    """What to search for. Lengths count the start token. ValueError names the option that makes no sense, and why."""

    decoder_start_token_id: int
    eos_token_id: int
    pad_token_id: int  # fills up shorter answers when several are scored at once (rag_sequence.py)
    num_beams: int = 1  # 1: greedy search
    num_return_sequences: int = 1
    max_length: int = 20
    min_length: int = 0
    length_penalty: float = 1.0  # of beams: score = log-probability / n ** length_penalty; above 0 favours long answers
    early_stopping: bool | str = False  # of beams, which may also be "never": see beam_search.FinishedPool
    repetition_penalty: float = 1.0  # above 1: a token that is there already becomes less likely
    no_repeat_ngram_size: int = 0  # no n tokens in a row occur twice; 0: they may
    bad_words_ids: list[list[int]] | None = None  # sequences of tokens that are never written
    prefix_allowed_tokens_fn: AllowedTokens | None = None
    forced_bos_token_id: int | None = None  # always the first token generated
    forced_eos_token_id: int | None = None  # always the last token of an answer that reaches max_length
    do_sample: bool = False  # draw num_return_sequences answers at random, instead of searching for the best
    temperature: float = 1.0  # the settings from here on belong to sampling
    top_k: int = 50  # 0: any number of tokens
    top_p: float = 1.0
    seed: int | None = None  # a question gets the same answers again, in any batch; None: torch's global generator

    def __post_init__(self) -> None:
        check_beams(self)
        check_lengths(self)
        check_constraints(self)
        check_sampling(self)

    @property
    def width(self) -> int:
        """How many prefixes of a question grow side by side."""
        return self.num_return_sequences if self.do_sample else self.num_beams


SETTINGS = {option.name for option in fields(SearchOptions)} | {"max_new_tokens"}
SAMPLING = {option.name: option.default for option in fields(SearchOptions)[-4:]}  # temperature and what follows it


# --- one by one, and against one another


def check_beams(options: SearchOptions) -> None:
    for name in ("num_beams", "num_return_sequences"):
        if getattr(options, name) < 1:
            raise ValueError(f"{name}={getattr(options, name)} must be at least 1")
    if not math.isfinite(options.length_penalty):
        raise ValueError(f"length_penalty={options.length_penalty} is not a finite number")
    if not (isinstance(options.early_stopping, bool) or options.early_stopping == "never"):
        raise ValueError(f"early_stopping={options.early_stopping!r} is neither True nor False nor 'never'")


def check_one_search(options: SearchOptions) -> SearchOptions:
    """W beams find W answers at most. (RAG-Sequence has W of every passage, and may return more.)"""
    if options.num_return_sequences > options.width:
        raise ValueError(
            f"num_return_sequences={options.num_return_sequences} is more than num_beams={options.num_beams}"
        )
    return options


def check_lengths(options: SearchOptions) -> None:
    if options.max_length < 2:
        raise ValueError(f"max_length={options.max_length} leaves no room for a token after the start token")
    if not 0 <= options.min_length <= options.max_length:
        raise ValueError(f"min_length={options.min_length} is not between 0 and max_length={options.max_length}")


def check_constraints(options: SearchOptions) -> None:
    if not options.repetition_penalty > 0:
        raise ValueError(f"repetition_penalty={options.repetition_penalty} must be above 0")
    if options.no_repeat_ngram_size < 0:
        raise ValueError(f"no_repeat_ngram_size={options.no_repeat_ngram_size} must not be negative")
    if options.bad_words_ids is not None and not (options.bad_words_ids and all(options.bad_words_ids)):
        raise ValueError(f"bad_words_ids={options.bad_words_ids} holds no word, or an empty one")
    for name, token in named_ids(options):
        if token < 0:
            raise ValueError(f"{name}: token id {token} is negative")


def check_sampling(options: SearchOptions) -> None:
    if options.do_sample and options.num_beams > 1:
        raise ValueError(
            f"do_sample=True draws token by token: num_beams={options.num_beams} has no part in it, give 1"
        )
    if not options.do_sample:
        for name, default in SAMPLING.items():
            if getattr(options, name) != default:
                raise ValueError(f"{name}={getattr(options, name)} has no effect without do_sample=True")
    if not options.temperature > 0:
        raise ValueError(f"temperature={options.temperature} must be above 0 (greedy search: do_sample=False)")
    if options.top_k < 0:
        raise ValueError(f"top_k={options.top_k} must not be negative (0: no limit)")
    if not 0 <= options.top_p <= 1:
        raise ValueError(f"top_p={options.top_p} is not between 0 and 1")


def named_ids(options: SearchOptions) -> list[tuple[str, int]]:
    """Every token id in the options, with the name of the option."""
    single = [(name, getattr(options, name)) for name in IDS if getattr(options, name) is not None]
    return single + [("bad_words_ids", token) for word in options.bad_words_ids or [] for token in word]


# --- what the caller says, else what the model's config says


def options_for(config: Any, settings: Mapping[str, Any]) -> SearchOptions:
    """Settings as given; those that are not, or are None, as `config` (a BartConfig) has them.

    max_new_tokens = max_length − 1 may stand in for max_length. ValueError names unknown settings, and token ids that
    are not in the vocabulary.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    unknown = sorted(given.keys() - SETTINGS)
    if unknown:
        raise ValueError(f"there is no setting {', '.join(unknown)}")
    defaults = {name: getattr(config, name) for name in SETTINGS if getattr(config, name, None) is not None}
    if not given.get("do_sample", defaults.get("do_sample")):
        defaults = {name: value for name, value in defaults.items() if name not in SAMPLING}
    options = SearchOptions(**merged(defaults, given))
    for name, token in named_ids(options):
        if token >= config.vocab_size:
            raise ValueError(f"{name}: token id {token} is not in the vocabulary of {config.vocab_size}")
    return options


def merged(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What is given goes before; max_new_tokens becomes max_length; a default min_length is no more than max_length."""
    if "max_length" in given:
        if "max_new_tokens" in given:
            raise ValueError("max_length and max_new_tokens both say where to stop: give one of them")
        defaults = {**defaults, "max_new_tokens": None}
    chosen = {**defaults, **given}
    new_tokens = chosen.pop("max_new_tokens", None)
    if new_tokens is not None:
        if new_tokens < 1:
            raise ValueError(f"max_new_tokens={new_tokens} must be at least 1")
        chosen["max_length"] = 1 + new_tokens
    if "min_length" not in given:
        chosen["min_length"] = min(chosen["min_length"], chosen["max_length"])
    return chosen


def for_rows(options: SearchOptions, questions: list[int]) -> SearchOptions:
    """The same for a batch in which row r belongs to questions[r]: prefix_allowed_tokens_fn is asked about that one."""
    allowed_tokens = options.prefix_allowed_tokens_fn
    if allowed_tokens is None:
        return options
    return replace(options, prefix_allowed_tokens_fn=lambda row, prefix: allowed_tokens(questions[row], prefix))

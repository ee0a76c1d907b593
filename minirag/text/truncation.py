"""How much of a text, or of a pair of texts, is kept where only so many ids fit? The three rules of `tokenizers`.

Paper     none; BERT's pairs are cut as its authors' code cut them, the longer text first
Tutorial  tutorials/02_batching.py
Tests     tests/text/test_truncation.py, tests/crosscheck/test_tokenizers.py

    longest_first   the longer text loses its end until both are equally long, then both lose theirs
    only_first      the first text alone loses its end
    only_second     the second text alone
"""

TRUNCATIONS = ("longest_first", "only_first", "only_second")


def kept_lengths(first: int, second: int, room: int, truncation: str) -> tuple[int, int]:
    """How many ids of each text are kept, `room` together; a text alone is a pair whose second text is empty.

    ValueError: no such rule, or the one text that may be cut would not be left with a single id.
    """
    check_truncation(truncation)
    surplus = first + second - room
    if surplus <= 0:
        return first, second
    if truncation == "longest_first":
        return longest_first(first, second, room)
    cut = first if truncation == "only_first" else second
    if cut <= surplus:
        raise ValueError(f"truncation={truncation!r}: {surplus} tokens too many, and that text has only {cut}")
    return (first - surplus, second) if truncation == "only_first" else (first, second - surplus)


def longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """(n, room − n) for the shorter text's n ids; where that is less than n for the longer one, half of the room each.

    With an odd room the longer text, or else the second, has the one id more.
    """
    shorter, longer = min(first, second), room - min(first, second)
    if longer < shorter:
        shorter, longer = room // 2, room - room // 2
    return (shorter, longer) if first <= second else (longer, shorter)


def check_truncation(truncation: str) -> None:
    if truncation not in TRUNCATIONS:
        raise ValueError(f"truncation={truncation!r} is not one of {', '.join(TRUNCATIONS)}")

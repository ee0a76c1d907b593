"""Where in a JSON file does each value begin and end? Found without building any of them, so that a file may be of any size.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/documents/test_json_values.py

JSON's brackets, quotes and commas are single bytes that no UTF-8 letter contains: bytes can be looked through as they are.
What lies between the brackets is checked when the value is read.
"""

import re
from collections.abc import Iterator
from mmap import mmap

TEXT = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
BRACKET = re.compile(rb'[^"\[\]{}]*(?:' + TEXT + rb'[^"\[\]{}]*)*[\[\]{}]', re.DOTALL)  # the next one outside of a text
SCALAR = re.compile(TEXT + rb'|[^\s",:\[\]{}]+', re.DOTALL)  # a text, a number, true, false or null
SPACE = re.compile(rb"[ \t\r\n]*")
Bytes = mmap | bytes


def value_end(data: Bytes, start: int) -> int:
    """The byte behind the value that begins at `start`: where its brackets are closed. ValueError: it has no end."""
    if data[start : start + 1] not in (b"[", b"{"):
        return end_of(SCALAR, data, start)
    depth, at = 1, start + 1
    while depth:
        at = end_of(BRACKET, data, at)
        depth += 1 if data[at - 1 : at] in (b"[", b"{") else -1
    return at


def end_of(pattern: re.Pattern[bytes], data: Bytes, start: int) -> int:
    found = pattern.match(data, start)
    if found is None:
        raise ValueError(f"is not whole JSON (what begins at byte {start} has no end)")
    return found.end()


def elements(data: Bytes, start: int) -> Iterator[tuple[int, int]]:
    """(first byte, byte behind it) of each element of the array whose `[` is at `start`."""
    at = after_space(data, start + 1)
    while data[at : at + 1] != b"]":
        end = value_end(data, at)
        yield at, end
        at = after_comma(data, end, b"]")


def members(data: Bytes, start: int) -> Iterator[tuple[bytes, int]]:
    """(key, first byte of its value) of each member of the object whose `{` is at `start`."""
    at = after_space(data, start + 1)
    while data[at : at + 1] != b"}":
        key_end = value_end(data, at)
        colon = after_space(data, key_end)
        if data[at : at + 1] != b'"' or data[colon : colon + 1] != b":":
            raise ValueError(f"is not JSON (no key and colon at byte {at})")
        value = after_space(data, colon + 1)
        yield data[at + 1 : key_end - 1], value
        at = after_comma(data, value_end(data, value), b"}")


def after_comma(data: Bytes, at: int, closing: bytes) -> int:
    """Where the next element begins, or the closing bracket stands."""
    at = after_space(data, at)
    if data[at : at + 1] == b",":
        at = after_space(data, at + 1)
        if data[at : at + 1] != closing:
            return at
    elif data[at : at + 1] == closing:
        return at
    raise ValueError(f"is not JSON (no comma or {closing.decode()} at byte {at})")


def after_space(data: Bytes, at: int) -> int:
    return end_of(SPACE, data, at)


def first_byte(data: Bytes) -> int:
    """Where the text begins, behind a byte order mark and white space."""
    return after_space(data, 3 if data[:3] == b"\xef\xbb\xbf" else 0)

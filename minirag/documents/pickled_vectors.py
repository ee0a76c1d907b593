"""How is a pickled list of (id, vector) read without running what is in it? By a machine that can call nothing.

Paper     DPR §4.1; the files that its authors' code writes, published as wikipedia_passages_0.pkl, …
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_pickled_vectors.py, tests/documents/test_fuzz.py

A pickle is a program for a machine with a stack, and may call any function of any module. This machine knows the instructions
that strings, numbers, tuples and one list are written with. Of a function it keeps the name, and admits those of NumPy's
arrays only; of a call it keeps the arguments. It imports nothing and calls nothing: what a file says of an array is looked at
here, and made a tensor. What the list gets is handed on at once and forgotten, so memory does not grow with the file.
"""

import pickletools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch
from jaxtyping import Float
from torch import Tensor

ARRAYS = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")  # NumPy 1, NumPy 2
BUFFERS = ("numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer")  # protocol 5
DTYPE = "numpy.dtype"
ADMITTED = {*ARRAYS, *BUFFERS, DTYPE, "numpy.ndarray"}
NUMBERS = {"f2": torch.float16, "f4": torch.float32, "f8": torch.float64}
LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
NEEDED = {
    *LITERALS,
    *CONSTANTS,
    *("PROTO", "FRAME", "STOP", "MARK", "EMPTY_LIST", "APPEND", "APPENDS", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("MEMOIZE", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"),
}
OPCODES = {code.code: code for code in pickletools.opcodes}
SHORT = 64  # bytes; longer ones are vectors, which nothing later refers to


@dataclass(frozen=True)
class Name:
    """Of a function or a class."""

    name: str


@dataclass(eq=False)
class Call:
    """What a file wants called, and what it wants done with the outcome. Neither is."""

    function: str
    arguments: tuple[Any, ...]
    state: Any = None


class Machine:
    """A stack, marks on it, and a memo of what the file refers back to."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.puts = 0
        self.the_list: list[Any] = []  # what it got since somebody looked

    def step(self, name: str, argument: Any) -> None:
        """One instruction. ValueError, IndexError, KeyError: one that does not fit what is there."""
        if name in LITERALS:
            self.stack.append(argument)
        elif name in ("MEMOIZE", "BINPUT", "LONG_BINPUT"):
            self.remember(self.puts if argument is None else argument)
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            self.stack.append(self.popped(int(name[-1])))
        elif name == "MARK":
            self.marks.append(len(self.stack))
        elif name in ("REDUCE", "BUILD"):
            self.call() if name == "REDUCE" else self.build()
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            self.stack.append(named(argument if name == "GLOBAL" else self.popped(2)))
        elif name in ("TUPLE", "APPENDS", "APPEND"):
            entries = self.popped(1 if name == "APPEND" else len(self.stack) - self.marks.pop())
            self.stack.append(entries) if name == "TUPLE" else self.append(entries)
        elif name == "EMPTY_LIST" and not self.stack and not self.puts:
            self.stack.append(self.the_list)
        elif name == "EMPTY_LIST":
            raise ValueError("holds a list within a list")

    def popped(self, count: int) -> tuple[Any, ...]:
        if not 0 <= count <= len(self.stack):
            raise ValueError("takes more than it gave")
        top = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        return top

    def remember(self, place: int) -> None:
        """All that is referred to by a later entry: names, strings, NumPy's kinds of numbers. Nothing as large as a vector."""
        self.puts += 1
        value = self.stack[-1]
        small = isinstance(value, str | bytes) and len(value) <= SHORT
        if small or isinstance(value, Name) or (isinstance(value, Call) and value.function == DTYPE):
            self.memo[place] = value

    def call(self) -> None:
        function, arguments = self.popped(2)
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise ValueError("calls what is no function")
        self.stack.append(Call(function.name, arguments))

    def build(self) -> None:
        made, state = self.popped(2)
        if not isinstance(made, Call):
            raise ValueError("changes what it did not make")
        made.state = state
        self.stack.append(made)

    def append(self, entries: tuple[Any, ...]) -> None:
        if len(self.stack) != 1 or self.stack[0] is not self.the_list:
            raise ValueError("holds a list within a list")
        self.the_list += entries

    def taken(self) -> list[Any]:
        """What the list got since the last time."""
        entries = self.the_list[:]
        self.the_list.clear()
        return entries


def named(words: tuple[Any, ...]) -> Name:
    if not all(isinstance(word, str) for word in words):
        raise ValueError("names a function by what is no text")
    name = ".".join(words)
    if name not in ADMITTED:
        raise ValueError(f"refused: it asks for {name:.80}, which is no part of a vector (nothing of it was run)")
    return Name(name)


def read_pickled_vectors(path: Path) -> Iterator[tuple[str, Float[Tensor, " D"]]]:
    """(id, vector) of each entry, in float32. ValueError names the file and what is wrong with it."""
    try:
        with open(path, "rb") as file:
            for number, entry in enumerate(entries_of(file), start=1):
                yield pair(entry, number)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (KeyError, IndexError, MemoryError, OverflowError, AttributeError) as error:
        raise ValueError(f"{path}: is no pickled list, or not all of one ({type(error).__name__})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {' '.join(str(error).split()):.160}") from None


def entries_of(file: IO[bytes]) -> Iterator[Any]:
    machine = Machine()
    for name, argument in instructions(file):
        machine.step(name, argument)
        if machine.the_list:
            yield from machine.taken()
    if machine.stack != [machine.the_list]:
        raise ValueError("is no pickled list")


def instructions(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """(name, argument) until STOP, as the standard library's table of instructions has them."""
    name = ""
    while name != "STOP":
        code = OPCODES.get(file.read(1).decode("latin-1"))
        if code is None:
            raise ValueError("is no pickle, or not all of one")
        name = code.name
        if name == "GLOBAL":
            yield name, (text_line(file), text_line(file))
        elif name in NEEDED:
            yield name, None if code.arg is None else code.arg.reader(file)
        else:
            raise ValueError(f"is no list of (id, vector): its instruction {name} is not needed for one")


def text_line(file: IO[bytes]) -> str:
    return file.readline().decode("utf-8").rstrip("\n")


def pair(entry: Any, number: int) -> tuple[str, Float[Tensor, " D"]]:
    """Behind id and vector, DPR's code may have put other things it knew of the passage; they are passed over."""
    match entry:
        case (str() | int() as name, Call() as array, *_):
            return str(name), array_vector(array, number)
    raise ValueError(f"entry {number} is no pair of an id and a vector")


def array_vector(array: Call, number: int) -> Float[Tensor, " D"]:
    match array:
        case Call(function, _, (_, (int(length),), Call(kind, (str(code), *_), (_, order, *_)), False, bytes(raw))):
            known = function in ARRAYS
        case Call(
            function, (bytes(raw) | bytearray(raw), Call(kind, (str(code), *_), (_, order, *_)), (int(length),), _)
        ):
            known = function in BUFFERS
        case _:
            known = False
    if not known or kind != DTYPE or code not in NUMBERS or order != "<":
        raise ValueError(f"entry {number}: its vector is no array of floating-point numbers in one dimension")
    dtype = NUMBERS[code]
    if length < 1 or length * dtype.itemsize != len(raw):
        raise ValueError(f"entry {number}: its vector has {len(raw)} bytes for {length} numbers")
    numbers = torch.frombuffer(bytearray(raw), dtype=dtype).float()
    if not numbers.isfinite().all():
        raise ValueError(f"entry {number}: its vector is not finite (NaN or infinity)")
    return numbers

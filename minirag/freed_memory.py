"""Where does memory go that a step has freed? It stays with the process, which needs it again in the next step.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/test_freed_memory.py

A training step frees what it held, gradients among it, and the next one asks for the same again: 700 MB at BART-base's and
DPR-base's size. glibc gives large pieces back to the system at once, and the system hands out empty ones page by page, 4 kB
each, every page cleared first. That is a tenth of a step, and a batch of passages that are encoded loses nearly as much. So
where a command computes for long, its process keeps what it has: its peak is reached again anyway.
"""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # glibc's numbers of the two settings (malloc.h)
LARGEST = 2**31 - 1  # bytes, of a C int


def keep_freed_memory() -> bool:
    """From now on, in this process. False where the C library is not glibc: nothing is changed."""
    if not sys.platform.startswith("linux") or not hasattr(library := ctypes.CDLL(None), "gnu_get_libc_version"):
        return False
    no_pieces_of_their_own = library.mallopt(MMAP_MAX, 0)
    stays = library.mallopt(TRIM_THRESHOLD, LARGEST)
    return bool(no_pieces_of_their_own and stays)

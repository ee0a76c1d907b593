"""Where does memory go that a batch has freed? It stays with the process, which needs it again for the next one.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/test_freed_memory.py

An encoder frees the states of a batch of passages, and asks for the same again. glibc gives large pieces back to the system at
once, and the system hands out empty ones page by page, 4 kB each, every page cleared first: a fourteenth of the time of
encoding with DPR-base on two cores. So where a command encodes for long, its process keeps what it has: its peak is reached
again anyway. Training does not ask for this: its pieces have many sizes, and what is kept of one fits no other. A step of
BART-base was 4 % faster, and its first one took 100 MB more.
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

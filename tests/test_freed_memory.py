"""Memory that was freed is used again, and not asked of the system a second time."""

import subprocess
import sys

import pytest

from minirag import freed_memory
from minirag.freed_memory import keep_freed_memory

COUNT = """
import resource, torch
from minirag.freed_memory import keep_freed_memory

def pages(numbers):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(numbers)  # freed at once
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

pages(50_000_000)  # 200 MB
again = pages(40_000_000)  # fits into what was freed
assert keep_freed_memory()
pages(50_000_000)  # 200 MB
print(again, pages(40_000_000))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc")
def test_the_pages_of_what_was_freed_are_not_asked_for_again():
    """A page has 4 kB; where the system hands out larger ones there are fewer, and still a hundred."""
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before >= 100 > 10 > after


def test_elsewhere_nothing_is_changed(monkeypatch):
    monkeypatch.setattr(freed_memory.sys, "platform", "darwin")
    monkeypatch.setattr(freed_memory.ctypes, "CDLL", lambda name: pytest.fail("asked"))
    assert keep_freed_memory() is False

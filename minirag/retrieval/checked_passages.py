"""Are these the passages that were written? A knowledge base's store, opened with its sidecar and nothing else.

Paper     RAG §4.5 (BM25 needs no vectors)
Tutorial  tutorials/08_passages_and_bm25.py
Tests     tests/retrieval/test_checked_passages.py

Words are searched for without vectors, so neither these nor torch are waited for.
"""

from pathlib import Path

from minirag.retrieval.passages import PassageStore
from minirag.retrieval.sidecar import PASSAGES, Sidecar, check_size, read_sidecar


def open_passages(folder: str | Path) -> PassageStore:
    """The passages of the knowledge base in `folder`. ValueError names the sidecar's or the passages' fault."""
    folder = Path(folder)
    sidecar = read_sidecar(folder)
    check_size(sidecar.path_of(folder, PASSAGES), PASSAGES, sidecar.files[PASSAGES])
    return checked_passages(folder, sidecar)


def checked_passages(folder: Path, sidecar: Sidecar) -> PassageStore:
    store = PassageStore.open(sidecar.path_of(folder, PASSAGES))
    if len(store) != sidecar.count:
        raise ValueError(f"{store.path}: holds {len(store)} passages, the sidecar says {sidecar.count}")
    return store

import pytest

from minirag.retrieval.checked_passages import open_passages
from tests.retrieval.small_bases import small_base, some_passages


def test_the_passages_are_opened_without_the_vectors(tmp_path):
    (small_base(tmp_path / "kb", 5).folder / "vectors.safetensors").unlink()
    assert list(open_passages(tmp_path / "kb")) == some_passages(5)


def test_other_passages_are_refused(tmp_path):
    folder = small_base(tmp_path / "kb", 5).folder
    changed = bytearray((folder / "passages.sqlite").read_bytes())
    changed[-1] ^= 1
    (folder / "passages.sqlite").write_bytes(changed)
    with pytest.raises(ValueError, match=r"passages\.sqlite: was changed after it was written"):
        open_passages(folder)
    (folder / "passages.sqlite").unlink()
    with pytest.raises(ValueError, match=r"passages\.sqlite: is missing"):
        open_passages(folder)
    with pytest.raises(ValueError, match="is not a knowledge base"):
        open_passages(tmp_path)

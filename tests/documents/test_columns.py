import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
import torch

from minirag.documents.reading import read_documents
from tests.documents.small_files import save_dataset

TEXTS = {"title": ["Iron", None, "Tin"], "text": ["A metal.", "Another.", "word " * 400]}
VECTORS = [[1.0, 2.0], [3.0, 4.5], [-1.0, 0.25]]


def written(folder, columns, **settings):
    parquet.write_table(arrow.table(columns), folder / "f.parquet", **settings)
    return folder / "f.parquet"


def test_a_row_is_a_document(tmp_path):
    found = list(read_documents([written(tmp_path, {**TEXTS, "id": [7, 8, 9], "more": [1, 2, 3]})]))
    assert [p.id for p in found] == ["7", "8", "9#1", "9#2", "9#3", "9#4"]
    assert [(p.title, p.text) for p in found[:2]] == [("Iron", "A metal."), ("", "Another.")]
    assert [(p.places[0].line, p.places[0].offset) for p in found[:4]] == [(1, 0), (2, 0), (3, 0), (3, 500)]


@pytest.mark.parametrize("number", [arrow.float16(), arrow.float32(), arrow.float64()])
@pytest.mark.parametrize("kind", ["list", "large_list", "fixed"])
def test_vectors_come_along_and_their_texts_stay_whole(tmp_path, kind, number):
    types = {"list": arrow.list_(number), "large_list": arrow.large_list(number), "fixed": arrow.list_(number, 2)}
    column = arrow.array(VECTORS, types[kind])
    found = list(read_documents([written(tmp_path, {**TEXTS, "embeddings": column})]))
    assert [p.text for p in found] == TEXTS["text"]
    assert torch.equal(torch.stack([p.vector for p in found]), torch.tensor(VECTORS))


def test_a_large_file_is_read_in_batches_that_join(tmp_path):
    column = arrow.array([[float(row)] for row in range(2500)], arrow.list_(arrow.float32()))
    columns = {"text": [f"t{row}" for row in range(2500)], "vector": column}
    found = list(read_documents([written(tmp_path, columns, row_group_size=700)]))
    assert [p.text for p in found] == columns["text"]
    assert [float(p.vector) for p in found] == list(range(2500))
    assert [p.places[0].line for p in found] == list(range(1, 2501))


def test_a_folder_that_datasets_saved_is_read_as_one_and_so_are_those_of_a_dictionary(tmp_path):
    column = arrow.array(VECTORS, arrow.list_(arrow.float32()))
    table = arrow.table({**TEXTS, "embeddings": column})
    folder = save_dataset(tmp_path / "all" / "train", [table.slice(0, 2), table.slice(2)])
    (tmp_path / "all" / "dataset_dict.json").write_text('{"splits": ["train"]}')
    alone, below = list(read_documents([folder])), list(read_documents([tmp_path / "all"]))
    assert alone == below
    assert [p.text for p in alone] == TEXTS["text"]
    assert [p.places[0].line for p in alone] == [1, 2, 3]
    assert torch.equal(torch.stack([p.vector for p in alone]), torch.tensor(VECTORS))


def floats(*vectors):
    return arrow.array(vectors, arrow.list_(arrow.float32()))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"body text": ["a"]}, r": has no column 'text' \(its columns: body text\)$"),
        ({"text": ["a", None]}, r":2: 'text' is not text but None$"),
        ({"text": [1]}, r":1: 'text' is not text but 1$"),
        ({"text": arrow.array([], arrow.string())}, r": holds no passages$"),
        ({"text": ["a", "b"], "embeddings": floats([1.0], None)}, r":2: its vector has no numbers$"),
        ({"text": ["a", "b"], "embeddings": floats([1.0], [1.0, 2.0])}, r":2: its vector has 2 numbers$"),
        ({"text": ["a", "b"], "embeddings": floats([1.0], [float("nan")])}, r":2: its vector is not finite"),
        ({"text": ["a"], "embeddings": floats([None])}, r":1: a vector here, or soon after, has a number missing$"),
        ({"text": ["a"], "embeddings": ["x"]}, r": its column of vectors is of type string"),
    ],
)
def test_a_fault_is_one_line_with_file_and_row(tmp_path, columns, message):
    with pytest.raises(ValueError, match=r"f\.parquet" + message) as caught:
        list(read_documents([written(tmp_path, columns)]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("contents", [b"", b"PAR1", b"no parquet at all"])
def test_what_is_no_parquet_file_is_named(tmp_path, contents):
    (tmp_path / "f.parquet").write_bytes(contents)
    with pytest.raises(ValueError, match=r"f\.parquet: cannot be read"):
        list(read_documents([tmp_path / "f.parquet"]))


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"_data_files": None}, r"state\.json: does not list the files"),
        (
            {"_data_files": [{"filename": "../other.arrow"}]},
            r"state\.json: lists '../other.arrow', which is no file of",
        ),
        ({"_data_files": [{"filename": "gone.arrow"}]}, r"gone\.arrow: cannot be read"),
        ({"_indices_data_files": [{"filename": "i"}]}, r"only some of its rows are meant; call flatten_indices\(\)"),
    ],
)
def test_a_folder_of_datasets_that_is_not_whole_is_named(tmp_path, state, message):
    folder = save_dataset(tmp_path / "set", [arrow.table(TEXTS)], **state)
    with pytest.raises(ValueError, match=message):
        list(read_documents([folder]))


@pytest.mark.parametrize(
    ("name", "needed"),
    [("f.parquet", "pyarrow"), ("f.pdf", "pypdf"), ("f.html", "selectolax"), ("f.htm", "selectolax")],
)
def test_a_missing_library_is_one_line_that_names_the_extra(tmp_path, monkeypatch, name, needed):
    def absent(module):
        raise ImportError(module)

    monkeypatch.setattr("minirag.documents.document.import_module", absent)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ValueError, match=rf"{name}: reading it needs {needed}: pip install 'minirag\[documents\]'$"):
        list(read_documents([tmp_path / name]))

"""Questions and answers as two files of lines: line n of train.target answers line n of train.source.

Paper     none: the layout of fine-tuning scripts, RAG's own among them
Tutorial  tutorials/17_training_rag.py
Tests     tests/questions/test_source_target.py
"""

from array import array
from pathlib import Path

from minirag.questions.question import Question
from minirag.questions.sequence import Progress, Questions
from minirag.questions.stored_file import StoredFile


def open_source_target(path: Path, progress: Progress | None = None) -> Questions:
    """`path`: as in `pair_of_files`. ValueError names file and line, or both files where one is longer."""
    pair = pair_of_files(path)
    if pair is None:
        raise ValueError(f"{path}: no {path.name}.source with a {path.name}.target, and no such folder")
    source, target = StoredFile(pair[0]), StoredFile(pair[1])
    asked, answered = line_ends(source), line_ends(target)
    if len(asked) != len(answered):
        raise ValueError(f"{pair[0]} has {len(asked) - 1:,} lines, {pair[1]} has {len(answered) - 1:,} lines")

    def read(index: int) -> Question:
        return Question(line_of(source, asked, index), (line_of(target, answered, index),))

    return Questions(pair[0], read, len(asked) - 1, progress=progress)


def pair_of_files(path: Path) -> tuple[Path, Path] | None:
    """data/train (train.source and train.target), one of the two files, or a folder that holds train.source."""
    if path.is_dir():
        path = path / "train"
    packed = ".gz" if path.suffix == ".gz" else ""
    start = path.with_suffix("") if packed else path
    if start.suffix in (".source", ".target"):
        start = start.with_suffix("")
    pair = (start.with_name(f"{start.name}.source{packed}"), start.with_name(f"{start.name}.target{packed}"))
    return pair if all(file.is_file() for file in pair) else None


def line_ends(file: StoredFile) -> array:
    """0, then the byte behind each line."""
    return array("Q", [0, *(start + len(line) for _, start, line in file.lines())])


def line_of(file: StoredFile, ends: array, index: int) -> str:
    text = file.text(ends[index], ends[index + 1], index + 1).strip()
    if not text:
        raise ValueError(f"{file.path}:{index + 1}: the line is empty")
    return text

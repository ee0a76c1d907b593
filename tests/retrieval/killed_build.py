"""What a process does that is killed: it builds a knowledge base of 600 passages, or changes one, in very small steps."""

import os
import time
from pathlib import Path

import torch

from minirag.retrieval import building, hnsw_index, vectors_step
from minirag.retrieval.construction import build_knowledge_base, update_knowledge_base
from minirag.retrieval.passage import Passage, Place
from tests.retrieval.small_bases import FINGERPRINT, encode_long

COUNT, FIRST_CHANGED = 600, 450


def passages(first=0, text="passage"):
    for row in range(first, COUNT):
        source = "old.jsonl" if row < FIRST_CHANGED else "changed.jsonl"
        yield Passage(f"p{row}", f"Title {row}", f"The text of {text} number {row}.", (Place(source, line=row + 1),))


def slowly(batch):
    time.sleep(0.001)
    return encode_long(batch)


def work(folder: Path, job: str) -> None:
    """`new`, or `change`: a quarter of the passages say something else, so that the graph is changed and not built anew.

    int8 has more that can be half done than other vectors: scales, and a trial of what they find. Long ones have axes too.
    """
    torch.set_num_threads(1)
    building.SORTED_TOGETHER = vectors_step.SORTED_TOGETHER = 32
    hnsw_index.CHECKPOINT = 150
    settings = {"index": "hnsw", "batch_size": 8, "resume_as": "the documents of this test"}
    if job == "new":
        build_knowledge_base(folder, passages(), slowly, FINGERPRINT, "int8", **settings)
        return
    now = passages(FIRST_CHANGED, "another passage")
    update_knowledge_base(folder, lambda source: source == "changed.jsonl", now, slowly, FINGERPRINT, **settings)


def child(folder: Path, job: str) -> None:
    os.setpgrp()
    work(folder, job)

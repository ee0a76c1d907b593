"""DPR encoding: the vectors of N passages of mixed lengths, ten to one, given as token ids.

minirag encodes as `minirag index` does: passages sorted by length, in its batches, freed memory kept. transformers encodes as
its documentation does, in the given order, each batch padded to its longest, in batches of a size that suits it.
"""

import torch
from torch import Tensor

from benchmarks.inputs import passage_rows
from benchmarks.job import OURS, THEIRS, Case, Job, Prepared, same_numbers, weight_bytes
from benchmarks.sizes import part_folder, silence
from minirag.freed_memory import keep_freed_memory
from minirag.model.checkpoint import load_network
from minirag.model.dpr import DPRContextEncoder
from minirag.retrieval.building import BATCH, encoded_batches, in_batches
from minirag.retrieval.passages import Passage
from minirag.text.batching import pad_ids

THEIR_BATCH = {"cpu": 8, "cuda": 64}  # more passages are padded more: 32 take a sixth longer


def ours(case: Case) -> Prepared:
    keep_freed_memory()
    encoder = load_network(DPRContextEncoder, part_folder(case.size, "context")).to(case.device)
    passages = [Passage("", "", " ".join(map(str, row))) for row in passage_rows(case)]

    def encode(batch: list[Passage]) -> Tensor:
        rows = [[int(number) for number in passage.text.split()] for passage in batch]
        padded = pad_ids(rows, encoder.config.pad_token_id)
        return encoder(padded.input_ids.to(case.device), padded.attention_mask.to(case.device)).pooler_output

    size = BATCH[torch.device(case.device).type]
    return Prepared(lambda: torch.cat(list(encoded_batches(passages, encode, size, report))), weight_bytes(encoder))


def report(done: int) -> None:
    """Nobody watches."""


def theirs(case: Case) -> Prepared:
    import transformers

    silence()
    folder = part_folder(case.size, "context")
    encoder = transformers.DPRContextEncoder.from_pretrained(folder).eval().to(case.device)
    rows, size = passage_rows(case), THEIR_BATCH[torch.device(case.device).type]

    @torch.no_grad()
    def run() -> Tensor:
        batches = [pad_ids(batch, encoder.config.pad_token_id) for batch in in_batches(rows, size)]
        given = [(each.input_ids.to(case.device), each.attention_mask.long().to(case.device)) for each in batches]
        return torch.cat([encoder(*batch).pooler_output for batch in given])

    return Prepared(run, weight_bytes(encoder))


ENCODING = Job("DPR encoding, mixed lengths", {OURS: ours, THEIRS: theirs}, same_numbers)

"""Which passages of all shards are the best? Each shard finds its own best k; among these are the best k of all.

Paper     RAG §2.2 (maximum inner product search)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/cluster/test_sharded_knowledge_base.py

A retriever cannot tell it from a KnowledgeBase. Every shard must answer: a process that died is started again and opens its
folder once more, and the question waits for it; where that cannot be, or takes too long, the question fails and says which
shard. There is never a result of fewer shards.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from minirag.cluster.engine import PATIENCE, answer_of, start_processes
from minirag.cluster.shards import read_shards
from minirag.retrieval.exact_index import check_search
from minirag.retrieval.filters import ALL, Only
from minirag.retrieval.fusion import Ranked, Search
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import Passage
from minirag.retrieval.searching import EncodeQuestions, vector_search
from minirag.retrieval.sidecar import Sidecar


class ShardServer:
    """Runs in a process of its own, and holds one shard."""

    def __init__(self, folder: Path, sidecar: Sidecar) -> None:
        self.folder, self.sidecar = folder, sidecar

    @cached_property
    def base(self) -> KnowledgeBase:
        """Opened with the first request, so that a request tells what is wrong; and again with the next, if it was."""
        base = KnowledgeBase.open(self.folder)
        if base.sidecar != self.sidecar:  # its rows would be other passages
            raise ValueError(f"{self.folder}: was exchanged since the shards were opened; open them again")
        return base

    def ranked(self, queries: Float[Tensor, "Q D"], k: int, kind: str, only: Only) -> list[Ranked]:
        search = vector_search(self.base, kind, lambda questions: queries, only)
        return search([""] * len(queries), min(k, len(self.base)))

    def vectors(self, rows: list[int]) -> Float32[Tensor, "n D"]:
        return self.base.vectors_of(torch.tensor(rows))

    def passages(self, rows: list[int]) -> list[Passage]:
        return self.base.store.get(rows)


class ShardedKnowledgeBase:
    """Open one with `ShardedKnowledgeBase.open(folder)`. It stays as it was opened, or says that it cannot."""

    def __init__(self, folder: Path, folders: Sequence[Path], sidecars: Sequence[Sidecar], patience: float) -> None:
        self.folder, self.folders, self.sidecars, self.patience = folder, list(folders), list(sidecars), patience
        self.offsets = [0, *accumulate(sidecar.count for sidecar in sidecars)]
        self.servers = start_processes(ShardServer, list(zip(folders, sidecars, strict=True)))

    @classmethod
    def open(
        cls, folder: str | Path, fingerprint: str | None = None, patience: float = PATIENCE
    ) -> "ShardedKnowledgeBase":
        """ValueError: a shard that does not open, or that another context encoder made than the one with `fingerprint`.

        patience: seconds that a request may take, the new start of a process included; OSError names the shard after that.
        """
        folders, sidecars = read_shards(Path(folder))
        if fingerprint is not None and fingerprint != sidecars[0].fingerprint:
            made, own = sidecars[0].fingerprint[:12], fingerprint[:12]
            raise ValueError(
                f"{folders[0]}: the vectors were made by another context encoder"
                f" (fingerprint {made!r}, this model's is {own!r})"
            )
        base = cls(Path(folder), [place.resolve() for place in folders], sidecars, patience)
        base.ask({n: ("passages", [0]) for n in range(len(folders))})  # all are up, and open
        return base

    def ask(self, requests: dict[int, tuple[Any, ...]]) -> dict[int, Any]:
        """shard → (method, arguments …): all at once; every one must answer."""
        under_way = {n: getattr(self.servers[n], method).remote(*given) for n, (method, *given) in requests.items()}
        named = {n: f"shard {n} ({self.folders[n]})" for n in under_way}
        return {n: answer_of(request, named[n], self.patience) for n, request in under_way.items()}

    def ranked(self, queries: Float[Tensor, "Q D"], k: int, kind: str | None = None, only: Only = ALL) -> list[Ranked]:
        """For each question the best k of (row, score) of all shards. kind: "exact" or "hnsw"; None: each shard's own."""
        check_search(queries, self.sidecars[0].dimension, k)
        kinds = [kind or sidecar.index["kind"] for sidecar in self.sidecars]
        for folder, own, sidecar in zip(self.folders, kinds, self.sidecars, strict=True):
            if own not in ("exact", sidecar.index["kind"]):
                raise ValueError(f"{folder}: has no {own} index (a shard can be searched exactly, or by its own graph)")
        asked = queries.detach().float().cpu()
        found = self.ask({n: ("ranked", asked, k, own, only) for n, own in enumerate(kinds)})
        return [
            merged([found[n][question] for n in range(len(kinds))], self.offsets, k) for question in range(len(queries))
        ]

    def search(self, queries: Float[Tensor, "Q D"], k: int) -> tuple[Float32[Tensor, "Q k"], Int[Tensor, "Q k"]]:
        """top-k over z of d(z)ᵀq: scores, best first, and rows. k is at most N."""
        best = self.ranked(queries, k)
        rows = torch.tensor([[row for row, _ in one] for one in best], dtype=torch.long)
        scores = torch.tensor([[score for _, score in one] for one in best], dtype=torch.float32)
        return scores.to(queries.device), rows.to(queries.device)

    def vectors_of(self, rows: Int[Tensor, "B K"]) -> Float32[Tensor, "B K D"]:
        """d(z) as stored, in float32, on the device of `rows`."""
        found = self.of_rows("vectors", rows.flatten().tolist())
        return torch.stack(found).view(*rows.shape, -1).to(rows.device)

    def passages_of(self, rows: Int[Tensor, "B K"]) -> list[list[Passage]]:
        found = iter(self.get(rows.flatten().tolist()))
        return [[next(found) for _ in row] for row in rows.tolist()]

    def get(self, rows: Sequence[int]) -> list[Passage]:
        """One passage per row, in the order asked for."""
        return self.of_rows("passages", rows)

    def of_rows(self, method: str, rows: Sequence[int]) -> list[Any]:
        """What the shards have for these rows, in their order."""
        by_shard: dict[int, list[int]] = {}
        for row in rows:
            if not 0 <= row < len(self):
                raise ValueError(f"{self.folder}: no passage in row {row} (rows 0 to {len(self) - 1})")
            by_shard.setdefault(next(n for n, end in enumerate(self.offsets[1:]) if row < end), []).append(row)
        answers = self.ask({n: (method, [row - self.offsets[n] for row in own]) for n, own in by_shard.items()})
        at = {row: item for n, own in by_shard.items() for row, item in zip(own, answers[n], strict=True)}
        return [at[row] for row in rows]

    def __len__(self) -> int:
        return self.offsets[-1]

    def save(self, folder: str | Path, overwrite: bool = False) -> None:
        raise ValueError(f"{self.folder}: an index in shards is not copied into a model's folder; keep its own")


def merged(found: Sequence[Ranked], offsets: Sequence[int], k: int) -> Ranked:
    """The best k of all shards' (row in the shard, score); of equal scores the one with the smaller row first."""
    every = [(offset + row, score) for offset, own in zip(offsets, found, strict=False) for row, score in own]
    return sorted(every, key=lambda of: (-of[1], of[0]))[:k]


def sharded_search(base: ShardedKnowledgeBase, kind: str | None, encode: EncodeQuestions, only: Only = ALL) -> Search:
    """questions, k → for each question at most k (row, score), best first; see retrieval/searching.py.

    ValueError: bm25 or hybrid, for every shard counts its own words and scores of two shards could not be compared.
    """
    if kind in ("bm25", "hybrid"):
        raise ValueError(
            f"{base.folder}: index {kind!r} is not for shards (each counts its own words); search by vectors"
        )

    def search(questions: Sequence[str], k: int) -> list[Ranked]:
        with torch.no_grad():
            return base.ranked(encode(questions), k, kind, only)

    return search

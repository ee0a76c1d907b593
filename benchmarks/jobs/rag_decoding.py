"""RAG-Token greedily and with W beams, RAG-Sequence thorough with W beams per passage; contexts are given, not retrieved.

Both are called by `generate` with the same contexts, mask and scores. transformers' RAG-Sequence is told about padding
(models.py). No answer begins with <s> and each has two tokens at least, so that its score is the definition's (deviations
1 and 22). Its `generate` takes the number of passages from the config only (deviation 3), so that is where it is said.

`padded`: who does not give contexts but lets them be retrieved has them padded by the library: minirag to the longest there is,
transformers to 300 (deviation 27). Elsewhere both sides get the contexts of minirag.
"""

from collections.abc import Callable, Mapping
from functools import partial

from benchmarks.inputs import as_their_retriever_pads, sources
from benchmarks.job import OURS, THEIRS, Case, Job, Prepared, same_tokens, weight_bytes
from benchmarks.jobs.answers import lengths, written
from benchmarks.models import our_rag, their_rag


def ours(variant: str, case: Case) -> Prepared:
    model = our_rag(variant, case)
    generate = partial(model.generate, **sources(case), num_beams=case.beams, **lengths(case))
    return Prepared(lambda: written(generate()), weight_bytes(model))


def theirs(variant: str, padded: bool, case: Case) -> Prepared:
    model = their_rag(variant, case)
    given = as_their_retriever_pads(sources(case)) if padded else sources(case)
    generate = partial(model.generate, **given, num_beams=case.beams, **lengths(case))
    return Prepared(lambda: written(generate()), weight_bytes(model))


def sides(variant: str, padded: bool = False) -> Mapping[str, Callable[[Case], Prepared]]:
    return {OURS: partial(ours, variant), THEIRS: partial(theirs, variant, padded)}


TOKEN_GREEDY = Job("RAG-Token, greedy", sides("token"), same_tokens, {"beams": 1})
TOKEN_BEAMS = Job("RAG-Token, 4 beams", sides("token"), same_tokens)
SEQUENCE_THOROUGH = Job("RAG-Sequence thorough, 4 beams", sides("sequence"), same_tokens)
TOKEN_PADDED = Job("RAG-Token, 4 beams, each as its retriever pads", sides("token", True), same_tokens)
SEQUENCE_PADDED = Job(
    "RAG-Sequence thorough, 4 beams, each as its retriever pads", sides("sequence", True), same_tokens
)

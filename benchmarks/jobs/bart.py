"""BART alone: an answer of T tokens to one source per question, greedily and with W beams."""

from functools import partial
from typing import Any

from benchmarks.inputs import bart_sources
from benchmarks.job import OURS, THEIRS, Case, Job, Prepared, same_tokens, weight_bytes
from benchmarks.jobs.answers import lengths, written
from benchmarks.models import our_bart, their_bart
from minirag.decoding.bart import bart_generate


def ours(case: Case) -> Prepared:
    model, (ids, real) = our_bart(case), bart_sources(case)

    def run() -> list[list[int]]:
        found = bart_generate(model, ids, real, num_beams=case.beams, **lengths(case))
        return [hypotheses[0].tokens for hypotheses in found]

    return Prepared(run, weight_bytes(model))


def theirs(case: Case) -> Prepared:
    model, (ids, real) = their_bart(case), bart_sources(case)
    generate: Any = partial(model.generate, ids, attention_mask=real.long(), num_beams=case.beams, **lengths(case))
    return Prepared(lambda: written(generate()), weight_bytes(model))


SIDES = {OURS: ours, THEIRS: theirs}
GREEDY = Job("BART, greedy", SIDES, same_tokens, {"beams": 1})
BEAMS = Job("BART, 4 beams", SIDES, same_tokens)

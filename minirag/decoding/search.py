"""Which search do the options ask for? Beams, the most likely token each time, or a draw.

Paper     RAG §2.5, App. A
Tutorial  tutorials/13_beam_search.py
Tests     tests/decoding/test_bart_generate.py, tests/crosscheck/test_decoding.py
"""

import torch

from minirag.decoding.beam_search import Hypothesis, Step, beam_search
from minirag.decoding.greedy import greedy_search
from minirag.decoding.sampling import sample
from minirag.decoding.search_options import SearchOptions


def search(
    step: Step, batch_size: int, options: SearchOptions, device: torch.device | str | None = None
) -> list[list[Hypothesis]]:
    """num_return_sequences answers of each question. `step` is asked for options.width prefixes of each."""
    if options.do_sample:
        return sample(step, batch_size, options, device)
    if options.num_beams == 1:
        return greedy_search(step, batch_size, options, device)
    return beam_search(step, batch_size, options, device)

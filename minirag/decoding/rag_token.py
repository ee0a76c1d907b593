"""How does RAG-Token write an answer? By any ordinary search, over a next-token distribution mixed from all passages.

Paper     RAG §2.5 (RAG-Token)
Tutorial  tutorials/14_rag_token_decoding.py
Tests     tests/decoding/test_rag_token.py, tests/crosscheck/test_decoding.py

Axes: B questions, K passages, W beams, t tokens so far, S source tokens.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.decoding.bart import bart_step
from minirag.decoding.beam_search import Hypothesis, LeavingStep, Step
from minirag.decoding.search import search
from minirag.decoding.search_options import SearchOptions
from minirag.likelihood import next_token_mixture
from minirag.model.bart import BartForConditionalGeneration


def rag_token_step(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "BK S D"],
    encoder_mask: Bool[Tensor, "BK S"],
    doc_logprobs: Float[Tensor, "B K"],
    num_beams: int,
    use_cache: bool = True,
) -> Step:
    """step(prefixes)[b, w, v] = log Σ_z p(z|x) p(v|x,z,prefix): every passage reads the same W prefixes (RAG §2.5).

    Rows of `encoder_hidden` are ordered by question, then passage. What a missing passage's rows hold does not matter.
    """
    K, prior = doc_logprobs.shape[1], doc_logprobs
    passage_step = bart_step(generator, encoder_hidden, encoder_mask, num_beams, use_cache)

    def step(prefixes: Int[Tensor, "B W t"], parents: Int[Tensor, "B W"] | None) -> Float[Tensor, "B W V"]:
        parents_of_passages = None if parents is None else parents.repeat_interleave(K, dim=0)
        per_passage = passage_step(prefixes.repeat_interleave(K, dim=0), parents_of_passages)  # (B*K, W, V)
        return next_token_mixture(prior, per_passage.unflatten(0, prior.shape))

    if not isinstance(passage_step, LeavingStep):
        return step
    keep_passages = passage_step.keep

    def keep(questions: Int[Tensor, " b"]) -> None:
        nonlocal prior
        prior = prior[questions]
        keep_passages((K * questions[:, None] + torch.arange(K, device=questions.device)).flatten())

    return LeavingStep(step, keep)


@torch.no_grad()
def rag_token_decode(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "BK S D"],
    encoder_mask: Bool[Tensor, "BK S"],
    doc_logprobs: Float[Tensor, "B K"],
    options: SearchOptions,
    use_cache: bool = True,
) -> list[list[Hypothesis]]:
    """argmax_y Π_t Σ_z p(z|x) p(y_t|x,z,y_<t) / n ** length_penalty: each question's answers, best first.

    With do_sample they are drawn from it instead. A hypothesis' `logprob` is the RAG-Token log-likelihood of its tokens.
    """
    step = rag_token_step(generator, encoder_hidden, encoder_mask, doc_logprobs, options.width, use_cache)
    return search(step, doc_logprobs.shape[0], options, encoder_hidden.device)

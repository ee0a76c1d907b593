"""RAG-Sequence's thorough decoding as it is written down: every candidate read by itself under every passage, not cleverly.

What minirag.decoding.rag_sequence.thorough does with trees, cached keys and bounds has to come to the same.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from minirag.decoding.rag_sequence import Candidate, candidates_per_passage, proposed_answers, rank
from minirag.likelihood import gather_token_logprobs, rag_sequence_logprob
from minirag.model.bart import BartForConditionalGeneration
from minirag.text.batching import pad_ids


@torch.no_grad()
def plain_thorough(
    generator, encoder_hidden, encoder_mask, prior, options, do_deduplication=True
) -> list[list[Candidate]]:
    found = candidates_per_passage(generator, encoder_hidden, encoder_mask, prior, options)
    hidden, mask = (rows.unflatten(0, prior.shape) for rows in (encoder_hidden, encoder_mask))
    ranked = []
    for b, beams in enumerate(found):
        answers = proposed_answers(beams, do_deduplication)
        table, token_mask = score_answers(generator, hidden[b], mask[b], answers, options.pad_token_id)
        logprobs = rag_sequence_logprob(prior[b].expand(len(answers), -1), table, token_mask)
        ranked.append(rank(answers, logprobs.tolist(), options.num_return_sequences))
    return ranked


def score_answers(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "K S D"],
    encoder_mask: Bool[Tensor, "K S"],
    answers: list[list[int]],
    pad_token_id: int,
) -> tuple[Float[Tensor, "C K T"], Bool[Tensor, "C T"]]:
    """table[c, k, t] = log p(y_t | x, z_k, y_<t) of answer c, by teacher forcing; and which of its T tokens are real.

    One passage at a time: all of them at once would need K times the memory for the logits.
    """
    padded = pad_ids(answers, pad_token_id)
    ids, mask = padded.input_ids.to(encoder_hidden.device), padded.attention_mask.to(encoder_hidden.device)
    rows = []
    for hidden, source_mask in zip(encoder_hidden, encoder_mask, strict=True):
        C = len(answers)
        logits = generator.decode(ids[:, :-1], hidden.expand(C, -1, -1), source_mask.expand(C, -1)).logits  # (C, T, V)
        rows.append(gather_token_logprobs(logits[:, None], ids[:, 1:])[:, 0])
    return torch.stack(rows, dim=1), mask[:, 1:]

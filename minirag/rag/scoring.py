"""Which tokens are scored, and against which logits? The `labels` convention, stated once.

Paper     RAG §2.4 (minimise −log p(y|x))
Tutorial  tutorials/12_rag_model.py
Tests     tests/test_rag.py, tests/crosscheck/test_rag.py

`labels` start with the decoder's first input token. They are the decoder's input (−100 read as padding), and
`labels[:, 1:]` is scored, each token once; −100 and padding are not. So logits[:, t] meet labels[:, t + 1].

Axes: B questions, K passages, R = B·K rows, T label tokens, V vocabulary.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

IGNORED = -100


def decoder_inputs(
    labels: Int[Tensor, "B T"] | None, decoder_input_ids: Int[Tensor, "B T2"] | None, pad: int
) -> Int[Tensor, "B T3"] | None:
    """What the decoder reads. ValueError where labels and decoder_input_ids are both given and disagree."""
    if labels is None:
        return decoder_input_ids
    if labels.shape[1] < 2:
        raise ValueError(f"labels of length {labels.shape[1]}: the first is the decoder's first input, none is left")
    if decoder_input_ids is None:
        return labels.masked_fill(labels == IGNORED, pad)
    same = decoder_input_ids.shape == labels.shape
    if not same or not torch.equal(decoder_input_ids[labels != IGNORED], labels[labels != IGNORED]):
        raise ValueError("labels and decoder_input_ids disagree: labels are the decoder's input, give one of them")
    return decoder_input_ids


def scored_tokens(
    labels: Int[Tensor, "B T"], pad: int, excluded_first: int | None = None
) -> tuple[Int[Tensor, "B T-1"], Bool[Tensor, "B T-1"]]:
    """(targets, mask). A row whose first target is `excluded_first` (bos) does not score it, whatever other rows do.

    transformers looks whether *every* row of the batch starts with bos, so a row's loss depends on its neighbours
    (deviation 9, pinned by test_excluding_bos_is_decided_row_by_row).
    """
    targets = labels[:, 1:]
    mask = (targets != IGNORED) & (targets != pad)
    if excluded_first is not None:
        mask = torch.cat([mask[:, :1] & (targets[:, :1] != excluded_first), mask[:, 1:]], dim=1)
    return targets, mask


def target_logits(seq_logits: Float[Tensor, "R T V"], doc_scores: Float[Tensor, "B K"]) -> Float[Tensor, "B K T-1 V"]:
    """The last position predicts what follows the answer: nothing is there to score."""
    return seq_logits.unflatten(0, doc_scores.shape)[:, :, :-1]


def next_logprobs(logits: Float[Tensor, "B K T V"]) -> Float[Tensor, "B K T V"]:
    """log p(v|x,z,y_<t), in float32 or wider."""
    return logits.log_softmax(dim=-1, dtype=torch.promote_types(logits.dtype, torch.float32))


def check_n_docs(n_docs: int | None, doc_scores: Float[Tensor, "B K"]) -> None:
    if n_docs is not None and n_docs != doc_scores.shape[1]:
        raise ValueError(f"n_docs={n_docs}, but doc_scores hold {doc_scores.shape[1]} passages per question")

"""Which tokens are scored, and against which logits? The `labels` convention, stated once.

Paper     RAG §2.4 (minimise −log p(y|x))
Tutorial  tutorials/12_rag_model.py
Tests     tests/rag/test_scoring.py, tests/crosscheck/test_rag_calls.py

`labels` start with the decoder's first input token. They are the decoder's input (−100 read as padding), and
`labels[:, 1:]` is scored, each token once; −100 and padding are not. So logits[:, t] meet labels[:, t + 1].

Axes: B questions, K passages, R = B·K rows, T label tokens, V vocabulary.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.configuration import BartConfig, RagConfig
from minirag.rag.checks import check_ids, check_same_n_docs

IGNORED = -100


def decoder_inputs(
    labels: Int[Tensor, "B T"] | None, decoder_input_ids: Int[Tensor, "B T2"] | None, config: BartConfig
) -> Int[Tensor, "B T3"] | None:
    """What the decoder reads. ValueError where labels and decoder_input_ids are both given and disagree."""
    if labels is None:
        return decoder_input_ids
    check_ids("labels", labels, config.vocab_size, ignored=IGNORED)
    if labels.shape[1] < 2:
        raise ValueError(f"labels of length {labels.shape[1]}: the first is the decoder's first input, none is left")
    if decoder_input_ids is None:
        return labels.masked_fill(labels == IGNORED, config.pad_token_id)
    check_ids("decoder_input_ids", decoder_input_ids, config.vocab_size)
    same = decoder_input_ids.shape == labels.shape
    if not same or not torch.equal(decoder_input_ids[labels != IGNORED], labels[labels != IGNORED]):
        raise ValueError("labels and decoder_input_ids disagree: labels are the decoder's input, give one of them")
    return decoder_input_ids


def scored_tokens(
    labels: Int[Tensor, "B T"], pad: int, excluded_first: int | None = None
) -> tuple[Int[Tensor, "B T-1"], Bool[Tensor, "B T-1"]]:
    """(targets, mask). A row whose first target is `excluded_first` (bos) does not score it, whatever other rows do.

    transformers looks whether *every* row of the batch starts with bos, so a row's loss depends on its neighbours
    (deviation 9, pinned by test_excluding_bos_is_decided_row_by_row), and smooths over the bos all the same (deviation 26).
    """
    targets = labels[:, 1:]
    mask = (targets != IGNORED) & (targets != pad)
    if excluded_first is not None:
        mask = torch.cat([mask[:, :1] & (targets[:, :1] != excluded_first), mask[:, 1:]], dim=1)
    return targets, mask


def per_passage(
    seq_logits: Float[Tensor, "R T V"], doc_scores: Float[Tensor, "B K"], n_docs: int | None
) -> Float[Tensor, "B K T V"]:
    """The rows of one question together. ValueError where they are not B·K, or K is not n_docs."""
    check_same_n_docs(n_docs, doc_scores)
    if len(seq_logits) != doc_scores.numel():
        raise ValueError(f"seq_logits have {len(seq_logits)} rows for doc_scores of shape {list(doc_scores.shape)}")
    return seq_logits.unflatten(0, doc_scores.shape)


def loss_settings(config: RagConfig, reduce_loss: bool | None, label_smoothing: float | None) -> dict[str, Any]:
    """Two arguments of `get_nll`, as given or as the config says. ValueError where ε is not in [0, 1)."""
    epsilon = config.label_smoothing if label_smoothing is None else label_smoothing
    if not 0.0 <= epsilon < 1.0:
        raise ValueError(f"label_smoothing={epsilon} is not in [0, 1)")
    return {"reduce_loss": config.reduce_loss if reduce_loss is None else reduce_loss, "epsilon": epsilon}


def next_logprobs(logits: Float[Tensor, "B K T V"]) -> Float[Tensor, "B K T V"]:
    """log p(v|x,z,y_<t), in float32 or wider."""
    return logits.log_softmax(dim=-1, dtype=torch.promote_types(logits.dtype, torch.float32))

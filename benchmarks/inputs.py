"""What do both sides read? Random ids of mixed lengths: the longest has `case.length` tokens, the others half or more."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import pad

from benchmarks.job import Case
from benchmarks.sizes import PAD, SIZES

FIRST_WORD, START, QUESTION = 4, 2, 20  # ids below are special; BART's decoder starts with </s>; tokens of a question
BERT_VOCABULARY, BART_VOCABULARY = 30522, 50265
MAX_COMBINED_LENGTH = 300  # of the published RAG configurations


def vocabularies(size: str) -> tuple[int, int]:
    """(DPR's, BART's)."""
    chosen = SIZES[size]
    return chosen.dpr.get("vocab_size", BERT_VOCABULARY), chosen.bart.get("vocab_size", BART_VOCABULARY)


def mixed_lengths(rows: int, longest: int, random: torch.Generator) -> Tensor:
    """Half of the longest, up to the longest, which one has."""
    lengths = torch.randint((longest + 1) // 2, longest + 1, (rows,), generator=random)
    lengths[0] = longest
    return lengths


def ragged_ids(rows: int, longest: int, vocabulary: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Ids (rows, longest) with padding behind, and which are real."""
    real = torch.arange(longest)[None] < mixed_lengths(rows, longest, random)[:, None]
    ids = torch.randint(FIRST_WORD, vocabulary, (rows, longest), generator=random)
    return ids.masked_fill(~real, PAD), real


def sources(case: Case) -> dict[str, Tensor]:
    """B·K passages with their questions as the generator reads them, and scores that differ by a few nats."""
    random = torch.Generator().manual_seed(0)
    ids, real = ragged_ids(case.questions * case.passages, case.length, vocabularies(case.size)[1], random)
    scores = torch.randn(case.questions, case.passages, generator=random)
    given = {"context_input_ids": ids, "context_attention_mask": real.long(), "doc_scores": scores}
    return on(case.device, given)


def as_their_retriever_pads(given: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same contexts as transformers' retriever hands them over: all as long as the longest may be (deviation 27)."""
    more = (0, MAX_COMBINED_LENGTH - given["context_input_ids"].shape[1])
    ids = pad(given["context_input_ids"], more, value=PAD)
    return given | {"context_input_ids": ids, "context_attention_mask": pad(given["context_attention_mask"], more)}


def bart_sources(case: Case) -> tuple[Tensor, Tensor]:
    """BART alone reads one source for each question."""
    random = torch.Generator().manual_seed(0)
    ids, real = ragged_ids(case.questions, case.length, vocabularies(case.size)[1], random)
    return ids.to(case.device), real.to(case.device)


def training_batch(case: Case) -> dict[str, Tensor]:
    """Questions, their passages with vectors of length about 1, and answers of mixed lengths behind the start token."""
    random = torch.Generator().manual_seed(1)
    vocabulary, generators = vocabularies(case.size)
    width = SIZES[case.size].dpr.get("hidden_size", 768)
    answers, _ = ragged_ids(case.questions, case.tokens, generators, random)
    start = torch.full((case.questions, 1), START)
    batch = {
        "questions": torch.randint(FIRST_WORD, vocabulary, (case.questions, QUESTION), generator=random),
        "vectors": torch.randn(case.questions, case.passages, width, generator=random) / width**0.5,
        "labels": torch.cat([start, answers], dim=1),
    }
    return on(case.device, batch) | sources(case)


def passage_rows(case: Case) -> list[list[int]]:
    """N passages, the longest of `case.length` tokens, the shortest of a tenth: encyclopaedias have both."""
    random = torch.Generator().manual_seed(2)
    lengths = torch.randint(max(2, case.length // 10), case.length + 1, (case.rows,), generator=random)
    vocabulary = vocabularies(case.size)[0]
    return [torch.randint(FIRST_WORD, vocabulary, (n,), generator=random).tolist() for n in lengths.tolist()]


def on(device: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.to(device) for name, tensor in tensors.items()}

"""Does decoding choose transformers 5.23.0's tokens? Tiny random models, the same weights on both sides.

Every case compares all returned sequences of a batch of questions with sources of different lengths. Left out are the
places where transformers is known to be wrong, all in RAG-Sequence: answers of one token (the prior is lost), generated
padding and a leading bos (they are not scored), and the padding of sources (candidates attend to it; pinned below).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory

import pytest
import torch
from torch import Tensor

from minirag.decoding.bart import bart_step
from minirag.decoding.beam_search import beam_search
from minirag.decoding.greedy import greedy_search
from minirag.decoding.rag_sequence import thorough
from minirag.decoding.rag_token import rag_token_decode, rag_token_step
from minirag.decoding.search_options import SearchOptions
from minirag.likelihood import doc_logprobs
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import load_network

transformers = pytest.importorskip("transformers")

BOS, PAD, EOS, FORCED = 0, 1, 2, 7
V, QUESTIONS, PASSAGES, LONGEST_SOURCE = 40, 3, 4, 9
SEEDS = range(3)

GREEDY = [
    {},
    {"min_length": 6},
    {"forced_bos_token_id": FORCED, "forced_eos_token_id": EOS},
    {"max_length": 2},
]
BEAMS = [
    {"num_beams": 4, "early_stopping": early, "length_penalty": penalty}
    for early in (False, True)
    for penalty in (0.5, 1.0, 2.0)
] + [
    {"num_beams": 4, "length_penalty": -1.0},
    {"num_beams": 4, "min_length": 6},
    {"num_beams": 4, "forced_bos_token_id": FORCED},
    {"num_beams": 4, "forced_eos_token_id": EOS, "max_length": 5},
    {
        "num_beams": 4,
        "forced_bos_token_id": FORCED,
        "forced_eos_token_id": EOS,
        "min_length": 4,
        "early_stopping": True,
    },
    {"num_beams": 2, "max_length": 2},
    {"num_beams": 8, "max_length": 16},
]


def name(settings: dict) -> str:
    return "-".join(f"{key}={value}" for key, value in settings.items()) or "plain"


EVERY_SETTING = pytest.mark.parametrize("settings", GREEDY + BEAMS, ids=name)
EVERY_MODEL = pytest.mark.parametrize("seed", SEEDS)


@dataclass(frozen=True)
class Pair:
    """One network, theirs and ours, and sources for it."""

    theirs: "transformers.BartForConditionalGeneration"
    ours: BartForConditionalGeneration
    input_ids: Tensor  # (B*K, S)
    mask: Tensor  # (B*K, S)
    doc_scores: Tensor  # (B, K)

    def encoded(self, rows: slice = slice(None)) -> tuple[Tensor, Tensor]:
        return self.ours.encode(self.input_ids[rows], self.mask[rows]).last_hidden_state, self.mask[rows]


def tiny_pair(seed: int) -> Pair:
    """Weights far from uniform, so that no two tokens tie; eos likely enough for answers of every length."""
    torch.manual_seed(seed)
    shape = {
        "vocab_size": V,
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 2,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 4,
        "encoder_ffn_dim": 24,
        "decoder_ffn_dim": 24,
        "max_position_embeddings": 32,
        "init_std": 0.3,
        "forced_eos_token_id": None,
    }
    theirs = transformers.BartForConditionalGeneration(transformers.BartConfig(**shape)).eval()
    theirs.final_logits_bias.normal_(std=0.5)
    theirs.final_logits_bias[0, EOS] += 1.5 + seed
    with TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        ours = load_network(BartForConditionalGeneration, folder).eval()
    rows = QUESTIONS * PASSAGES
    mask = torch.arange(LONGEST_SOURCE)[None] < torch.randint(2, LONGEST_SOURCE + 1, (rows, 1))
    mask[0] = True
    input_ids = torch.randint(3, V, (rows, LONGEST_SOURCE)).masked_fill(~mask, PAD)
    return Pair(theirs, ours, input_ids, mask, 2.0 * torch.randn(QUESTIONS, PASSAGES))


def search_options(settings: dict, **more) -> SearchOptions:
    settings = {"max_length": 12, **settings, **more}
    return SearchOptions(decoder_start_token_id=EOS, eos_token_id=EOS, pad_token_id=PAD, **settings)


def their_sequences(ids: Tensor, per_question: int) -> list[list[list[int]]]:
    """Their padded rows as lists, without what follows the first eos behind the start."""
    rows = [row[: row.index(EOS, 1) + 1] if EOS in row[1:] else row for row in ids.tolist()]
    return [rows[i : i + per_question] for i in range(0, len(rows), per_question)]


def rag(network, pair: Pair):
    """Their RAG class around the pair's generator; its question encoder is never asked."""
    encoder = transformers.DPRConfig(
        vocab_size=8, hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4
    )
    config = transformers.RagConfig.from_question_encoder_generator_configs(
        encoder, pair.theirs.config, n_docs=PASSAGES, bos_token_id=BOS, pad_token_id=PAD, eos_token_id=EOS,
        decoder_start_token_id=EOS,
    )  # fmt: skip
    return network(config, transformers.DPRQuestionEncoder(encoder), pair.theirs).eval()


def tokens_of(found) -> list[list[list[int]]]:
    return [[answer.tokens for answer in answers] for answers in found]


@EVERY_MODEL
@EVERY_SETTING
def test_bart_writes_the_same_tokens(settings, seed):
    pair = tiny_pair(seed)
    wanted = settings.get("num_beams", 1)
    search = search_options(settings, num_return_sequences=wanted)
    theirs = pair.theirs.generate(
        pair.input_ids,
        attention_mask=pair.mask.long(),
        do_sample=False,
        **{"max_length": 12, **settings, "num_return_sequences": wanted},
    )
    rows = len(pair.input_ids)
    with torch.no_grad():
        ours = beam_search(bart_step(pair.ours, *pair.encoded(), search.num_beams), rows, search)
        if search.num_beams == 1:
            greedy = greedy_search(bart_step(pair.ours, *pair.encoded(), 1), rows, search)
            assert tokens_of(greedy) == tokens_of(ours)
    assert tokens_of(ours) == their_sequences(theirs, wanted)


@EVERY_MODEL
@EVERY_SETTING
def test_rag_token_writes_the_same_tokens(settings, seed):
    pair = tiny_pair(seed)
    wanted = settings.get("num_beams", 1)
    search = search_options(settings, num_return_sequences=wanted)
    theirs = rag(transformers.RagTokenForGeneration, pair).generate(
        context_input_ids=pair.input_ids,
        context_attention_mask=pair.mask.long(),
        doc_scores=pair.doc_scores,
        n_docs=PASSAGES,
        do_sample=False,
        **{"max_length": 12, **settings, "num_return_sequences": wanted},
    )
    prior = doc_logprobs(pair.doc_scores)
    with torch.no_grad():
        ours = rag_token_decode(pair.ours, *pair.encoded(), prior, search)
        if search.num_beams == 1:
            greedy = greedy_search(rag_token_step(pair.ours, *pair.encoded(), prior, 1), QUESTIONS, search)
            assert tokens_of(greedy) == tokens_of(ours)
    assert tokens_of(ours) == their_sequences(theirs, wanted)


def rag_sequence_pair(seed: int) -> Pair:
    """One that generates neither padding nor bos."""
    pair = tiny_pair(seed)
    pair.theirs.final_logits_bias[0, [BOS, PAD]] = -1e4
    pair.ours.logits_bias[0, [BOS, PAD]] = -1e4
    return pair


def with_source_mask(generate: Callable) -> Callable:
    """Their `generate` with the mask that their RAG-Sequence forgets to hand it."""
    return lambda ids, **settings: generate(ids, **{**settings, "attention_mask": ids.ne(PAD).long()})


@EVERY_MODEL
@EVERY_SETTING
def test_thorough_rag_sequence_writes_the_same_tokens(settings, seed):
    pair = rag_sequence_pair(seed)
    pair.theirs.generate = with_source_mask(pair.theirs.generate)
    settings = {"max_length": 12, **settings}
    settings["max_length"] = max(settings["max_length"], 3)
    settings["min_length"] = max(settings.get("min_length", 0), 2)
    wanted = settings.get("num_beams", 1)
    assert our_thorough(pair, settings, wanted) == their_thorough(pair, settings, wanted)


def their_thorough(pair: Pair, settings: dict, wanted: int) -> list[list[list[int]]]:
    network = rag(transformers.RagSequenceForGeneration, pair)
    ids = network.generate(
        context_input_ids=pair.input_ids,
        context_attention_mask=pair.mask.long(),
        doc_scores=pair.doc_scores,
        n_docs=PASSAGES,
        do_sample=False,
        **{**settings, "num_return_sequences": wanted},
    )
    return their_sequences(ids, wanted)


def our_thorough(pair: Pair, settings: dict, wanted: int) -> list[list[list[int]]]:
    search = search_options(settings, num_return_sequences=wanted)
    with torch.no_grad():
        return tokens_of(thorough(pair.ours, *pair.encoded(), doc_logprobs(pair.doc_scores), search))


@EVERY_MODEL
def test_thorough_rag_sequence_writes_the_same_tokens_as_it_is_where_no_source_is_padded(seed):
    pair = rag_sequence_pair(seed)
    ids = torch.randint(3, V, pair.input_ids.shape)
    pair = replace(pair, input_ids=ids, mask=torch.ones_like(ids, dtype=torch.bool))
    settings = {"num_beams": 4, "max_length": 10, "min_length": 2}
    assert our_thorough(pair, settings, 4) == their_thorough(pair, settings, 4)


def test_more_padding_behind_the_sources_changes_their_rag_sequence_answers_and_not_ours():
    """Their candidates come from a generator that is not told what is padding, and 5.23.0 no longer infers it."""
    pair = rag_sequence_pair(seed=0)
    rows = len(pair.input_ids)
    padded = replace(
        pair,
        input_ids=torch.cat([pair.input_ids, torch.full((rows, 8), PAD)], dim=1),
        mask=torch.cat([pair.mask, torch.zeros(rows, 8, dtype=torch.bool)], dim=1),
    )
    settings = {"num_beams": 4, "max_length": 10, "min_length": 2}
    assert our_thorough(padded, settings, 4) == our_thorough(pair, settings, 4)
    assert their_thorough(padded, settings, 4) != their_thorough(pair, settings, 4)

"""Which networks make the vectors? Two encoders, or one for both sides; from random weights, or from a published encoder.

Paper     DPR §3.1 (two encoders), §4.2; RAG §2.2; Reimers & Gurevych 2019, §3 (one encoder, cosines)
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_towers.py

    OUT/question_encoder/   q(x), with its tokenizer
    OUT/ctx_encoder/        d(z), with its tokenizer

One encoder for both matches a name in the question with the same name in a passage from the first step on, and needs half
the memory; RAG parts them later, for it trains the question's side only.
"""

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from minirag.configuration import BertConfig
from minirag.model.checkpoint import load_network, save_network, with_settings
from minirag.model.config_files import CONFIG
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.retrieval.whole_folder import whole_folder
from minirag.text.tokenizers import Tokenizer
from minirag.training.dpr.bag_of_words import start_as_bag_of_words
from minirag.training.initialise import initialise_small

QUESTION_ENCODER, CONTEXT_ENCODER = "question_encoder", "ctx_encoder"
UNIT_SCALE = 20.0  # 1 / temperature for cosines


class Towers(nn.Module):
    """q(x) = scale · encoder(x), d(z) = encoder(z): with its own question encoder, or with the context encoder for both."""

    def __init__(
        self, ctx_encoder: DPRContextEncoder, question_encoder: DPRQuestionEncoder | None = None, scale: float = 1.0
    ) -> None:
        super().__init__()
        self.ctx_encoder = ctx_encoder
        self.question_encoder = question_encoder
        self.scale = scale

    def question_vectors(
        self, input_ids: Int[Tensor, "B S"], attention_mask: Bool[Tensor, "B S"]
    ) -> Float[Tensor, "B D"]:
        encoder = self.ctx_encoder if self.question_encoder is None else self.question_encoder
        return self.scale * encoder(input_ids, attention_mask).pooler_output

    def passage_vectors(
        self, input_ids: Int[Tensor, "N S"], attention_mask: Bool[Tensor, "N S"]
    ) -> Float[Tensor, "N D"]:
        vectors: Float[Tensor, "N D"] = self.ctx_encoder(input_ids, attention_mask).pooler_output
        return vectors


def new_towers(
    config: BertConfig, towers: int = 1, scale: float = 1.0, seed: int = 0, idf: Float[Tensor, " V"] | None = None
) -> Towers:
    """From random weights; with `idf`, as a bag of words that is weighted by it (bag_of_words.py).

    Two towers begin as copies of each other: two strangers would first have to learn to agree.
    """
    torch.manual_seed(seed)
    encoder = DPRContextEncoder(config)
    initialise_small(encoder)
    if idf is not None:
        start_as_bag_of_words(encoder.ctx_encoder.bert, idf)
    return Towers(encoder, None if towers == 1 else question_encoder_of(encoder), scale)


def question_encoder_of(context_encoder: DPRContextEncoder) -> DPRQuestionEncoder:
    """A question encoder that starts as a copy of the other tower."""
    encoder = DPRQuestionEncoder(context_encoder.config)
    encoder.question_encoder.load_state_dict(context_encoder.ctx_encoder.state_dict())
    return encoder.train(context_encoder.training)


def save_towers(model: Towers, tokenizer: Tokenizer, out: str | Path) -> None:
    """Both encoders, each with its tokenizer; the folder appears whole or not at all. `scale` goes into the config of q."""
    own = question_encoder_of(model.ctx_encoder) if model.question_encoder is None else model.question_encoder
    question_encoder = with_settings(own, {"scale": model.scale * own.config.scale})
    with whole_folder(Path(out)) as unfinished:
        save_network(question_encoder, unfinished / QUESTION_ENCODER)
        save_network(model.ctx_encoder, unfinished / CONTEXT_ENCODER)
        for name in (QUESTION_ENCODER, CONTEXT_ENCODER):
            tokenizer.save_pretrained(unfinished / name)


def is_pair(folder: Path) -> bool:
    """Is it what `save_towers` writes, and not a whole RAG model?"""
    both = (QUESTION_ENCODER, CONTEXT_ENCODER)
    return not (folder / CONFIG).exists() and all((folder / name / CONFIG).is_file() for name in both)


def open_towers(
    folder: str | Path, towers: int = 1, scale: float | None = None, fixed: bool = False, **settings: Any
) -> tuple[Towers, Tokenizer]:
    """From a folder of `save_towers`, or from any single encoder: DPR, BERT, sentence-transformers.

    scale: as the folder says, else 20 for unit vectors (a temperature of 0.05) and 1 for others. settings replace those of
    the config (a plain BERT says nothing of pooling); with `fixed` the context encoder's stay, as its base needs them.
    ValueError: two towers that were trained apart do not become one.
    """
    folder = Path(folder)
    place = folder / CONTEXT_ENCODER if is_pair(folder) else folder
    encoder, tokenizer = load_network(DPRContextEncoder, place), Tokenizer.from_pretrained(place)
    encoder = encoder if fixed else with_settings(encoder, settings)
    if is_pair(folder):
        asked = load_network(DPRQuestionEncoder, folder / QUESTION_ENCODER)
        said = asked.config.scale / encoder.config.scale
    else:
        asked, said = question_encoder_of(encoder), UNIT_SCALE if encoder.config.normalize else 1.0
    if towers == 1 and not same_weights(asked, encoder):
        raise ValueError(f"{folder}: holds two encoders that differ; train them on with two towers")
    own = None if towers == 1 else with_settings(asked, {**settings, "scale": encoder.config.scale})
    return Towers(encoder, own, said if scale is None else scale), tokenizer


def same_weights(one: DPRQuestionEncoder, other: DPRContextEncoder) -> bool:
    mine, its = one.question_encoder.state_dict(), other.ctx_encoder.state_dict()
    return mine.keys() == its.keys() and all(torch.equal(mine[name], its[name]) for name in mine)

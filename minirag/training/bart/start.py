"""With which weights and which vocabulary does a generator begin? Random ones of a given size, or another generator's.

Paper     Lewis et al. 2019 (BART), §2.1 (the architecture); RAG §2.3 (any encoder-decoder could be the generator)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/bart/test_start.py
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from minirag.configuration import BartConfig
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import load_network, with_settings
from minirag.model.config_files import read_config
from minirag.rag.folder import holds_tokenizer, read_networks, read_rag_config
from minirag.text.rag_tokenizer import GENERATOR_FOLDER
from minirag.text.tokenizers import Tokenizer
from minirag.training.initialise import initialise_small
from minirag.training.texts import Texts
from minirag.training.vocabulary import train_byte_level

POSITIONS = 512


def open_generator(folder: Path, dropout: float | None = None) -> tuple[BartForConditionalGeneration, Tokenizer]:
    """Of a BART folder, or of a RAG folder: its generator, with its tokenizer. dropout: None leaves the folder's."""
    settings = read_config(folder)
    if settings.get("model_type") == "rag":
        _, generator = read_networks(folder, read_rag_config(folder, settings))
        place = folder / GENERATOR_FOLDER
    else:
        generator, place = load_network(BartForConditionalGeneration, folder), folder
    if not place.is_dir() or not holds_tokenizer(place):
        raise ValueError(f"{place}: holds no tokenizer")
    if dropout is not None and dropout != generator.config.dropout:
        generator = with_settings(generator, {"dropout": dropout})
    return generator.eval(), Tokenizer.from_pretrained(place)


def new_generator(
    vocab_size: int, layers: tuple[int, int], width: int, heads: int, dropout: float, seed: int
) -> BartForConditionalGeneration:
    """Random weights (initialise.py). It starts with <s>: an answer `<s> … </s>` is decoder input and labels at once."""
    config = BartConfig(
        vocab_size=vocab_size,
        d_model=width,
        encoder_layers=layers[0],
        decoder_layers=layers[1],
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
        max_position_embeddings=POSITIONS,
        dropout=dropout,
        decoder_start_token_id=0,
        max_length=40,
        length_penalty=0.0,  # answers are ranked by their probability, whatever their length
    )
    torch.manual_seed(seed)
    generator = BartForConditionalGeneration(config)
    initialise_small(generator)
    return generator


def learned_vocabulary(texts: Texts, size: int) -> Tokenizer:
    """A byte-level vocabulary of `size` tokens, learned from the texts as they are read."""
    return train_byte_level((f"{text.title} / {text.text}" for text in texts), size)


def read_layers(text: str) -> tuple[int, int]:
    """`3,2` → 3 layers of the encoder, 2 of the decoder."""
    numbers: Sequence[str] = text.split(",")
    if len(numbers) != 2 or not all(number.strip().isdigit() and int(number) > 0 for number in numbers):
        raise ValueError(f"layers {text!r}: two numbers are needed, of the encoder and of the decoder: 3,2")
    return int(numbers[0]), int(numbers[1])

"""What was the demo trained with? Sizes, steps and seeds in one place, and the networks of each stage.

Paper     DPR §4.2, BART §2, RAG §2.4
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/demo/test_stages.py
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from minirag.configuration import BartConfig, BertConfig
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.text.rag_tokenizer import RagTokenizer
from minirag.training.checkpoints import set_weights
from minirag.training.initialise import initialise_small
from minirag.training.run_folder import RunFolder, trained_weights
from minirag.training.settings import LoopSettings

Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Recipe:
    """Sizes and steps of the committed demo. entities: per DPR batch (two passages each) and per RAG world."""

    width: int = 192
    heads: int = 6
    dpr_layers: int = 2
    encoder_layers: int = 3
    decoder_layers: int = 2
    seed: int = 0
    dpr_entities: int = 48
    bart_batch: int = 48
    rag_batch: int = 12
    rag_entities: int = 300
    rag_world_steps: int = 100
    n_docs: int = 5
    dpr: LoopSettings = field(default_factory=lambda: LoopSettings(steps=2400, decay_from=0.3))
    bart: LoopSettings = field(
        default_factory=lambda: LoopSettings(steps=7500, learning_rate=1.5e-3, warmup_steps=200, decay_from=0.6)
    )
    polish: LoopSettings = field(
        default_factory=lambda: LoopSettings(steps=800, learning_rate=5e-4, warmup_steps=50, checkpoint_every=200)
    )
    rag: LoopSettings = field(
        default_factory=lambda: LoopSettings(steps=200, learning_rate=2e-5, warmup_steps=20, checkpoint_every=100)
    )

    def encoder_config(self, vocab_size: int) -> BertConfig:
        return BertConfig(
            vocab_size=vocab_size,
            hidden_size=self.width,
            num_hidden_layers=self.dpr_layers,
            num_attention_heads=self.heads,
            intermediate_size=4 * self.width,
            max_position_embeddings=256,
            hidden_dropout_prob=0.0,  # no example is ever seen twice
            attention_probs_dropout_prob=0.0,
        )

    def generator_config(self, vocab_size: int) -> BartConfig:
        """decoder_start is <s>: a tokenized answer `<s> … </s>` is then decoder input and labels at once."""
        return BartConfig(
            vocab_size=vocab_size,
            d_model=self.width,
            encoder_layers=self.encoder_layers,
            decoder_layers=self.decoder_layers,
            encoder_attention_heads=self.heads,
            decoder_attention_heads=self.heads,
            encoder_ffn_dim=4 * self.width,
            decoder_ffn_dim=4 * self.width,
            max_position_embeddings=512,
            dropout=0.0,
            decoder_start_token_id=0,
            max_length=40,
            length_penalty=0.0,  # answers are ranked by their probability, whatever their length
        )


def new_encoder(recipe: Recipe, tokenizer: RagTokenizer) -> DPRContextEncoder:
    torch.manual_seed(recipe.seed)
    encoder = DPRContextEncoder(recipe.encoder_config(tokenizer.question_encoder.vocab_size))
    initialise_small(encoder)
    return encoder


def new_generator(recipe: Recipe, tokenizer: RagTokenizer) -> BartForConditionalGeneration:
    torch.manual_seed(recipe.seed)
    generator = BartForConditionalGeneration(recipe.generator_config(tokenizer.generator.vocab_size))
    initialise_small(generator)
    return generator


def trained_context_encoder(recipe: Recipe, tokenizer: RagTokenizer, work: Path) -> DPRContextEncoder:
    """Stage 1's result, rounded to float16 as it will be stored: the index is made by these very numbers."""
    encoder = load_trained(new_encoder(recipe, tokenizer), work / "dpr")
    return encoder.half().float().eval()


def trained_together(question_encoder: DPRQuestionEncoder, generator: BartForConditionalGeneration) -> nn.ModuleDict:
    """The two networks that RAG trains, under the names its checkpoint has."""
    return nn.ModuleDict({"question_encoder": question_encoder, "generator": generator})


def load_trained(model: Model, stage: Path) -> Model:
    """The weights of a finished stage."""
    run = RunFolder(stage)
    if not run.checkpoint.exists():
        raise ValueError(f"{stage}: this stage comes before, and has not been run")
    set_weights(model, trained_weights(run), run.checkpoint)
    return model

"""What shape is each network, and how are they joined? The published `config.json` files as frozen dataclasses.

Paper     DPR §3.1 (BERT base), BART §2 (base and large), RAG §2.2-2.3 (which of them are used)
Tutorial  tutorials/07_checkpoints.py
Tests     tests/test_configuration.py

The field names are those of the published files, so that one loads as it is. Three kinds of keys are told apart: fields
of the dataclass are used; settings that would change the numbers and that this code cannot honour are refused by name
(settings.py); everything else (generic bookkeeping of the library that wrote it) is passed over.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from minirag.settings import (
    ACTIVATIONS,
    REFUSED_BART,
    REFUSED_BERT,
    REFUSED_RAG,
    check_choice,
    check_divides,
    check_positive,
    known_settings,
)


@dataclass(frozen=True)
class BertConfig:
    """A BERT-style encoder: plain BERT, or one of the two DPR encoders (`projection_dim` 0: no projection).

    `pooling` and `normalize` are DPR's own ("cls", False) unless sentence-transformers' files say otherwise. The vector is
    multiplied by `scale` at last: 1 / temperature in a question encoder makes cosine / temperature of an inner product.
    """

    vocab_size: int = 30522
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    pad_token_id: int = 0
    projection_dim: int = 0
    pooling: str = "cls"
    normalize: bool = False
    scale: float = 1.0
    model_type: str = "dpr"

    def __post_init__(self) -> None:
        check_choice("hidden_act", self.hidden_act, ACTIVATIONS)
        check_choice("pooling", self.pooling, ("cls", "mean"))
        check_choice("model_type", self.model_type, ("dpr", "bert"))
        check_divides("num_attention_heads", self.num_attention_heads, "hidden_size", self.hidden_size)
        for name in (
            "vocab_size",
            "num_hidden_layers",
            "intermediate_size",
            "max_position_embeddings",
            "type_vocab_size",
        ):
            check_positive(name, getattr(self, name))
        if not 0.0 < self.scale < float("inf"):
            raise ValueError(f"config: scale={self.scale} must be positive")

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> "BertConfig":
        """From a parsed `config.json`. ValueError names a setting that cannot be honoured."""
        return cls(**known_settings(cls, settings, REFUSED_BERT))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class BartConfig:
    """A BART encoder-decoder. The defaults are BART large; the special ids are BART's own (<s> 0, <pad> 1, </s> 2)."""

    vocab_size: int = 50265
    d_model: int = 1024
    encoder_layers: int = 12
    decoder_layers: int = 12
    encoder_attention_heads: int = 16
    decoder_attention_heads: int = 16
    encoder_ffn_dim: int = 4096
    decoder_ffn_dim: int = 4096
    activation_function: str = "gelu"
    dropout: float = 0.1
    attention_dropout: float = 0.0
    activation_dropout: float = 0.0
    max_position_embeddings: int = 1024
    init_std: float = 0.02
    scale_embedding: bool = False
    bos_token_id: int = 0
    pad_token_id: int = 1
    eos_token_id: int = 2
    decoder_start_token_id: int = 2
    forced_bos_token_id: int | None = None
    forced_eos_token_id: int | None = None
    num_beams: int = 1  # how to decode, from here on, unless the caller says otherwise: see decoding/search_options.py
    num_return_sequences: int = 1
    max_length: int = 20
    max_new_tokens: int | None = None
    min_length: int = 0
    length_penalty: float = 1.0
    early_stopping: bool | str = False
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    bad_words_ids: list[list[int]] | None = None
    do_sample: bool = False
    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 1.0
    model_type: str = "bart"

    def __post_init__(self) -> None:
        check_choice("activation_function", self.activation_function, ACTIVATIONS)
        check_choice("model_type", self.model_type, ("bart",))
        check_choice("early_stopping", self.early_stopping, (True, False, "never"))
        check_divides("encoder_attention_heads", self.encoder_attention_heads, "d_model", self.d_model)
        check_divides("decoder_attention_heads", self.decoder_attention_heads, "d_model", self.d_model)
        for name in ("vocab_size", "encoder_layers", "decoder_layers", "encoder_ffn_dim", "decoder_ffn_dim"):
            check_positive(name, getattr(self, name))

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> "BartConfig":
        """From a parsed `config.json`. ValueError names a setting that cannot be honoured.

        A file that says nothing about a forced last token means </s>: BART was published so, and transformers reads it so.
        """
        return cls(**known_settings(cls, {"forced_eos_token_id": cls.eos_token_id, **settings}, REFUSED_BART))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class RagConfig:
    """Question encoder and generator, and how passages reach the generator (RAG §2)."""

    question_encoder: BertConfig = field(default_factory=BertConfig)
    generator: BartConfig = field(default_factory=BartConfig)
    prefix: str | None = None
    title_sep: str = " / "
    doc_sep: str = " // "
    n_docs: int = 5
    max_combined_length: int = 300
    retrieval_vector_size: int = 768
    retrieval_batch_size: int = 8
    dataset: str = "wiki_dpr"
    dataset_split: str = "train"
    index_name: str = "compressed"
    index_path: str | None = None
    passages_path: str | None = None
    use_dummy_dataset: bool = False
    reduce_loss: bool = False
    label_smoothing: float = 0.0
    do_deduplication: bool = True
    exclude_bos_score: bool = False
    do_marginalize: bool = False
    output_retrieved: bool = False
    use_cache: bool = True
    bos_token_id: int | None = None
    pad_token_id: int | None = None
    eos_token_id: int | None = None
    decoder_start_token_id: int | None = None
    forced_eos_token_id: int | None = None
    model_type: str = "rag"

    def __post_init__(self) -> None:
        check_choice("model_type", self.model_type, ("rag",))
        check_positive("n_docs", self.n_docs)
        check_positive("max_combined_length", self.max_combined_length)
        if not 0.0 <= self.label_smoothing < 1.0:
            raise ValueError(f"config: label_smoothing={self.label_smoothing} is not in [0, 1)")

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> "RagConfig":
        """From a parsed `config.json`. ValueError names a setting that cannot be honoured, or a part that is missing."""
        known = known_settings(cls, settings, REFUSED_RAG)
        for part, config_class in (("question_encoder", BertConfig), ("generator", BartConfig)):
            if not isinstance(known.get(part), dict):
                raise ValueError(f"config: a RAG model needs the settings of its {part}")
            known[part] = config_class.from_dict(known[part])
        return cls(**known)

    @classmethod
    def from_question_encoder_generator_configs(
        cls, question_encoder: BertConfig, generator: BartConfig, **settings: Any
    ) -> "RagConfig":
        """Join two configs; the special ids are the generator's unless given."""
        ids = {
            name: getattr(generator, name)
            for name in (
                "bos_token_id",
                "pad_token_id",
                "eos_token_id",
                "decoder_start_token_id",
                "forced_eos_token_id",
            )
        }
        size = question_encoder.projection_dim or question_encoder.hidden_size
        return cls(question_encoder, generator, **{"retrieval_vector_size": size, **ids, **settings})

    def with_settings(self, **settings: Any) -> "RagConfig":
        return replace(self, **settings)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

"""DPR base, BART base and BART large: what differs from the defaults of transformers' configurations."""

BERT_BASE: dict[str, int] = {}
BART_LARGE: dict[str, int] = {}
BART_BASE = {
    "d_model": 768,
    "encoder_layers": 6,
    "decoder_layers": 6,
    "encoder_attention_heads": 12,
    "decoder_attention_heads": 12,
    "encoder_ffn_dim": 3072,
    "decoder_ffn_dim": 3072,
}
# Deviation of the random weights: what published configurations start from. With 0.04 the states of a 12-layer BERT become
# alike, the gradients of its last queries and keys fall to 10⁻⁶, and of those rounding alone would be left to compare.
STD = 0.02

"""Which jobs are there? Each file of this folder makes some; what is listed here can be asked for by name."""

from benchmarks.job import Job
from benchmarks.jobs import bart, encoding, fast, half_precision, opening, rag_decoding, search, training

JOBS: dict[str, Job] = {
    "dpr_encoding": encoding.ENCODING,
    "bart_greedy": bart.GREEDY,
    "bart_beams": bart.BEAMS,
    "rag_token_greedy": rag_decoding.TOKEN_GREEDY,
    "rag_token_beams": rag_decoding.TOKEN_BEAMS,
    "rag_sequence_thorough": rag_decoding.SEQUENCE_THOROUGH,
    "rag_token_beams_padded": rag_decoding.TOKEN_PADDED,
    "rag_sequence_thorough_padded": rag_decoding.SEQUENCE_PADDED,
    "rag_sequence_fast": fast.FAST,
    "rag_token_bf16": half_precision.TOKEN,
    "rag_sequence_bf16": half_precision.SEQUENCE,
    "training_token": training.TOKEN,
    "training_sequence": training.SEQUENCE,
    "training_token_recomputed": training.TOKEN_RECOMPUTED,
    "training_sequence_recomputed": training.SEQUENCE_RECOMPUTED,
    "training_token_padded": training.TOKEN_PADDED,
    "training_sequence_padded": training.SEQUENCE_PADDED,
    "exact_search": search.EXACT,
    "hnsw_search": search.HNSW,
    "opening": opening.OPENING,
    "first_answer": opening.FIRST_ANSWER,
}

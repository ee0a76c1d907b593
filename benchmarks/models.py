"""How is each side opened? Both from the same folders (sizes.py), each with what its documentation says.

transformers' RAG-Sequence proposes answers without telling its generator which source tokens are padding (deviation 13 of
docs/deviations.md), so that it proposes others. It is told here: same work, same answers.
"""

from typing import Any

import torch
from torch import nn

from benchmarks.job import Case
from benchmarks.sizes import PAD, part_folder, silence
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import load_network
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration

RAG = {"token": RagTokenForGeneration, "sequence": RagSequenceForGeneration}


def our_rag(variant: str, case: Case, dtype: torch.dtype = torch.float32) -> Any:
    """RagTokenForGeneration or RagSequenceForGeneration of minirag."""
    folders = part_folder(case.size, "question"), part_folder(case.size, "generator")
    return held(RAG[variant].from_pretrained_question_encoder_generator(*folders).to(case.device, dtype))


def their_rag(variant: str, case: Case) -> Any:
    """The class of the same name of transformers."""
    import transformers

    silence()
    parts = {
        "question_encoder": transformers.DPRQuestionEncoder.from_pretrained(part_folder(case.size, "question")),
        "generator": transformers.BartForConditionalGeneration.from_pretrained(part_folder(case.size, "generator")),
    }
    configs = [part.config for part in parts.values()]
    settings = {"bos_token_id": 0, "pad_token_id": PAD, "eos_token_id": 2, "decoder_start_token_id": 2}
    config = transformers.RagConfig.from_question_encoder_generator_configs(
        *configs, n_docs=case.passages, forced_eos_token_id=None, **settings
    )
    network = getattr(transformers, RAG[variant].__name__)
    model = held(network(config=config, **parts).eval().to(case.device))
    if variant == "sequence":
        tell_about_padding(model.generator)
    return model


def tell_about_padding(generator: nn.Module) -> None:
    plain = generator.generate
    generator.generate = lambda ids, **how: plain(ids, **{**how, "attention_mask": ids.ne(PAD).long()})


def our_bart(case: Case) -> BartForConditionalGeneration:
    return held(load_network(BartForConditionalGeneration, part_folder(case.size, "generator")).to(case.device))


def their_bart(case: Case) -> Any:
    import transformers

    silence()
    folder = part_folder(case.size, "generator")
    return held(transformers.BartForConditionalGeneration.from_pretrained(folder).eval().to(case.device))


def held(model: Any) -> Any:
    """Every weight has been read once. Those that are mapped from a file are in memory only then, and a question encoder whose
    contexts are given never is: a side would then seem to need less than nothing beyond its weights."""
    for tensor in [*model.parameters(), *model.buffers()]:
        tensor.sum()
    return model

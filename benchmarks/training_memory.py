"""How much memory does a training step need beside weights, gradients and Adam's moments? Here, and in transformers.

DPR-base as question encoder and BART-base as generator, random weights in float32; 2 questions x 5 passages x 200 tokens,
answers of 25 tokens; every token is real. Each case is two steps of AdamW (the first makes its moments; fused, as in
training/learning_rates.py) in a process of its own: peak resident memory, less what the imported libraries take and less 16
bytes for each parameter.

    python -m benchmarks.training_memory > benchmarks/results/training_memory.json   # 5 GB; minutes on two cores
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import torch
from torch import Tensor, nn

from benchmarks.resident import resident
from minirag.training.machine import processor
from minirag.training.peak_memory import peak_memory
from tests.crosscheck.published_sizes import BART_BASE

B, K, S, T, QUESTION = 2, 5, 200, 25, 20
PADDED = (
    300  # transformers' RagRetriever pads every passage to config.max_combined_length, 300 unless it is told otherwise
)
Step = tuple[nn.Module, Callable[[], Tensor]]  # what is trained, and its loss on the batch


def cases() -> list[dict]:
    ours = [
        {"library": "minirag", "likelihood": likelihood, "recompute": recompute, "smoothing": smoothing, "width": S}
        for recompute, smoothing in ((True, 0.0), (False, 0.0), (True, 0.1))
        for likelihood in ("token", "sequence")
    ]
    theirs = [
        {"library": "transformers", "likelihood": likelihood, "recompute": False, "smoothing": 0.0, "width": width}
        for width in (S, PADDED)
        for likelihood in ("token", "sequence")
    ]
    return ours + theirs


def batch(width: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """(questions, passages' vectors, sources, which of their tokens are real, answers)."""
    torch.manual_seed(0)
    sources = torch.randint(4, 50265, (B * K, width))
    real = torch.arange(width).expand_as(sources) < S
    vectors = torch.randn(B, K, 768) / 768**0.5
    return torch.randint(4, 30522, (B, QUESTION)), vectors, sources, real, torch.randint(4, 50265, (B, T))


def minirag_step(case: dict) -> Step:
    from minirag.configuration import BartConfig, BertConfig
    from minirag.likelihood import doc_logprobs
    from minirag.model.bart import BartForConditionalGeneration
    from minirag.model.bart_layers import shift_right
    from minirag.model.dpr import DPRQuestionEncoder
    from minirag.rag.marginal_nll import marginal_nll
    from minirag.training.activation_checkpointing import checkpoint_activations

    generator = BartForConditionalGeneration(BartConfig(**BART_BASE))
    encoder = DPRQuestionEncoder(BertConfig())
    both = nn.ModuleDict({"question_encoder": encoder, "generator": generator})
    if case["recompute"]:
        checkpoint_activations(both)
    questions, vectors, sources, real, answers = batch(case["width"])
    prefix = shift_right(answers, 2, 1).repeat_interleave(K, dim=0)
    mask = torch.ones_like(answers, dtype=torch.bool)

    def loss() -> Tensor:
        prior = doc_logprobs((vectors @ encoder(questions).pooler_output[:, :, None])[..., 0])
        states, embeddings = generator.answer_states(sources, real, prefix, torch.ones_like(prefix, dtype=torch.bool))
        output_layer, states = (embeddings, generator.logits_bias[0]), states.unflatten(0, (B, K))
        nll = marginal_nll(case["likelihood"], output_layer, states, prior, answers, mask, case["smoothing"])
        return nll.mean()

    return both, loss


def transformers_step(case: dict) -> Step:
    import transformers

    configs = transformers.DPRConfig(), transformers.BartConfig(**BART_BASE)
    config = transformers.RagConfig.from_question_encoder_generator_configs(*configs, n_docs=K)
    model_class = {"token": transformers.RagTokenForGeneration, "sequence": transformers.RagSequenceForGeneration}
    model = model_class[case["likelihood"]](
        config=config,
        question_encoder=transformers.DPRQuestionEncoder(configs[0]),
        generator=transformers.BartForConditionalGeneration(configs[1]),
    )
    questions, vectors, sources, real, answers = batch(case["width"])

    def loss() -> Tensor:
        scores = (vectors @ model.rag.question_encoder(questions).pooler_output[:, :, None])[..., 0]
        read = {"context_input_ids": sources, "context_attention_mask": real.long(), "doc_scores": scores}
        return model(**read, labels=answers, reduce_loss=True).loss / B

    return model, loss


def measure(case: dict) -> dict:
    """Two steps of AdamW, and their peak."""
    make_step = {"minirag": minirag_step, "transformers": transformers_step}[case["library"]]
    if case["library"] == "transformers":
        import transformers.models.rag  # noqa: F401  # its memory is not the step's
    libraries = resident(torch.device("cpu"))
    model, loss_of = make_step(case)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    model.train()
    for _ in range(2):
        loss = loss_of()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    peak = peak_memory(torch.device("cpu"))
    own = 16 * sum(parameter.numel() for parameter in model.parameters())
    return {
        **case,
        "loss": loss.item(),
        "peak": peak,
        "libraries": libraries,
        "own": own,
        "beyond": peak - libraries - own,
    }


def machine() -> dict:
    cpu = f"{os.cpu_count()} cores of {processor()}"
    versions = {name: version(name) for name in ("torch", "transformers")}
    return {"cpu": cpu, "python": platform.python_version(), **versions}


def main() -> None:
    if sys.argv[1:]:
        print(json.dumps(measure(json.loads(sys.argv[1]))))
        return
    rows = []
    for case in cases():
        command = [sys.executable, "-m", "benchmarks.training_memory", json.dumps(case)]
        rows.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        print(case, f"{rows[-1]['beyond'] / 1e9:.2f} GB", file=sys.stderr)
    print(json.dumps({"machine": machine(), "bytes": rows}, indent=1))


if __name__ == "__main__":
    main()

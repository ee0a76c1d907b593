"""What each of two gloo processes does for test_processes.py and test_sharding.py; started once, their results are files.

No test: a process that is spawned imports this module. Everything is in float64, where rounding is 10⁻¹⁶ and Adam does not
turn the noise of a gradient that should be 0 (that of a key's bias) into steps of the full learning rate. (DPR's scores are
in float32 whatever the encoders are in.)
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing
from safetensors.torch import save_file
from torch import Tensor, nn

from minirag.model.output_layer import token_logprobs
from minirag.retrieval.passages import PassageStore
from minirag.training.accumulation import accumulate
from minirag.training.dpr.against_base import base_task
from minirag.training.dpr.batches import batch_of
from minirag.training.dpr.dev_pool import dev_pool
from minirag.training.dpr.sources import examples_from_questions
from minirag.training.dpr.task import DprSettings, batch_backward, dpr_task
from minirag.training.dpr.towers import Towers
from minirag.training.loop import Task, train
from minirag.training.processes import ALONE, Processes, leave
from minirag.training.run_folder import RunFolder
from minirag.training.settings import LoopSettings
from minirag.training.sharding import put_together, shard
from tests.model.networks import bart, ragged_ids
from tests.small_tokenizers import word_piece
from tests.training.dpr.small_questions import PASSAGES, QUESTIONS, lookup
from tests.training.dpr.test_task import small_towers

SETTINGS = LoopSettings(4, learning_rate=1e-2, warmup_steps=2, checkpoint_every=2, clip_norm=1.0, bf16=False)
BATCH, PARTS = 4, 2


def in_two(work: Callable[[Processes, Path], None], folder: Path) -> None:
    """`work` in two processes that meet; an error in one of them is raised here."""
    torch.multiprocessing.spawn(start, (work, folder), nprocs=2)


def start(rank: int, work: Callable[[Processes, Path], None], folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    work(Processes(rank, 2), folder)
    dist.barrier()  # who leaves early ends the other's exchange
    leave()
    os._exit(0)  # Python's end aborts where a thread of gloo's frees a tensor just then; the results are files already


def small_bart() -> nn.Module:
    return bart(dropout=0.0, encoder_layers=1, decoder_layers=2).double()


def bart_task(model: nn.Module, processes: Processes = ALONE) -> Task:
    """−log p of random targets, mean over the tokens of the whole batch, in two parts."""

    def objective(step: int) -> float:
        rows = processes.share(range(BATCH))
        size = len(rows) // PARTS
        parts = [rows[first : first + size] for first in range(0, len(rows), size)]
        return accumulate([lambda part=part: loss_of(model, step, part) for part in parts], torch.device("cpu"), False)

    return Task(objective, measure=lambda: {"loss": loss_of(model, 0, range(BATCH)).item()})


def loss_of(model: nn.Module, step: int, rows: list[int]) -> Tensor:
    sources, real = ragged_ids([9, 4, 7, 5], seed=step)
    targets, scored = ragged_ids([3, 5, 2, 5], seed=100 + step)
    sources, real, targets, scored = (tensor[list(rows)] for tensor in (sources, real, targets, scored))
    states = model.decode_states(targets, model.encode(sources, real).last_hidden_state, real)
    logprobs = token_logprobs(states, model.embed_tokens.weight, model.logits_bias[0], targets, block=3)
    return -logprobs[scored].sum() / 15


def trained(model: nn.Module, processes: Processes, run: RunFolder | None) -> list[float]:
    """The loss of every step."""
    return [progress.loss for progress in train(model, bart_task(model, processes), SETTINGS, run, processes)]


def dpr_gradients(processes: Processes) -> dict[str, Tensor]:
    """Loss and gradients of a batch of three questions, and of one that has fewer questions than there are processes."""
    found = {}
    for name, size in (("three", 3), ("one", 1)):
        torch.manual_seed(0)
        towers, settings = small_towers(2), DprSettings(max_length=64, parts=size)
        examples_at, _ = examples_from_questions(QUESTIONS, list(range(size)), lookup, size, hard_negatives=2)
        loss = batch_backward(towers, word_piece(), batch_of(examples_at(0)), settings, processes)
        found[f"dpr.{name}.loss"] = torch.tensor(processes.sum(loss))
        processes.sum_gradients(towers.parameters())
        found |= {f"dpr.{name}.{key}": parameter.grad for key, parameter in towers.named_parameters()}
    return found


def exchange(processes: Processes, folder: Path) -> None:
    """Each method once, with results that depend on the rank; then a training."""
    rank = processes.rank
    rows = torch.arange(2.0 * (3 - rank)).view(-1, 2).add(100 * rank).requires_grad_()  # 3 rows, then 2
    gathered = processes.gather(rows)
    (gathered * torch.arange(10.0).view(5, 2)).sum().backward()
    some, none, both = (nn.Parameter(torch.zeros(2)) for _ in range(3))
    both.grad = torch.full((2,), 1.0 + rank)
    some.grad = torch.ones(2) if rank == 1 else None
    processes.sum_gradients([some, none, both])
    assert none.grad is None
    numbers = torch.tensor([processes.sum(1.5 + rank), processes.first(7.0 - rank)])
    model = small_bart()
    losses = torch.tensor(trained(model, processes, RunFolder(folder / "run")))
    tensors = {"gathered": gathered.detach(), "gradient": rows.grad, "some": some.grad, "both": both.grad}
    own = {**tensors, "numbers": numbers, "losses": losses, **dpr_gradients(processes)}
    save_file(own | {f"model.{k}": v for k, v in model.state_dict().items()}, folder / f"{rank}.safetensors")


def sharded_training(processes: Processes, folder: Path) -> None:
    """DPR's cases; for BART a whole run, the same stopped after two steps and resumed, and what it decodes put together."""
    sharded_dpr(processes, folder)
    model = small_bart()
    evenly = shard(model, processes)
    losses = torch.tensor(trained(model, evenly, RunFolder(folder / "run")))
    kept = torch.tensor(sum(parameter.to_local().numel() for parameter in model.parameters()))
    stopped = small_bart()
    run, evenly = RunFolder(folder / "resumed"), shard(stopped, processes)
    next(
        progress for progress in train(stopped, bart_task(stopped, evenly), SETTINGS, run, evenly) if progress.step == 2
    )
    resumed = small_bart()
    trained(resumed, shard(resumed, processes), run)
    ids, real = ragged_ids([6, 4])
    with torch.no_grad(), put_together(model.eval()):
        hidden = model.encode(ids, real).last_hidden_state
        cache = model.start_cache(hidden, real)
        stepped = torch.stack([model.decode_step(ids[:, t : t + 1], cache) for t in range(3)], dim=1)
        decoded = model.decode(ids[:, :3], hidden, real).logits
    save_file(
        {"losses": losses, "kept": kept, "stepped": stepped, "decoded": decoded},
        folder / f"{processes.rank}.safetensors",
    )


@dataclass(frozen=True)
class DprCase:
    """base: only the question's side, against fixed vectors."""

    towers: int
    parts: int = 1
    base: bool = False


DPR_CASES = {
    "one tower": DprCase(1),
    "two towers": DprCase(2),
    "one tower in parts": DprCase(1, parts=2),
    "two towers in parts": DprCase(2, parts=2),
    "against a base": DprCase(2, base=True),
}


def dpr_trained(
    case: DprCase, processes: Processes, sharded: bool, folder: Path, name: str, steps: int = 4
) -> list[float]:
    """The loss of every step of a run in folder/name; batches have three questions, then fewer than there are processes."""
    model = small_towers(case.towers).double()
    make = dpr_task_against_base if case.base else dpr_task_in_batch
    task = make(model, case, processes, folder)
    if sharded:
        shard(model, processes)
    progress = train(model, task, replace(SETTINGS, measure_every=2), RunFolder(folder / name), processes)
    return [at.loss for at in islice(progress, steps)]


def dpr_task_in_batch(model: Towers, case: DprCase, processes: Processes, folder: Path) -> Task:
    three_at, _ = examples_from_questions(QUESTIONS, [0, 1, 2], lookup, 3, hard_negatives=2)
    settings, dev = DprSettings(max_length=64, parts=case.parts), dev_pool(QUESTIONS, lookup, None, 10, 10)
    return dpr_task(model, word_piece(), lambda t: three_at(t)[: 1 + 2 * (t % 2 == 0)], settings, dev, processes)


def dpr_task_against_base(model: Towers, case: DprCase, processes: Processes, folder: Path) -> Task:
    store = PassageStore.create(folder / f"{processes.rank} of {processes.count}.sqlite", PASSAGES)
    vectors = torch.randn(len(PASSAGES), 16, generator=torch.Generator().manual_seed(0))
    settings, dev = DprSettings(max_length=64), dev_pool(QUESTIONS, lookup, None, 10, 10)
    task, _ = base_task(
        model, word_piece(), vectors, store, QUESTIONS, [0, 1, 2, 0], settings, 3, dev=dev, processes=processes
    )
    return task


def sharded_dpr(processes: Processes, folder: Path) -> None:
    """Each case; one of them again, stopped after two steps and resumed."""
    losses = {name: dpr_trained(case, processes, True, folder, name) for name, case in DPR_CASES.items()}
    for steps in (2, 4):
        dpr_trained(DPR_CASES["two towers in parts"], processes, True, folder, "resumed dpr", steps)
    save_file({name: torch.tensor(of) for name, of in losses.items()}, folder / f"dpr-{processes.rank}.safetensors")

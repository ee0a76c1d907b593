"""Where are the best weights kept until the end? In the run's folder, or in memory where there is none.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_best_weights.py
"""

from torch import nn

from minirag.training.checkpoints import Tensors, read_tensors, set_weights, weights_of, write_checkpoint
from minirag.training.processes import Processes
from minirag.training.run_folder import Position, RunFolder
from minirag.training.sharding import whole_tensors


class BestWeights:
    """In a folder each has a file of its own: the one that the checkpoint knows of stays until the next checkpoint."""

    def __init__(self, run: RunFolder | None, processes: Processes):
        self.run, self.processes = run, processes
        self.kept: Tensors = {}

    def keep(self, model: nn.Module, step: int) -> None:
        tensors = whole_tensors(weights_of(model))
        if self.run is None:
            self.kept = {name: weight.clone() for name, weight in tensors.items()}
        elif self.processes.rank == 0:
            write_checkpoint(self.run.best(step), tensors, {"step": step})

    def give_back(self, model: nn.Module, at: Position) -> None:
        """The model's weights become the best ones, where something was watched and later steps have changed them."""
        if at.best.step is None or at.best.step == at.step:
            return
        tensors = self.kept if self.run is None else read_tensors(self.run.best(at.best.step))
        set_weights(model, tensors, f"the best weights, of step {at.best.step}")

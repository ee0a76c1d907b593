"""What can be trained? `minirag train demo | dpr | …`: each training is a command of its own, all run the same loop.

Paper     DPR §3.2, BART §2.2, RAG §2.4
Tutorial  tutorials/17_training_rag.py
Tests     tests/cli/test_train.py
"""

import typer

from minirag.cli import train_bart, train_demo, train_dpr, train_rag

app = typer.Typer(
    help="Train the demo again, or a model of your own; stopped at any moment, it goes on when called again."
)
TRAININGS = (train_demo.demo, train_dpr.dpr, train_bart.bart, train_rag.rag)
for training in TRAININGS:
    app.command()(training)


@app.callback()
def train() -> None:
    """With one training alone it is still named."""

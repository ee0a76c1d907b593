"""What do the numbers of RAG look like? Functions take tensors or sequences and return matplotlib figures.

Paper     RAG Fig. 2 (posterior), Fig. 3 (n_docs against exact match and recall)
Tutorial  tutorials/11_likelihood.py
Tests     tests/plots

No other room is imported, and matplotlib in this room only. Every figure says in words what it shows: `alt_text(figure)`.
"""

try:
    import matplotlib as _  # noqa: F401
except ModuleNotFoundError:
    raise ImportError("pictures need matplotlib: install minirag with its extra 'plots'") from None

from minirag.plots.answer import answer_figure
from minirag.plots.attention import attention_map, cross_attention_map
from minirag.plots.belief import prior_and_posterior
from minirag.plots.candidates import candidate_bars
from minirag.plots.curves import exact_match_curve, loss_curve, recall_curve
from minirag.plots.embeddings import embedding_map
from minirag.plots.likelihood_table import likelihood_table
from minirag.plots.posterior import token_posterior
from minirag.plots.saving import alt_text, picture_path, save, svg_text
from minirag.plots.search_tree import search_tree
from minirag.plots.training import retriever_collapse

__all__ = [
    "alt_text",
    "answer_figure",
    "attention_map",
    "candidate_bars",
    "cross_attention_map",
    "embedding_map",
    "exact_match_curve",
    "likelihood_table",
    "loss_curve",
    "picture_path",
    "prior_and_posterior",
    "recall_curve",
    "retriever_collapse",
    "save",
    "search_tree",
    "svg_text",
    "token_posterior",
]

"""What cannot be drawn is refused with one line that names the argument."""

import math

import pytest
import torch

from minirag import plots
from minirag.plots.shapes import numbers
from tests.plots.figures import POSTERIOR, TITLES, TOKENS

NAN = float("nan")
BAD_CALLS = {
    "posterior has the shape": lambda: plots.token_posterior([0.5, 0.5], TOKENS, TITLES),
    "posterior holds NaN": lambda: plots.token_posterior([[NAN]], ["a"], ["b"]),
    "posterior has values": lambda: plots.token_posterior([[1.5]], ["a"], ["b"]),
    "posterior is not a table": lambda: plots.token_posterior([[1.0], [0.5, 0.5]], ["a"], TITLES),
    "posterior has the shape (2, 0)": lambda: plots.token_posterior([[], []], [], TITLES),
    "tokens has 2": lambda: plots.token_posterior(POSTERIOR, TOKENS[:2], TITLES),
    "titles has 1": lambda: plots.token_posterior(POSTERIOR, TOKENS, TITLES[:1]),
    "titles is one string": lambda: plots.token_posterior(POSTERIOR, TOKENS, "ab"),
    "posterior has 3": lambda: plots.prior_and_posterior([1.0, 0.0], [0.0, 0.5, 0.5], TITLES),
    "token_posterior has 1": lambda: plots.answer_figure("q", "a", 0.0, TITLES, [1.0, 0.0], [1.0, 0.0], ["a"], [[1.0]]),
    "doc_logprobs holds 0.5": lambda: plots.likelihood_table([0.5, -1.0], [[-1.0]] * 2, ["a"], TITLES),
    "token_logprobs has 1": lambda: plots.likelihood_table([-1.0, -1.0], [[-1.0]], ["a"], TITLES),
    "weights has the shape": lambda: plots.attention_map([1.0], ["a"], ["a"]),
    "from_tokens has 2": lambda: plots.attention_map([[1.0]], ["a", "b"], ["a"]),
    "source_tokens has 2": lambda: plots.cross_attention_map([[1.0]], ["a"], ["a", "b"]),
    "passage_vectors have 3 dimensions": lambda: plots.embedding_map([[1.0, 2.0]], [[1.0, 2.0, 3.0]] * 3),
    "gold names passage 7": lambda: plots.embedding_map([[1.0, 2.0]], [[1.0, 2.0]] * 3, [7]),
    "2 vectors of 2 dimensions": lambda: plots.embedding_map([[1.0, 2.0]], [[1.0, 2.0]]),
    "recall has no line": lambda: plots.recall_curve({}, [1]),
    "recall['DPR'] has 2": lambda: plots.recall_curve({"DPR": [0.5, 0.6]}, [1]),
    "recall['DPR'] has values": lambda: plots.recall_curve({"DPR": [50.0]}, [1]),
    "ks does not rise": lambda: plots.recall_curve({"DPR": [0.5, 0.6]}, [5, 1]),
    "n_docs does not rise": lambda: plots.exact_match_curve({"RAG": [0.5]}, [0]),
    "losses['a'] is not finite": lambda: plots.loss_curve({"a": [1.0, math.inf]}),
    "losses['b'] has 1": lambda: plots.loss_curve({"a": [1.0, 2.0], "b": [1.0]}),
    "prior_entropy has values": lambda: plots.retriever_collapse([1], [0.5], [9.0], 5),
    "distinct_share has 2": lambda: plots.retriever_collapse([1], [0.5, 0.5], [1.0], 5),
    "n_docs=0": lambda: plots.retriever_collapse([1], [0.5], [0.0], 0),
}


@pytest.mark.parametrize("message", BAD_CALLS)
def test_one_line_names_the_argument(message):
    with pytest.raises(ValueError) as error:
        BAD_CALLS[message]()
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_a_tensor_of_any_precision_with_a_gradient_is_read_as_it_is(dtype):
    values = torch.tensor([[0.25, 0.5]], dtype=dtype, requires_grad=True)
    read = numbers("values", values, "K T")
    assert read.tolist() == [[0.25, 0.5]]
    assert (read.dtype, read.requires_grad) == (torch.float64, False)

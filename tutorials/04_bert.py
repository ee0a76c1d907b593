# %% [markdown]
# # 04 BERT: how does a row of ids become a row of vectors that know each other?
#
# Modules: minirag/model/bert.py
#
# Paper: Devlin et al. 2019, §3; Vaswani et al. 2017, §3
#
# Both of DPR's encoders are BERTs. An id comes in, and what goes out is a vector that depends on the whole text: "bank"
# beside a river, "bank" beside a loan. Attention (tutorial 03) is the part that looks around. What stands around it? Three
# embeddings, a small network for each position, and a layer norm whose place decides whether published weights work.
#
# ## Word + position + segment, then layer norm
#
# Attention does not know where a word stands (exercise 1 of tutorial 03). So each position has a vector of its own, which
# is added to the word's. A third one says to which of two texts a token belongs. Four numbers each:

# %%
word, position, segment = [1.0, 0.0, 3.0, 5.0], [0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0]
total = [sum(numbers) for numbers in zip(word, position, segment, strict=True)]
mean = sum(total) / 4
variance = sum((number - mean) ** 2 for number in total) / 4
by_hand = [(number - mean) / variance**0.5 for number in total]
print("sum", total, " mean", mean, " variance", variance)
print("layer norm", by_hand)

# %% [markdown]
# LayerNorm(x) = γ · (x − mean) / √(variance + ε) + β
#
# Mean and variance are taken over the D numbers of one position; no other position or text is involved. γ and β are
# learned, and begin as 1 and 0. Now minirag's embeddings, with those three rows in the tables:

# %%
import torch

from minirag.configuration import BertConfig
from minirag.model.bert import BertEmbeddings, BertEncoder

sizes = {"hidden_size": 4, "num_attention_heads": 1, "max_position_embeddings": 2, "vocab_size": 10}
embeddings = BertEmbeddings(BertConfig(**sizes)).eval()
with torch.no_grad():
    embeddings.words.weight[7] = torch.tensor(word)
    embeddings.positions.weight[0] = torch.tensor(position)
    embeddings.segments.weight[0] = torch.tensor(segment)
    ours = embeddings(torch.tensor([[7]]))  # (B, S, D) with B = S = 1
assert torch.allclose(ours[0, 0], torch.tensor(by_hand))
print([round(number, 4) for number in ours[0, 0].tolist()])

# %% [markdown]
# ## One layer, by hand
#
# x ← LayerNorm(x + Attention(x));  x ← LayerNorm(x + W₂ gelu(W₁ x))
#
# The second half works on each position alone: four times as many numbers, a bend, and back. gelu(a) = a · Φ(a), with Φ
# the normal distribution's cumulative: large a pass, very negative ones become 0. Here is the first layer of the shipped
# question encoder, in plain Python for the position of [CLS].

# %%
from math import erf, sqrt

from minirag import RagTokenForGeneration

rag = RagTokenForGeneration.from_pretrained("weights/demo")
tokenizer, bert = rag.rag.tokenizer.question_encoder, rag.question_encoder.question_encoder.bert
batch, layer = tokenizer(["What is the capital of Mongolia?"]), bert.layers[0]


def normalised_sum(x: list[float], y: list[float], norm: torch.nn.LayerNorm) -> list[float]:
    total = [a + b for a, b in zip(x, y, strict=True)]
    mean = sum(total) / len(total)
    spread = sqrt(sum((a - mean) ** 2 for a in total) / len(total) + norm.eps)
    parts = zip(total, norm.weight.tolist(), norm.bias.tolist(), strict=True)
    return [gamma * (a - mean) / spread + beta for a, gamma, beta in parts]


def times(linear: torch.nn.Linear, x: list[float]) -> list[float]:
    rows = zip(linear.weight.tolist(), linear.bias.tolist(), strict=True)
    return [sum(w * a for w, a in zip(row, x, strict=True)) + bias for row, bias in rows]


with torch.no_grad():
    x = bert.embeddings(batch.input_ids)  # (1, S, D)
    attended, _ = layer.attention(x, layer.attention.keys_values(x))
    ours, _ = layer(x, None)
state = normalised_sum(x[0, 0].tolist(), attended[0, 0].tolist(), layer.attention_norm)
inner = [a * (1 + erf(a / sqrt(2))) / 2 for a in times(layer.up, state)]
state = normalised_sum(state, times(layer.down, inner), layer.norm)
print("width", len(state), " inside", len(inner))
print("by hand", [f"{a:.3f}" for a in state[:4]], " minirag", [f"{a:.3f}" for a in ours[0, 0, :4].tolist()])
assert torch.allclose(torch.tensor(state), ours[0, 0], atol=1e-4)

# %% [markdown]
# ## The norm comes after the sum, and that is not a matter of taste
#
# The figure of the 2017 paper has "Add & Norm": first the residual sum, then the norm, and so it is in BERT and BART. Most
# later models, and so most figures of today, normalise first and leave the sum alone: x ← x + f(LayerNorm(x)). The tensors
# have the same shapes either way, so weights of the one fit into the other without complaint. And then:


# %%
import json
from pathlib import Path

from minirag.model.attention import padding_mask


def norm_first(layer: torch.nn.Module, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """The other order, with the same weights."""
    looked_at = layer.attention_norm(x)
    x = x + layer.attention(looked_at, layer.attention.keys_values(looked_at), mask)[0]
    return x + layer.down(torch.nn.functional.gelu(layer.up(layer.norm(x))))


def norm_last(layer: torch.nn.Module, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    return layer(x, mask)[0]


asked = [json.loads(line) for line in Path("weights/demo/questions.jsonl").read_text("utf-8").splitlines()[::12]]
questions = tokenizer([question["question"] for question in asked])
knowledge_base = rag.retriever.knowledge_base
gold = torch.tensor(knowledge_base.store.rows_of([question["gold"][0] for question in asked]))
with torch.no_grad():
    for order in (norm_last, norm_first):
        x = bert.embeddings(questions.input_ids)
        for each in bert.layers:
            x = order(each, x, padding_mask(questions.attention_mask))
        right = (knowledge_base.search(x[:, 0], k=1)[1][:, 0] == gold).float().mean()
        print(f"{order.__name__:10} the right passage comes first for {right:.2f} of the questions")

# %% [markdown]
# A worse retriever, and no error. Why would anybody move the norm? Look at the spread of the states, √variance of the D
# numbers, layer after layer, in a fresh BERT of 24 layers: after each norm it is 1 again, while sums that nobody
# normalises grow with the depth. A sum that is left alone hands the gradient through unchanged, so that deep models are
# easier to train; with the norm last the learning rate has to begin small (Xiong et al. 2020).

# %%
from minirag.plots.style import new_figure, series_style

torch.manual_seed(0)
deep = BertEncoder(BertConfig(**{**sizes, "hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 24})).eval()
with torch.no_grad():
    x = deep.embeddings(torch.tensor([[4, 7]]))
    spreads = {}
    for name, order in (("norm after the sum (BERT)", norm_last), ("norm before (most later models)", norm_first)):
        y, spreads[name] = x, [x.std(dim=-1, correction=0).mean().item()]
        for each in deep.layers:
            y = order(each, y, None)
            spreads[name].append(y.std(dim=-1, correction=0).mean().item())
with new_figure(height=2.6) as figure:
    axes = figure.subplots()
    for number, (name, spread) in enumerate(spreads.items()):
        print(f"{name:32} layer 0: {spread[0]:.1f}, layer 24: {spread[-1]:.1f}")
        axes.plot(spread, label=name, **series_style(number, len(spread)))
    axes.set(xlabel="layer", ylabel="spread of the states", ylim=(0, None))
    axes.legend(loc="lower right")
    told = "; ".join(f"{name}: {spread[0]:.1f} to {spread[-1]:.1f}" for name, spread in spreads.items())
    figure.set_label(f"Spread of the states from the embeddings to layer 24. {told}.")
figure

# %% [markdown]
# ## A short text in a long batch
#
# Two texts in one batch, the short one filled up with [PAD]. The mask hides the padding from attention, and nothing else
# in a layer looks sideways: the states are those of the text alone. Without the mask they are not, and no error is raised.

# %%
texts = ["Peru?", "What is the capital of Mongolia, and how many people live there?"]
both, alone = tokenizer(texts), tokenizer(texts[:1])
with torch.no_grad():
    wanted = bert(alone.input_ids).last_hidden_state[0]
    masked = bert(both.input_ids, both.attention_mask).last_hidden_state[0, : len(wanted)]
    unmasked = bert(both.input_ids).last_hidden_state[0, : len(wanted)]
for name, states in (("with", masked), ("without", unmasked)):
    print(f"largest difference {name} the mask: {(states - wanted).abs().max():.4f}")
assert torch.allclose(masked, wanted, atol=1e-4)

# %% [markdown]
# ## What is not done
#
# BERT was trained with segment 0 for the first text of a pair and 1 for the second. DPR's authors gave 0 to title and text
# alike, and so does minirag unless it is handed `token_type_ids`. And a text beyond the table of positions is refused:

# %%
try:
    bert(torch.zeros(1, 300, dtype=torch.long))
except ValueError as error:
    print(error)

# %% [markdown]
# ## Check yourself
#
# Padding: `tests/model/test_encoders.py::test_a_batch_gives_the_same_vectors_as_one_by_one`. That states and gradients are
# transformers' own:
# `tests/crosscheck/test_networks.py::test_dpr_encoders_give_transformers_states_attentions_vectors_and_gradients`.
#
# 1. What does a layer norm make of x + 5 and of 10 · x? So what can a state after it not say?
# 2. Set the shipped table of positions to zero. Which questions get the same vector now?
# 3. How many parameters has a layer of width D whose inner width is 4 D? And BERT-base: D = 768, 12 layers?

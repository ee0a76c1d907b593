# %% [markdown]
# # 06 BART: how does the generator read a source and write an answer?
#
# Modules: minirag/model/bart.py, minirag/model/bart_layers.py, minirag/model/bart_stacks.py,
# minirag/model/decoder_cache.py
#
# Paper: BART §2; RAG §2.3
#
# RAG's generator is BART: an encoder that reads passage and question, and a decoder that says, for every beginning of an
# answer, how likely each next token is. Most of it is attention (tutorial 03). What is left is a handful of conventions,
# and they are what goes wrong: which token starts, what `labels` are, where positions begin, where the layer norms stand.

# %% [markdown]
# ## p(y_t | x, y_<t), one probability for every token
#
# The shipped generator, a source, and the beginning of an answer. One decoder pass gives logits for every position; a
# softmax over the vocabulary makes each row a distribution.

# %%
import torch

from minirag import RagTokenForGeneration

rag = RagTokenForGeneration.from_pretrained("weights/demo")
bart, text = rag.generator.eval(), rag.rag.tokenizer.generator
config = bart.config

source = text(["Iron / Iron melts at 1538 °C. // At what temperature does iron melt?"])
answer = text.encode(" 1538 °C")
print("answer ids", answer, [text.decode([i], skip_special_tokens=False) for i in answer])
with torch.no_grad():
    encoded = bart.encode(source.input_ids, source.attention_mask).last_hidden_state  # (1, S, D)
    decoded = bart.decode(torch.tensor([answer]), encoded, source.attention_mask)
print("logits", list(decoded.logits.shape), "= one source, positions, vocabulary")

# %% [markdown]
# ## Which logits belong to which token?
#
# logits[:, t] score the token *after* decoder input t. So an answer y_1 … y_T is read shifted by one: the decoder's input is
# start, y_1, …, y_{T−1}, and its logits are compared with y_1, …, y_T. BART was trained with </s> as the start token (id
# 2), so published inputs begin `</s> <s> …`; the shipped model was trained from scratch and starts with <s>. Both say so
# in their config: `decoder_start_token_id`.

# %%
from minirag.model.bart_layers import shift_right

target = torch.tensor([answer[1:]])  # without the leading <s>: what has to be predicted, </s> included
shifted = shift_right(target, config.decoder_start_token_id, config.pad_token_id)
print("start token", config.decoder_start_token_id)
print("decoder reads ", [text.decode([i], skip_special_tokens=False) for i in shifted[0].tolist()])
print("must predict  ", [text.decode([i], skip_special_tokens=False) for i in target[0].tolist()])

total = 0.0
with torch.no_grad():
    logits = bart.decode(shifted, encoded, source.attention_mask).logits[0]  # (T, V)
for t, token in enumerate(target[0].tolist()):
    p = logits[t].softmax(dim=0)[token].item()
    total -= torch.tensor(p).log().item()
    print(f"p({text.decode([token], skip_special_tokens=False)!r} | …) = {p:.3f}")
loss = bart(source.input_ids, source.attention_mask, labels=target).loss.item()
print(f"mean of −log p: by hand {total / target.shape[1]:.4f}, forward(labels=…).loss {loss:.4f}")
assert abs(total / target.shape[1] - loss) < 1e-4

# %% [markdown]
# For BART alone `labels` are the targets, as here. RAG's classes have another convention, their `labels` begin with the
# decoder's first input; tutorial 12 comes to it. In transformers' BART the padding of `labels` is scored unless it is
# −100; here both are ignored (deviation 14 in `docs/deviations.md`).

# %% [markdown]
# ## One table of embeddings, three jobs
#
# A row of `embed_tokens` is what the encoder reads, what the decoder reads, and, as the output layer, what a state is
# compared with: logits = E h + b. Published files name this tensor up to four times. Here it exists once, so it cannot be
# forgotten.

# %%
by_hand = decoded.last_hidden_state[0, 0] @ bart.embed_tokens.weight.T + bart.logits_bias[0]
assert torch.allclose(by_hand, decoded.logits[0, 0], atol=1e-4)
print("logits are inner products with", bart.embed_tokens.num_embeddings, "embeddings")

# %% [markdown]
# ## Positions begin at 2, and the layer norm comes last
#
# Two things that surprise readers of the code. The table of positions has two rows too many: position t is row t + 2,
# because the code that BART was trained with kept rows 0 and 1 for its padding. And each layer normalises *after* adding
# the residual, LayerNorm(x + f(x)), as the figure of the 2017 paper has it; most later models normalise before.

# %%
from minirag.model.bart_layers import POSITION_OFFSET

embeddings = bart.encoder.embeddings
print("rows of positions", embeddings.positions.num_embeddings, "= positions", config.max_position_embeddings, "+ 2")
words = bart.embed_tokens(source.input_ids)
rows = torch.arange(words.shape[1]) + POSITION_OFFSET
assert torch.allclose(embeddings(words), embeddings.norm(words + embeddings.positions(rows)), atol=1e-6)

layer, x = bart.encoder.layers[0], embeddings(words)
attended, _ = layer.attention(x, layer.attention.keys_values(x))
after_attention = layer.attention_norm(x + attended)
assert torch.allclose(layer(x, None)[0], layer.feed_forward(after_attention), atol=1e-5)
print("one encoder layer, by hand and by minirag: the same")

# %% [markdown]
# ## What need not be computed again
#
# When one more token is decoded, nothing about the earlier ones changes: no position looks ahead. So their keys and values
# are kept, and each step reads a single token. The source's keys and values are computed once, whatever is written.

# %%
with torch.no_grad():
    cache = bart.start_cache(encoded, source.attention_mask)
    steps = [bart.decode_step(shifted[:, t : t + 1], cache)[0] for t in range(shifted.shape[1])]
assert torch.allclose(torch.stack(steps), logits, atol=1e-3)
print(f"cached and uncached differ by at most {(torch.stack(steps) - logits).abs().max():.0e}")

# %% [markdown]
# ## Where the decoder looks
#
# Copying is visible: while it writes an answer the decoder looks at the place in the source where the answer stands.
# This is the first head of the last layer: each column a token being written, and the source runs down. Each digit is
# read where it stands, and before it ends with </s> the decoder looks at the full stop.

# %%
from minirag.plots import cross_attention_map

with torch.no_grad():
    decoded = bart.decode(shifted, encoded, source.attention_mask, output_attentions=True)
looked = decoded.cross_attentions[-1][0]  # (H, T, S)
source_tokens = text.pieces(source.input_ids[0].tolist())
written = [text.decode([i], skip_special_tokens=False) for i in target[0].tolist()]
figure = cross_attention_map(looked[:1], written, source_tokens)
figure

# %% [markdown]
# ## Check yourself
#
# Every layer's states, attentions, logits and gradients are compared with transformers' BART on random models by
# `tests/crosscheck/test_networks.py::test_bart_gives_transformers_states_attentions_logits_loss_and_gradients`.
#
# 1. Feed the decoder the targets themselves, not shifted. What does the loss become, and why is that no triumph?
# 2. Change the last decoder input of `shifted`. Which rows of the logits change?
# 3. How many tokens does the decoder read to write T tokens, with and without the cache?

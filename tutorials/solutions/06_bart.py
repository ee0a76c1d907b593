# %% [markdown]
# # Solutions to 06 BART

# %%
import torch

from minirag import RagTokenForGeneration
from minirag.model.bart_layers import shift_right

rag = RagTokenForGeneration.from_pretrained("weights/demo")
bart, text = rag.generator, rag.rag.tokenizer.generator
source = text(["Iron / Iron melts at 1538 °C. // At what temperature does iron melt?"])
target = torch.tensor([text.encode(" 1538 °C")[1:]])
shifted = shift_right(target, bart.config.decoder_start_token_id, bart.config.pad_token_id)

# %% [markdown]
# ## Exercise 1
#
# It becomes large: position t now sees y_t and is asked for y_t, while the model has learned to say what comes after.
# A model *trained* like this would reach a loss of 0 by copying its input, and could not write a word. That is the trap:
# unshifted, training looks like a triumph.

# %%
with torch.no_grad():
    right = bart(source.input_ids, source.attention_mask, shifted, labels=target).loss.item()
    wrong = bart(source.input_ids, source.attention_mask, target, labels=target).loss.item()
print(f"shifted {right:.4f}, not shifted {wrong:.4f}")
assert wrong > 100 * right

# %% [markdown]
# ## Exercise 2
#
# Only the last. No position looks ahead.

# %%
with torch.no_grad():
    hidden = bart.encode(source.input_ids, source.attention_mask).last_hidden_state
    before = bart.decode(shifted, hidden, source.attention_mask).logits[0]
    changed = shifted.clone()
    changed[0, -1] = bart.config.bos_token_id
    after = bart.decode(changed, hidden, source.attention_mask).logits[0]
differs = [not torch.allclose(a, b, atol=1e-5) for a, b in zip(before, after, strict=True)]
print(differs)
assert differs == [False] * (len(differs) - 1) + [True]

# %% [markdown]
# ## Exercise 3
#
# Without the cache the whole prefix every time, 1 + 2 + … + T = T (T + 1) / 2; with it T. For an answer of 8 tokens
# that is 36 against 8.

# %%
T = target.shape[1]
print(sum(range(1, T + 1)), T)
assert sum(range(1, T + 1)) == T * (T + 1) // 2

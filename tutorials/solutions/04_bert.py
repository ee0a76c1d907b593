# %% [markdown]
# # Solutions to 04 BERT

# %%
import torch

from minirag import BertConfig, RagTokenForGeneration
from minirag.model.bert import BertEncoder

# %% [markdown]
# ## Exercise 1
#
# Nothing: the mean takes the 5 away, and the division the 10. A state cannot say how large it is, only in which
# direction it points; γ and β are the same for every text. That is why the sum can never run away.

# %%
x = torch.tensor([1.0, 2.0, 4.0, 9.0], dtype=torch.float64)
norm = torch.nn.LayerNorm(4, eps=1e-12).double()
for changed in (x, x + 5, 10 * x):
    print([round(number, 3) for number in norm(changed).tolist()])
    assert torch.allclose(norm(changed), norm(x))

# %% [markdown]
# ## Exercise 2
#
# Those that have the same words in another order: without positions a text is a bag of words.

# %%
rag = RagTokenForGeneration.from_pretrained("weights/demo")
tokenizer, encoder = rag.rag.tokenizer.question_encoder, rag.question_encoder
batch = tokenizer(["How many people from Peru live in Chile?", "How many people from Chile live in Peru?"])
with torch.no_grad():
    read = encoder(batch.input_ids, batch.attention_mask).pooler_output
    print(f"largest difference with positions    {(read[0] - read[1]).abs().max():.4f}")
    encoder.question_encoder.bert.embeddings.positions.weight.zero_()
    bags = encoder(batch.input_ids, batch.attention_mask).pooler_output
    print(f"largest difference without positions {(bags[0] - bags[1]).abs().max():.4f}")
assert torch.allclose(bags[0], bags[1], atol=1e-4) and not torch.allclose(read[0], read[1], atol=1e-2)

# %% [markdown]
# ## Exercise 3
#
# Attention has 4 D² + 4 D (tutorial 03), the way up 4 D² + 4 D, the way down 4 D² + D, two norms 4 D: 12 D² + 13 D.
# BERT-base has twelve such layers, and its embeddings: 30,522 words, 512 positions, 2 segments, one norm. The 110 million
# of the paper count the pooler, too, which DPR does not use.

# %%
D = 768
by_hand = 12 * (12 * D**2 + 13 * D) + (30522 + 512 + 2) * D + 2 * D
with torch.device("meta"):  # shapes without numbers
    base = BertEncoder(BertConfig())
print(f"{by_hand:,} by hand, {sum(parameter.numel() for parameter in base.parameters()):,} by counting")
assert by_hand == sum(parameter.numel() for parameter in base.parameters())

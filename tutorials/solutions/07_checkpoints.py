# %% [markdown]
# # Solutions to 07 Checkpoints

# %%
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from minirag import BertConfig, DPRContextEncoder, DPRQuestionEncoder
from minirag.conversion.convert import convert
from minirag.model.checkpoint import load_network, save_network
from minirag.model.tensor_files import read_tensors, write_tensors

scratch = TemporaryDirectory()
folder = Path(scratch.name)

# %% [markdown]
# ## Exercise 1
#
# Eight for the length of the contents, the contents, and four for each number. With a million numbers the contents are a
# few digits longer (and filled up to a multiple of eight); all the rest is numbers. A reader that has the contents knows
# where each tensor lies, and need not look at the others.

# %%
for count in (2, 1_000_000):
    write_tensors({"w": torch.zeros(count)}, folder)
    content = (folder / "model.safetensors").read_bytes()
    contents = int.from_bytes(content[:8], "little")
    print(f"{count:9,} numbers: 8 + {contents} + {4 * count:,} = {len(content):,} bytes")
    assert len(content) == 8 + contents + 4 * count

# %% [markdown]
# ## Exercise 2
#
# By at most one part in 2,048. The layer norms' ones and the biases' zeros do not change at all: they have few digits,
# and float16 holds them exactly.

# %%
torch.manual_seed(0)
sizes = {"vocab_size": 10, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
encoder = DPRQuestionEncoder(BertConfig(**sizes, max_position_embeddings=6, initializer_range=0.5)).eval()
save_network(encoder, folder / "half", torch.float16)
again = load_network(DPRQuestionEncoder, folder / "half")
before, after = (torch.cat([p.detach().flatten() for p in network.parameters()]) for network in (encoder, again))
change = ((after - before) / before)[before != 0].abs()
print(f"largest change 1 / {1 / change.max():,.0f}; {(after == before).sum()} of {len(before)} are as they were")
assert change.max() <= 1 / 2048 and torch.equal(after[before == 1], before[before == 1])

# %% [markdown]
# ## Exercise 3
#
# All the kept ones: they are written as `ctx_encoder.…`. The tensors are the same, so the vectors are, too; which of the
# two encoders a BERT becomes is nothing but a name.

# %%
plain = {
    name.replace("question_encoder.bert_model.", "bert."): tensor
    for name, tensor in read_tensors(folder / "half/model.safetensors").items()
}
(folder / "published").mkdir()
torch.save(plain, folder / "published/pytorch_model.bin")
settings = {**encoder.config.to_dict(), "model_type": "bert"}
(folder / "published/config.json").write_text(json.dumps(settings), encoding="utf-8")

[as_question] = convert(folder / "published", folder / "question", as_encoder="question-encoder")
[as_context] = convert(folder / "published", folder / "context", as_encoder="context-encoder")
changed = [one.why != other.why for one, other in zip(as_question.fates, as_context.fates, strict=True)]
ids = torch.tensor([[2, 5, 3]])
with torch.no_grad():
    q = load_network(DPRQuestionEncoder, folder / "question")(ids).pooler_output
    d = load_network(DPRContextEncoder, folder / "context")(ids).pooler_output
print(f"{sum(changed)} of {len(changed)} lines change, and the vectors are the same: {torch.equal(q, d)}")
assert all(changed) and torch.equal(q, d)
scratch.cleanup()

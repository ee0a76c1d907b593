# %% [markdown]
# # 07 Checkpoints: how do I know that every published number has found its place?
#
# Modules: minirag/model/name_tables.py, minirag/model/checkpoint.py, minirag/model/tensor_files.py, minirag/conversion/fates.py
#
# A checkpoint is a file of tensors, each with a name, and a few settings beside it. The code that reads it has names of
# its own. If one tensor keeps its random numbers, nothing crashes: the model answers, a little worse, and nobody knows why.
#
# ## What is in the file
#
# A safetensors file is a length (eight bytes), a table of contents as JSON, and the numbers. Two numbers, then, by hand:

# %%
import json
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from minirag.model.tensor_files import read_tensors, write_tensors

scratch = TemporaryDirectory()
folder = Path(scratch.name)
write_tensors({"w": torch.tensor([1.0, 2.5])}, folder / "small")
content = (folder / "small/model.safetensors").read_bytes()
(length,) = struct.unpack("<Q", content[:8])
header = json.loads(content[8 : 8 + length])
first, last = header["w"]["data_offsets"]
print(header["w"])
print(struct.unpack("<2f", content[8 + length + first : 8 + length + last]))
assert read_tensors(folder / "small/model.safetensors")["w"].tolist() == [1.0, 2.5]

# %% [markdown]
# ## Names there, names here
#
# Published names are those of the first code that wrote them. A table maps them to minirag's, with `{}` for the number of
# a layer, so that one line serves every layer. The loop that anyone would write:

# %%
from minirag.model.name_tables import BERT, own_name, published_names

name = "encoder.layer.3.attention.self.query.weight"
for published, ours in BERT.items():
    for number in range(12):
        if published.replace("{}", str(number)) == name:
            found = ours.replace("{}", str(number))
print(name, "→", found)
assert own_name(name, BERT) == found and published_names([found], BERT) == {found: name}  # the table, read both ways
print(len(BERT), "lines for BERT; left out on purpose:", own_name("pooler.dense.bias", BERT))

# %% [markdown]
# ## Every tensor is accounted for
#
# A small encoder, its file, and the same file with a fault. The naive reader takes what it finds and passes over the
# rest. `load_network` takes a file whole or refuses it, and names the tensor. (transformers only warns of a missing or
# misspelt one.)

# %%
from minirag import BertConfig, DPRQuestionEncoder
from minirag.model.checkpoint import TABLES, load_network, save_network

torch.manual_seed(0)
sizes = {"vocab_size": 10, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
encoder = DPRQuestionEncoder(BertConfig(**sizes, max_position_embeddings=6, initializer_range=0.5)).eval()
save_network(encoder, folder / "encoder")
good = read_tensors(folder / "encoder/model.safetensors")
query = "question_encoder.bert_model.encoder.layer.0.attention.self.query.weight"
without = {name: tensor for name, tensor in good.items() if name != query}
files = {
    "as it was": good,
    "misspelt": without | {query.replace("query", "qeury"): good[query]},
    "missing": without,
    "other shape": good | {query: torch.zeros(4, 5)},
}


def vector(network: DPRQuestionEncoder) -> list[float]:
    return [round(number, 2) for number in network(torch.tensor([[2, 5, 3]])).pooler_output[0].tolist()]


def outcome(call):
    """What comes back, or the one line of a refusal."""
    try:
        return call()
    except ValueError as error:
        return str(error).replace(f"{folder}/", "")


for what, tensors in files.items():
    torch.manual_seed(1)
    naive = DPRQuestionEncoder(encoder.config).eval()  # random numbers, to be replaced
    for ours, published in published_names(naive.state_dict(), TABLES[DPRQuestionEncoder]).items():
        if published in tensors and tensors[published].shape == naive.state_dict()[ours].shape:
            naive.state_dict()[ours].copy_(tensors[published])
    print(f"{what:11} naive: {vector(naive)}")
    write_tensors(tensors, folder / "encoder")
    print(" " * 11, "minirag:", outcome(lambda: vector(load_network(DPRQuestionEncoder, folder / "encoder"))))

# %% [markdown]
# ## One tensor, four names
#
# BART's table of embeddings is read by encoder and decoder and is the output layer, too (tutorial 06): one tensor, which
# files name up to four times. Here it exists once and is written under the first name. Any of the four will do; but of
# two that differ one would be lost, so that file is refused.

# %%
from minirag import BartConfig, BartForConditionalGeneration
from minirag.model.name_tables import BART

print([published for published, ours in BART.items() if ours == "embed_tokens.weight"])
save_network(BartForConditionalGeneration(BartConfig(d_model=16, encoder_layers=1, decoder_layers=1)), folder / "bart")
tensors = read_tensors(folder / "bart/model.safetensors")
write_tensors(tensors | {"lm_head.weight": tensors["model.shared.weight"] + 1}, folder / "bart")
print(outcome(lambda: load_network(BartForConditionalGeneration, folder / "bart")))

# %% [markdown]
# ## Half the bytes
#
# The shipped weights are in float16: two bytes a number, and read into float32. That keeps eleven binary digits, an
# error of at most 1 / 2048 of the number, as long as numbers stay between 2⁻¹⁴ and 65,504. Below, digits are lost one
# by one; above, there is only infinity, and `minirag convert --dtype float16` refuses it by name. Where do a model's
# numbers lie?

# %%
from minirag.plots.style import BLUE, new_figure

shipped = read_tensors(Path("weights/demo/model.safetensors"))
numbers = torch.cat([tensor.flatten().float().abs() for tensor in shipped.values()])
print(f"{len(numbers):,} numbers; the nearest to π in float16 is {torch.tensor(torch.pi).half():.6f}")
print(f"largest {numbers.max():.1f}; below 2⁻¹⁴: {(numbers < 2**-14).float().mean():.1%}")
counts = torch.histc(numbers[numbers > 0].log2(), bins=44, min=-26, max=18)
with new_figure(height=2.4) as figure:
    axes = figure.subplots()
    axes.bar([edge + 0.5 for edge in range(-26, 18)], (100 * counts / len(numbers)).tolist(), width=1.0, color=BLUE)
    for end, told in ((-14, "2⁻¹⁴ "), (16, "65,504 ")):
        axes.axvline(end, color="black", linestyle="--", linewidth=1)
        axes.text(end, 1.0, told, ha="right", va="top", transform=axes.get_xaxis_transform())
    axes.set(xlabel="log₂ of the number, without its sign", ylabel="% of all numbers")
    figure.set_label("Sizes of the weights: nearly all lie between 2⁻¹² and 1, far from both ends of float16.")
figure

# %% [markdown]
# ## Why nothing is unpickled
#
# Older files are pickles, and a pickle is a program: it says which functions to call, and whoever wrote the file chose
# them. This one only prints.

# %%
from minirag.conversion.pickled_files import read_pickled


class Planted:
    def __reduce__(self):
        return print, ("    the file has run a program of its own",)


torch.save({"weight": Planted()}, folder / "planted.bin")
print("unpickled:")
torch.load(folder / "planted.bin", weights_only=False)
print("minirag:", outcome(lambda: read_pickled(folder / "planted.bin")))

# %% [markdown]
# ## `minirag convert`
#
# So older files are read once, with torch's restricted reader, which builds tensors and nothing else. Here is a folder as
# BERT was first published: a pickle, another prefix, gamma and beta, parts that DPR has no use for. The function is what
# `minirag convert published converted --as question-encoder` calls. It tells the fate of every tensor; here are six.

# %%
from minirag.conversion.convert import convert

plain = {name.replace("question_encoder.bert_model.", "bert."): tensor for name, tensor in good.items()}
plain = {name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"): t for name, t in plain.items()}
plain |= {"bert.pooler.dense.bias": torch.zeros(4), "cls.predictions.bias": torch.zeros(10)}
(folder / "published").mkdir()
torch.save(plain, folder / "published/pytorch_model.bin")
(folder / "published/config.json").write_text(json.dumps({**encoder.config.to_dict(), "model_type": "bert"}), "utf-8")

[written] = convert(folder / "published", folder / "converted", as_encoder="question-encoder")
for fate in [*written.fates[:3], *written.fates[-3:]]:
    print(f"{fate.what:8}{fate.name:45}{fate.why}")
converted = load_network(DPRQuestionEncoder, folder / "converted")
assert all(torch.equal(a, b) for a, b in zip(converted.parameters(), encoder.parameters(), strict=True))
print(f"{len(plain)} tensors in the file; all {len(converted.state_dict())} of the network have found their places")
scratch.cleanup()

# %% [markdown]
# ## Check yourself
#
# Tables: `tests/model/test_checkpoint.py::test_the_name_table_and_its_inverse_agree`. Fates:
# `tests/conversion/test_convert.py::test_every_tensor_of_a_file_has_one_fate`. And the way back:
# `tests/crosscheck/test_networks.py::test_what_minirag_saves_transformers_loads_whole_with_the_same_output`.
#
# 1. How many bytes has the file of the first cell, and which are they? What if "w" had a million numbers?
# 2. Save the small encoder in float16 and load it again. By how much do its numbers change, and why not all of them?
# 3. Convert the folder with `--as context-encoder`. Which lines of the fates change, and can the vectors?

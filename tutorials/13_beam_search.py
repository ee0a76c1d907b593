# %% [markdown]
# # 13 Beam search: why not simply take the most likely token?
#
# Modules: minirag/decoding/beam_search.py, minirag/decoding/constraints.py, minirag/decoding/sampling.py
#
# Paper: RAG §2.5
#
# A generator says how likely each next token is. The answer we want is the most likely whole sentence. Taking the best
# token at every step looks like the way to get there. It is not: a good beginning can have no good end. And trying every
# sentence is no way either, there are V to the power of T of them. What can be done in between?

# %% [markdown]
# ## Three words, and a trap
#
# A language of three tokens: `a`, `b`, and `.`, which ends a sentence. Here is all that its model knows.

# %%
import torch

TOKENS = ["<s>", "a", "b", "."]
START, END = 0, 3
after = {  # p(next | last token), in the order of TOKENS; nothing is ever followed by <s>
    "<s>": [0.0, 0.55, 0.45, 0.0],
    "a": [0.0, 0.3, 0.4, 0.3],
    "b": [0.0, 0.1, 0.0, 0.9],
    ".": [0.0, 0.0, 0.0, 1.0],  # asked for where other sentences still go on, and not used
}


def next_probabilities(prefix: list[int]) -> list[float]:
    return after[TOKENS[prefix[-1]]]


# %% [markdown]
# ## Greedy search falls into it
#
# y_t = argmax_v p(v | y_<t), until the end.

# %%
written, probability = [START], 1.0
while written[-1] != END and len(written) < 5:
    choices = next_probabilities(written)
    best = max(range(4), key=choices.__getitem__)
    written, probability = [*written, best], probability * choices[best]
print(" ".join(TOKENS[i] for i in written), f"  {probability:.3f}")

# %% [markdown]
# ## Every sentence of at most four tokens
#
# The language is small enough to try them all; what has not ended after four tokens is cut there.

# %%
ended, live = [], [([START], 1.0)]
while live:
    prefix, p = live.pop()
    for token, q in enumerate(next_probabilities(prefix)):
        if q > 0:
            grown = ([*prefix, token], p * q)
            (ended if token == END or len(grown[0]) == 5 else live).append(grown)
ended.sort(key=lambda sentence: -sentence[1])
print(len(ended), "sentences, the best of them:")
for sentence, p in ended[:4]:
    print(" ".join(TOKENS[i] for i in sentence), f"  {p:.3f}")

# %% [markdown]
# The most likely sentence begins with the less likely token: `b` is nearly always the end of it. Greedy search had
# committed itself to `a` before it could see that.

# %% [markdown]
# ## Beam search keeps the W best beginnings
#
# Grow each of them by every token, and keep the best W of all that come out. W = 1 is greedy search; W = every possible
# beginning is the exhaustive one. Two are enough here.

# %%
W = 2
beams, finished, grown_prefixes, kept = [([START], 1.0)], [], {}, []
for step in range(4):
    grown = [([*prefix, v], p * q) for prefix, p in beams for v, q in enumerate(next_probabilities(prefix)) if q > 0]
    grown.sort(key=lambda beam: -beam[1])
    finished += [beam for beam in grown[:W] if beam[0][-1] == END]
    beams = [beam for beam in grown if beam[0][-1] != END][:W]
    grown_prefixes |= {tuple(TOKENS[i] for i in prefix[1:]): p for prefix, p in grown}
    kept += [tuple(TOKENS[i] for i in prefix[1:]) for prefix, _ in [*finished, *beams]]
    print(
        f"after {step + 1}:",
        ", ".join(f"{' '.join(TOKENS[i] for i in prefix[1:])} {p:.3f}" for prefix, p in grown[: 2 * W]),
    )
finished.sort(key=lambda beam: -beam[1])
print("found:", " ".join(TOKENS[i] for i in finished[0][0]), f"{finished[0][1]:.3f}")

# %% [markdown]
# Here is the way the two beams went, and every road that they passed by. A node is a prefix, with its probability; the
# longest sentences are left out.

# %%
from minirag.plots import search_tree

reached = {prefix: p for prefix, p in grown_prefixes.items() if len(prefix) <= 3}
figure = search_tree(reached, [prefix for prefix in kept if prefix in reached])
figure

# %% [markdown]
# ## minirag's function
#
# `beam_search` knows nothing of a network: it asks a `step` for log p(v | prefix) of W prefixes of each question at once.
# So it can be read alone, tested on tables like ours, and used for BART and for RAG-Token alike. Its only refinement is
# *2W*: it looks at the 2W best continuations, because at most W of them can have ended, one per prefix, so that W remain
# to go on with.

# %%
from minirag.decoding.beam_search import beam_search
from minirag.decoding.search_options import SearchOptions


def table_step(prefixes, parents):
    """(B, W, t) prefixes → (B, W, V) log-probabilities. `parents` is for networks with a cache."""
    return torch.tensor([[next_probabilities(prefix) for prefix in beams] for beams in prefixes.tolist()]).log()


ids = {
    "decoder_start_token_id": START,
    "eos_token_id": END,
    "pad_token_id": START,
    "max_length": 5,
    "length_penalty": 0.0,
}
for width in (1, 2, 8):
    [hypotheses] = beam_search(table_step, 1, SearchOptions(**ids, num_beams=width))
    best = hypotheses[0]
    print(f"{width} beams: {' '.join(TOKENS[i] for i in best.tokens)}   {torch.tensor(best.logprob).exp():.3f}")
[[widest]] = beam_search(table_step, 1, SearchOptions(**ids, num_beams=8))
assert widest.tokens == finished[0][0] == ended[0][0]
assert abs(widest.logprob - torch.tensor(ended[0][1]).log().item()) < 1e-6

# %% [markdown]
# ## The longer, the less likely: the length penalty
#
# Every token multiplies by something below 1, so a search for the most likely answer prefers short ones. Where that is
# not wanted the log-probability is divided by a power of the number of tokens n:
#
# score = log p(y) / n ** length_penalty
#
# With 0 it is the log-probability itself, with 1 the mean per token; above that, length itself is rewarded. The name
# misleads: a larger "penalty" is kinder to long answers, because log p is negative.

# %%
for penalty in (0.0, 1.0, 2.0):
    [hypotheses] = beam_search(table_step, 1, SearchOptions(**{**ids, "length_penalty": penalty}, num_beams=8))
    best, sentence = hypotheses[0], " ".join(TOKENS[i] for i in hypotheses[0].tokens)
    assert abs(best.score - best.logprob / (len(best.tokens) - 1) ** penalty) < 1e-6
    print(f"length_penalty {penalty}: {sentence:12} log p {best.logprob:.3f}, score {best.score:.3f}")

# %% [markdown]
# ## Not only the best: constraints, and chance
#
# A *constraint* looks at a prefix and changes the scores of the next tokens, mostly to −inf: no n tokens in a row twice,
# a forbidden word, an end that may not come before min_length. Each is a function of one formula in `constraints.py`.

# %%
[[unrepeated]] = beam_search(table_step, 1, SearchOptions(**ids, num_beams=8, bad_words_ids=[[2, 3]]))
print("never 'b .':", " ".join(TOKENS[i] for i in unrepeated.tokens))

# %% [markdown]
# *Sampling* does not search at all: it draws every token with its own probability, so an answer comes as often as it is
# likely. The most likely sentence should come in 0.405 of the draws.

# %%
from minirag.decoding.sampling import sample

options = SearchOptions(**{**ids, "length_penalty": 1.0}, do_sample=True, top_k=0, num_return_sequences=2000, seed=0)
[drawn] = sample(table_step, 1, options)
share = sum(hypothesis.tokens == ended[0][0] for hypothesis in drawn) / len(drawn)
print(f"drawn: {share:.3f}, probability: {ended[0][1]:.3f}")
assert abs(share - ended[0][1]) < 0.03

# %% [markdown]
# ## Check yourself
#
# That a beam as wide as the number of answers finds the best of all is held for random tables by
# `tests/decoding/test_beam_search.py::test_a_beam_as_wide_as_the_number_of_answers_ranks_them_all`.
#
# 1. For which p(b | <s>) is "b ." the most likely sentence, and for which does greedy search find it?
# 2. Does a wider beam always find an answer that is at least as likely? Look for a table where W = 2 does worse than W = 1.
# 3. Write a `step` for a model that knows one sentence, `a b a b .`, and let beam search write with
#    no_repeat_ngram_size=2. What comes out, and why?

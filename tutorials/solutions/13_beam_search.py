# %% [markdown]
# # Solutions to 13 Beam search

# %%
import torch

from minirag.decoding.beam_search import beam_search
from minirag.decoding.search_options import SearchOptions


def best_sentence(after: dict[str, dict[str, float]], width: int) -> tuple[str, float]:
    """What beam search finds in a table p(next | last token), by probability alone, and how likely it is."""
    tokens = sorted(after)

    def table_step(prefixes, parents):
        rows = [[after[tokens[prefix[-1]]] for prefix in beams] for beams in prefixes.tolist()]
        return torch.tensor([[[row.get(token, 0.0) for token in tokens] for row in beams] for beams in rows]).log()

    options = SearchOptions(
        decoder_start_token_id=tokens.index("<s>"),
        eos_token_id=tokens.index("."),
        pad_token_id=0,
        num_beams=width,
        max_length=5,
        length_penalty=0.0,
    )
    [[found]] = beam_search(table_step, 1, options)
    return " ".join(tokens[i] for i in found.tokens[1:]), torch.tensor(found.logprob).exp().item()


# %% [markdown]
# ## Exercise 1
#
# Call it x. "b ." has probability 0.9 x, its rivals "a b ." 0.36 (1 − x) and "a ." 0.3 (1 − x): it is the best from
# 0.36 / 1.26 = 0.29 on. Greedy search finds it only where b is the more likely first token, from 0.5 on. In between it is
# wrong.

# %%
print(f"{0.36 / 1.26:.2f}")
for x in (0.25, 0.3, 0.45, 0.55):
    after = {
        "<s>": {"a": 1 - x, "b": x},
        "a": {"a": 0.3, "b": 0.4, ".": 0.3},
        "b": {"a": 0.1, ".": 0.9},
        ".": {".": 1.0},
    }
    (greedy, _), (best, p) = best_sentence(after, 1), best_sentence(after, 8)
    print(f"x = {x:.2f}: greedy {greedy!r}, best {best!r} with {p:.3f}")
    assert (best == "b .") == (x > 0.36 / 1.26) and (greedy == "b .") == (x > 0.5)

# %% [markdown]
# ## Exercise 2
#
# No. Below, the road through `a` and `c` is the best, and greedy search walks it. With two beams it is pushed out
# after two steps by two prefixes that look better, and both end badly.

# %%
nowhere = {"a": 0.3, "d": 0.3, "e": 0.3, ".": 0.1}
after = {
    "<s>": {"a": 0.55, "b": 0.45},
    "a": {"c": 0.34, "d": 0.33, "e": 0.33},
    "b": {"d": 0.5, "e": 0.5},
    "c": {".": 1.0},
    "d": nowhere,
    "e": nowhere,
    ".": {".": 1.0},
}
for width in (1, 2, 3):
    sentence, p = best_sentence(after, width)
    print(f"W = {width}: {sentence!r} {p:.3f}")
assert best_sentence(after, 2)[1] < best_sentence(after, 1)[1] <= best_sentence(after, 3)[1]

# %% [markdown]
# ## Exercise 3
#
# "a b a .": after "a b a" the sentence goes on with b, but the pair "a b" has been there, and may not come
# again. (Without min_length it would be "." alone: one wrong token, and nothing more to be wrong about.)

# %%
sentence = [1, 2, 1, 2, 3]  # a b a b .


def by_heart(prefixes, parents):
    t = prefixes.shape[2] - 1
    probabilities = torch.tensor([0.0, 0.01, 0.01, 0.02])
    probabilities[sentence[min(t, 4)]] = 0.96
    return probabilities.log().expand(*prefixes.shape[:2], 4)


ids = {"decoder_start_token_id": 0, "eos_token_id": 3, "pad_token_id": 0, "num_beams": 4}
lengths = {"max_length": 8, "min_length": 4, "length_penalty": 0.0}
[[free]] = beam_search(by_heart, 1, SearchOptions(**ids, **lengths))
[[unrepeated]] = beam_search(by_heart, 1, SearchOptions(**ids, **lengths, no_repeat_ngram_size=2))
for found in (free, unrepeated):
    print(" ".join(["<s>", "a", "b", "."][i] for i in found.tokens[1:]))
assert free.tokens[1:] == sentence and unrepeated.tokens[1:] == [1, 2, 1, 3]

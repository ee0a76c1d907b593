"""Where does a retriever start when nothing is pretrained? As a bag of words in which rare words weigh more.

Paper     Spärck Jones 1972 (idf); Johnson & Lindenstrauss 1984 (random directions keep inner products)
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_bag_of_words.py

A network of random weights ranks passages by chance, and learns from a few thousand questions not much more. Here each word
gets a random direction r(w) of length idf(w)^¾, no position and no segment counts, and every layer adds nothing at first. The
mean of the states is then the sum of the text's words, and two texts are close if they share rare words: it searches before
it has learned anything. All of it stays trainable.

Layer norm makes all states equally long, which would undo the idf. So each word carries ballast, +1 and −1 in the first two
coordinates: the length of both parts together is what is normalised, and r(w) keeps its share, idf^¾ / √(2 + idf^1½). The last
norm's gain throws the ballast away.
"""

import math
from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from minirag.model.bert import BertEncoder, BertLayer
from minirag.retrieval.building import in_batches
from minirag.text.tokenizers import Tokenizer

POWER = 0.75  # of idf; 1 leaves common words no say at all
BALLAST = 1.0
AT_ONCE = 1000  # texts tokenized together


def inverse_document_frequencies(tokenizer: Tokenizer, texts: Iterable[str]) -> Float[Tensor, " V"]:
    """idf(w) = log(N / df(w)) / log N: 1 for a piece that one text of N holds, or none; 0 for one that all hold.

    [CLS], [SEP] and their like are 0. ValueError: fewer than two texts.
    """
    counts, total = torch.zeros(tokenizer.vocab_size, dtype=torch.double), 0
    for some in in_batches(texts, AT_ONCE):
        total += len(some)
        for ids in tokenizer.encode_many(some):
            counts[list(set(ids))] += 1
    if total < 2:
        raise ValueError(f"{total} texts are too few to tell rare words from common ones")
    special = [tokenizer.backend.token_to_id(token) for token in tokenizer.specials.values()]
    counts[[token_id for token_id in special if token_id is not None]] = total
    idf = (total / counts.clamp(min=1)).log() / math.log(total)
    return idf.clamp(min=0).float()  # log 1 comes out as −10⁻¹⁷ in some lanes, which has no power of ¾


@torch.no_grad()
def start_as_bag_of_words(encoder: BertEncoder, idf: Float[Tensor, " V"]) -> None:
    """Changes the weights as the module says. The mean of the last states is then Σ_w tf(w) · r(w) / √(2 + ‖r(w)‖²), scaled.

    The vector must be a mean of states: a [CLS] state alone would hold no word of the text.
    """
    words = encoder.embeddings.words.weight
    directions = torch.randn(words.shape[0], words.shape[1] - 2)
    directions -= directions.mean(dim=1, keepdim=True)  # layer norm takes a mean away: there is none
    directions *= (idf**POWER / directions.norm(dim=1))[:, None]
    words.copy_(torch.cat([torch.tensor([BALLAST, -BALLAST]).expand(len(words), 2), directions], dim=1))
    nn.init.zeros_(encoder.embeddings.positions.weight)
    nn.init.zeros_(encoder.embeddings.segments.weight)
    layers = [layer for layer in encoder.layers if isinstance(layer, BertLayer)]
    for layer in layers:
        for added in (layer.attention.output, layer.down):
            nn.init.zeros_(added.weight)
            nn.init.zeros_(added.bias)
    nn.init.zeros_(layers[-1].norm.weight[:2])

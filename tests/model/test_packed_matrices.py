"""A packed matrix is the same matrix: every product agrees, whatever happens to the weights in between."""

import copy
import io

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import linear
from torch.utils.flop_counter import FlopCounterMode

from minirag.decoding.bart import bart_decode
from minirag.model import packed_matrices
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.linear import activation, is_fast, product
from minirag.model.packed_matrices import PackedMatrices, can_be_packed, pack, packed_product, sum_of_bits
from tests.decoding.tiny_generator import options, ragged_sources, tiny_generator

SEARCH = options(num_beams=3, num_return_sequences=3, max_length=8)


@pytest.fixture
def generator(monkeypatch) -> BartForConditionalGeneration:
    """With matrices that are packed although they are small."""
    monkeypatch.setattr(packed_matrices, "FEWEST_NUMBERS", 1)
    return tiny_generator(seed=3).float()


def found(generator: BartForConditionalGeneration) -> list[tuple[list[int], float]]:
    hidden, mask = ragged_sources(generator, rows=3, seed=0)
    answers = bart_decode(generator, hidden, mask, SEARCH)
    return [(answer.tokens, answer.score) for question in answers for answer in question]


def same(ours: list[tuple[list[int], float]], plain: list[tuple[list[int], float]]) -> bool:
    tokens = [answer for answer, _ in ours] == [answer for answer, _ in plain]
    return tokens and all(abs(a - b) < 1e-4 for (_, a), (_, b) in zip(ours, plain, strict=True))


def unpacked(generator: BartForConditionalGeneration) -> list[tuple[list[int], float]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed_matrices, "can_be_packed", lambda matrix: False)
        return found(generator)


FAST = [dtype for dtype in (torch.float32, torch.bfloat16) if is_fast(dtype)]  # here


@given(
    st.integers(1, 70),
    st.integers(1, 40),
    st.integers(1, 40),
    st.booleans(),
    st.sampled_from([None, "gelu", "gelu_new", "relu"]),
    st.sampled_from(FAST),
    st.integers(0, 9),
)
def test_a_packed_product_is_the_product(rows, out, width, with_bias, name, dtype, seed):
    torch.manual_seed(seed)
    x, matrix = torch.randn(rows, width, dtype=dtype), torch.randn(out, width, dtype=dtype)
    bias = torch.randn(out, dtype=dtype) if with_bias else None
    assert can_be_packed(matrix)
    with torch.no_grad():
        ours = packed_product(x, pack(matrix), matrix, bias, name)
    plain = linear(x, matrix, bias)
    plain = plain if name is None else activation(name, plain)
    near = {torch.float32: 1e-5, torch.bfloat16: 1e-2}[dtype]  # sums in another order, rounded to 24 and to 8 bits
    torch.testing.assert_close(ours, plain, atol=near, rtol=near)


def test_a_search_reads_packed_matrices_and_finds_the_same(generator):
    def packed_products(search) -> int:
        counted = {torch.ops.mkldnn._linear_pointwise: lambda *shapes, **named: 1}
        with FlopCounterMode(display=False, custom_mapping=counted) as counter:
            answers.append(search(generator))
        return sum(count for op, count in counter.get_flop_counts()["Global"].items() if "mkldnn" in str(op))

    answers = []
    assert packed_products(found) > 0 == packed_products(unpacked)
    assert same(*answers)


@pytest.mark.parametrize("rows", [1, 3, 4, 9])
def test_few_rows_are_multiplied_as_they_are(rows, monkeypatch):
    x, matrix = torch.randn(rows, 8), torch.randn(5, 8)
    packed, asked = pack(matrix), []
    monkeypatch.setattr(packed_matrices, "product", lambda *given: asked.append(given) or product(*given))
    with torch.no_grad():
        torch.testing.assert_close(packed_product(x, packed, matrix, None), x @ matrix.mT)
    assert bool(asked) == (rows < 4)


def change_in_place(weight: torch.Tensor) -> None:
    with torch.no_grad():
        weight.mul_(-1.5)


def change_data(weight: torch.Tensor) -> None:
    weight.data[1, 2] += 3.0


def swap_rows(weight: torch.Tensor) -> None:
    weight.data[[2, 3]] = weight.data[[3, 2]].clone()


def train_fused(weight: torch.Tensor) -> None:
    """This torch does not count what the fused AdamW does as a change of the weights."""
    weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
    before = weight._version
    torch.optim.AdamW([weight], lr=1.0, fused=True).step()
    assert weight._version == before


@pytest.mark.parametrize("change", [change_in_place, change_data, swap_rows, train_fused])
@pytest.mark.parametrize("name", ["embed_tokens", "decoder.layers.0.feed_forward.up"])
def test_weights_that_were_changed_are_packed_again(generator, change, name):
    before = found(generator)
    change(generator.get_submodule(name).weight)
    after = found(generator)
    assert not same(after, before)
    assert same(after, unpacked(generator))


def test_weights_that_were_not_changed_are_packed_once(generator, monkeypatch):
    packs = []
    monkeypatch.setattr(packed_matrices, "pack", lambda matrix: packs.append(matrix) or pack(matrix))
    found(generator)
    once = len(packs)
    found(generator)
    assert once == len(packs) > 0


@pytest.mark.parametrize("dropout", [True, False])
def test_dropout_is_that_of_now(generator, dropout):
    found(generator)  # packed while it is not in training
    generator.train(dropout)
    for module in generator.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.5
    torch.manual_seed(0)
    ours = found(generator)
    torch.manual_seed(0)
    assert same(ours, unpacked(generator))


def test_biases_and_norms_are_those_of_now(generator):
    found(generator)
    with torch.no_grad():
        generator.logits_bias.copy_(torch.randn(generator.logits_bias.shape))
        generator.decoder.layers[0].feed_forward.up.bias.add_(1.0)
        generator.decoder.layers[0].feed_forward.norm.weight.mul_(2.0)
    assert same(found(generator), unpacked(generator))


def test_loaded_weights_are_those_that_are_read(generator):
    found(generator)
    other = tiny_generator(seed=8).float()
    generator.load_state_dict(other.state_dict(), assign=True)
    assert same(found(generator), unpacked(other))


def test_a_gradient_goes_through_a_packed_cache(generator):
    hidden, mask = ragged_sources(generator, rows=2, seed=1)
    generator.requires_grad_(True)
    cache = generator.start_cache(hidden, mask)
    generator.decode_step(torch.tensor([[4], [5]]), cache).sum().backward()
    assert generator.decoder.layers[0].feed_forward.up.weight.grad.abs().sum() > 0
    assert generator.embed_tokens.weight.grad.abs().sum() > 0


def test_autocast_and_other_formats_are_left_to_torch(generator):
    hidden, mask = ragged_sources(generator, rows=2, seed=1)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        cache = generator.start_cache(hidden, mask)
        assert generator.decode_step(torch.tensor([[4], [5]]), cache).dtype == torch.bfloat16
    generator.double()
    assert generator.start_cache(hidden.double(), mask).reader is None


def test_bfloat16_is_packed_where_the_processor_knows_it(generator):
    exact = copy.deepcopy(generator.bfloat16()).double()
    hidden, mask = ragged_sources(generator, rows=15, seed=1)
    caches = [generator.start_cache(hidden, mask) for _ in ("packed", "plain")]
    assert (caches[0].reader is not None) == is_fast(torch.bfloat16)
    caches[1].reader = None
    tokens = torch.arange(15)[:, None] % 8 + 4
    with torch.no_grad():
        right = exact.decode_step(tokens, exact.start_cache(hidden.double(), mask))
        packed, plain = ((generator.decode_step(tokens, cache) - right).norm() for cache in caches)
    assert packed <= 2 * plain < 0.2 * right.norm()  # both are rounded to 8 bits, here and there differently


def test_small_matrices_are_left_as_they_are():
    generator = tiny_generator(seed=3).float()
    hidden, mask = ragged_sources(generator, rows=2, seed=1)
    assert generator.start_cache(hidden, mask).reader is None


def test_a_copy_of_a_generator_packs_for_itself(generator):
    found(generator)
    twin = copy.deepcopy(generator)
    assert twin.packed.packed == []
    change_in_place(twin.embed_tokens.weight)
    assert same(found(twin), unpacked(twin)) and same(found(generator), unpacked(generator))


def test_what_is_packed_is_no_part_of_the_weights(generator):
    names = list(generator.state_dict())
    found(generator)
    assert list(generator.state_dict()) == names
    stored = io.BytesIO()
    torch.save(PackedMatrices(), stored)
    assert stored.tell() < 2000


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([torch.float32, torch.bfloat16]), st.data())
def test_any_changed_number_changes_the_sum(rows, width, dtype, data):
    matrix = torch.randn(rows, width, dtype=dtype)
    before = sum_of_bits(matrix)
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, width - 1))
    matrix[row, column] = torch.nextafter(matrix[row, column], torch.tensor(100.0, dtype=dtype))
    assert sum_of_bits(matrix) != before

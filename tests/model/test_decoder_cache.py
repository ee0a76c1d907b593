"""The decoder's cache: prefixes that begin alike are one tree, each of its nodes is read once, and none is ever moved."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.model.attention import KeysValues
from minirag.model.decoder_cache import LayerCache
from minirag.model.real_tokens import RealTokens
from tests.model.networks import bart, ragged_ids


@given(st.integers(0, 50), st.lists(st.integers(0, 6), min_size=7, max_size=7), st.integers(1, 7))
def test_every_path_of_a_tree_has_the_states_that_it_has_alone(seed, drawn, first):
    """Node i hangs from node drawn[i] % i; the first nodes are read in one call, the others in another."""
    model = bart()
    ids, mask = ragged_ids([6, 4], seed)
    hidden = model.encode(ids, mask).last_hidden_state
    tokens, _ = ragged_ids([7, 7], seed + 1)
    paths = [[0]]
    for i in range(1, 7):
        paths.append([*paths[drawn[i] % i], i])
    seen = torch.tensor([[[j in path for j in range(7)] for path in paths]]).expand(2, -1, -1)
    positions = torch.tensor([[len(path) - 1 for path in paths]])
    cache = model.start_cache(hidden, mask)
    read = [
        model.read_nodes(tokens[:, part], positions[:, part], seen[:, part, : part.stop], cache)
        for part in (slice(0, first), slice(first, 7))
        if part.start < part.stop
    ]
    states = torch.cat(read, dim=1)
    for i, path in enumerate(paths):
        alone = model.decode_states(tokens[:, path], hidden, mask)[:, -1]
        torch.testing.assert_close(states[:, i], alone, atol=1e-5, rtol=1e-5)


@given(st.integers(0, 50), st.lists(st.integers(0, 4), min_size=3, max_size=3), st.integers(1, 3))
def test_rows_with_unequally_many_nodes_have_the_states_of_each_row_alone(seed, lengths, first):
    """Prefixes without branches, read in two calls, of which `rows` says which nodes are real."""
    model = bart()
    ids, mask = ragged_ids([6, 4, 5], seed)
    hidden = model.encode(ids, mask).last_hidden_state
    tokens, _ = ragged_ids([8] * 3, seed + 1)
    cache, began, found = model.start_cache(hidden, mask), [0, 0, 0], [[], [], []]
    columns: list[list[int]] = [[], [], []]  # the cache's, of each row's prefix
    for counts in ([first] * 3, lengths):
        n = max(counts)
        if n == 0:
            continue
        real = torch.arange(n)[None] < torch.tensor(counts)[:, None]
        rows = RealTokens(*real.nonzero(as_tuple=True), tuple(real.shape))
        seen = torch.zeros(3, n, cache.nodes + n, dtype=torch.bool)
        seen[:, range(n), range(cache.nodes, cache.nodes + n)] = True
        ids_now, positions = torch.zeros(2, 3, n, dtype=torch.long)
        for r, count in enumerate(counts):
            for i in range(count):
                columns[r].append(cache.nodes + i)
                seen[r, i, columns[r]] = True
                ids_now[r, i], positions[r, i] = tokens[r, began[r] + i], began[r] + i
        for state, row in zip(model.read_nodes(ids_now, positions, seen, cache, rows)[0], rows.rows, strict=True):
            found[row].append(state)
        began = [had + count for had, count in zip(began, counts, strict=True)]
    for r, states in enumerate(found):
        alone = model.decode_states(tokens[r : r + 1, : began[r]], hidden[r : r + 1], mask[r : r + 1])[0]
        torch.testing.assert_close(torch.stack(states), alone, atol=1e-5, rtol=1e-5)


@given(st.integers(0, 50), st.permutations(range(3)), st.integers(1, 3))
def test_rows_that_are_kept_go_on_as_if_the_others_had_never_been_there(seed, order, kept):
    model = bart()
    ids, mask = ragged_ids([6, 4, 5], seed)
    hidden = model.encode(ids, mask).last_hidden_state
    tokens, _ = ragged_ids([4] * 6, seed + 1)  # 2 beams a row
    rows = torch.tensor(order[:kept])
    all_rows, some = (model.start_cache(hidden, mask, beams=2) for _ in range(2))
    beams = (2 * rows[:, None] + torch.arange(2)).flatten()
    for t in range(4):
        expected = model.decode_step(tokens[:, t : t + 1], all_rows)[beams]
        if t == 2:
            some.keep(rows)
        stepped = model.decode_step(tokens[:, t : t + 1] if t < 2 else tokens[beams, t : t + 1], some)
        torch.testing.assert_close(stepped if t >= 2 else stepped[beams], expected, atol=1e-5, rtol=1e-5)


def test_keys_and_values_are_written_once_while_there_is_room():
    cache, states = LayerCache(KeysValues(*torch.zeros(2, 1, 1, 1, 1))), torch.randn(2, 9, 1, 1, 3, 4)
    for i in range(9):
        had = cache.prefix
        everything = cache.extend(KeysValues(*states[:, i]), start=3 * i)
        for whole, parts in zip(everything, states, strict=True):
            assert torch.equal(whole, torch.cat(list(parts[: i + 1]), dim=2))
        if i in (1, 3, 4, 5):  # of 27 nodes there is room for 6, then for 18
            assert cache.prefix is had


def test_a_prefix_may_not_be_longer_than_the_positions_of_the_model():
    model = bart()
    cache = model.start_cache(torch.zeros(1, 2, 16), torch.ones(1, 2, dtype=torch.bool))
    cache.length = 32
    with pytest.raises(ValueError, match=r"^input of 33 tokens is longer than the 32 positions of this model$"):
        model.decode_step(torch.tensor([[4]]), cache)


@given(st.integers(0, 50), st.permutations(range(3)), st.integers(1, 3))
def test_sources_that_were_projected_once_serve_several_searches(seed, order, some):
    model = bart()
    ids, mask = ragged_ids([6, 4, 5], seed)
    hidden, rows = model.encode(ids, mask).last_hidden_state, torch.tensor(order[:some])
    sources = model.start_cache(hidden, mask)
    for cache, chosen in (
        (sources.afresh(), torch.arange(3)),
        (sources.afresh(rows), rows),
        (sources.afresh(), torch.arange(3)),
    ):
        tokens, _ = ragged_ids([2] * len(chosen), seed + 1)
        alone = model.start_cache(hidden[chosen], mask[chosen])
        for t in range(2):
            expected = model.decode_step(tokens[:, t : t + 1], alone)
            torch.testing.assert_close(model.decode_step(tokens[:, t : t + 1], cache), expected, atol=1e-5, rtol=1e-5)
        cache.keep(torch.tensor([0]))  # what one search leaves out is still there for the next

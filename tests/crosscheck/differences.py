"""How far apart are two tensors, or two networks' gradients? The measures of every test of this folder's networks.

`difference` is max|ours − theirs| / max(floor, max|theirs|): relative to the tensor's largest entry, not entry by entry. A sum
of many terms is known to some roundings of its largest terms, whatever is left after they cancel, so an entry near zero is
no better known than its neighbours.

`floor` says below which size the difference is an absolute one. It is 1 for tiny models, whose numbers are of that size:
where a gradient is 0 in exact arithmetic (a single passage, a single source token) only rounding is left to compare.
"""

from collections.abc import Iterable

from torch import Tensor, nn

from minirag.model.name_tables import NameTable, published_names


def difference(ours: Tensor, theirs: Tensor, floor: float = 1.0) -> float:
    assert ours.shape == theirs.shape, f"{list(ours.shape)} here, {list(theirs.shape)} there"
    return (ours - theirs).abs().max().item() / max(floor, theirs.abs().max().item())


def mean_difference(ours: Tensor, theirs: Tensor, exact: Tensor) -> float:
    """‖ours − theirs‖ / ‖exact‖: the root mean square instead of the largest, for noise that is to be as large as it is."""
    return ((ours.float() - theirs.float()).norm() / exact.norm()).item()


def level_differences(name: str, ours: Iterable[Tensor], theirs: Iterable[Tensor], real: Tensor) -> dict[str, float]:
    """One for each level of a network, where `real` is True: what stands at padding means nothing."""
    levels = enumerate(zip(ours, theirs, strict=True))
    return {f"{name}[{level}]": difference(mine[real], other[real]) for level, (mine, other) in levels}


def gradients(theirs: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.grad for name, parameter in theirs.named_parameters() if parameter.grad is not None}


def published_gradients(ours: nn.Module, table: NameTable) -> dict[str, Tensor]:
    """The same of a network here, under published names; every parameter must have one."""
    names = published_names([name for name, _ in ours.named_parameters()], table)
    found = gradients(ours)
    assert names.keys() == found.keys()
    return {names[name]: gradient for name, gradient in found.items()}


def gradient_differences(ours: dict[str, Tensor], theirs: dict[str, Tensor], floor: float = 1.0) -> dict[str, float]:
    """One for each parameter; a key's bias is measured by the gradient of its weight.

    It adds q·b to all scores of a query, and a softmax does not see what is added to all: the exact gradient is 0.
    """
    assert ours.keys() == theirs.keys()
    weights = {name: name.replace("key.bias", "key.weight").replace("k_proj.bias", "k_proj.weight") for name in ours}
    floors = {name: max(floor, theirs[weights[name]].abs().max().item()) for name in ours}
    return {name: difference(ours[name], theirs[name], floors[name]) for name in ours}


def assert_within(limit: float, differences: dict[str, float]) -> None:
    """The failure shows what is further apart, and by how much; NaN is."""
    assert {name: apart for name, apart in differences.items() if not apart <= limit} == {}

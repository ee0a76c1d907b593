"""Who starts processes on other machines, carries messages to them, and starts them again when they die? Ray does.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/cluster/test_engine.py

RAY_ADDRESS names a cluster (`auto`: the one that this machine belongs to), as for every program that uses Ray; without it the
processes are started on this machine alone. All machines must see the same folders, and have minirag installed. Ray carries
tensors and passages by pickle between its own processes, with nothing to keep strangers out: run it in a network that you
trust. No file of minirag's is read or written that way.
"""

import logging
import os
import socket
from collections.abc import Sequence
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it tells nobody that it runs

RETRIES = 8  # of a request, when its process died; a few are gone before Ray notices that a whole machine is
RESERVED = 0.01  # cores; Ray does not look where it puts processes that reserve nothing
PATIENCE = 300.0  # seconds that a request may take, a new start of its process included


def joined() -> Any:
    """The module `ray`, with a cluster. ValueError: it is not installed; ConnectionError: nobody answers at RAY_ADDRESS."""
    try:
        import ray
    except ImportError:
        raise ValueError("several workers, and an index in shards, need Ray: pip install 'minirag[ray]'") from None
    if not ray.is_initialized():
        named = os.environ.get("RAY_ADDRESS")
        of_its_own: dict[str, Any] = {} if named else {"include_dashboard": False}
        try:
            check_reachable(named or "")
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **of_its_own)
        except ConnectionError as error:
            raise ConnectionError(f"RAY_ADDRESS={named}: no cluster ({' '.join(str(error).split())})") from None
    return ray


def check_reachable(address: str) -> None:
    """Of `host:port`; Ray itself would try for minutes. ConnectionError: nobody listens there."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or "/" in host:
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise ConnectionError(error.strerror or str(error)) from None


def start_processes(process: type, arguments: Sequence[tuple[Any, ...]], gpus: int = 0) -> list[Any]:
    """A process of this class for each of the arguments, spread over the machines. One that dies is started again, with
    the same arguments, where there is room, and is asked once more what it had not answered.

    They reserve next to nothing, so that one can always move to the machines that are left.
    """
    ray = joined()
    there = ray.cluster_resources().get("GPU", 0)
    if gpus * len(arguments) > there:
        raise ValueError(f"{len(arguments)} workers need a GPU each, and the cluster has {there:.0f}")
    actor = ray.remote(num_cpus=RESERVED, num_gpus=gpus, max_restarts=-1, max_task_retries=RETRIES)(process)
    machines = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    return [
        actor.options(scheduling_strategy=on_machine(machines[n % len(machines)])).remote(*given)
        for n, given in enumerate(arguments)
    ]


def on_machine(name: str) -> Any:
    """There, or somewhere else if it is gone."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(name, soft=True)


def cores_each(count: int) -> int:
    """How many of a machine's cores each of `count` processes may use, spread over all machines."""
    nodes = [node for node in joined().nodes() if node["Alive"]]
    cores = min(int(node["Resources"].get("CPU", 1)) for node in nodes)
    return max(1, cores // -(-count // len(nodes)))


def answer_of(request: Any, who: str, patience: float = PATIENCE) -> Any:
    """What the process answered. ValueError: its own; OSError: it died again and again, or gives no answer; `who` is named."""
    from ray.exceptions import GetTimeoutError, RayActorError, RayTaskError

    ray = joined()
    try:
        return ray.get(request, timeout=patience)
    except GetTimeoutError:
        raise OSError(f"{who}: gave no answer in {patience:.0f} seconds") from None
    except RayTaskError as error:
        raise as_said(error.cause, who) from None
    except RayActorError as error:
        raise OSError(f"{who}: {why_dead(error)}") from None


def why_dead(error: Exception) -> str:
    """Ray tells why a process could not even begin (minirag is not installed there, or another one is); else it was killed."""
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines and "creation task" in lines[0] else "its process died, and every new one, too"


def as_said(error: Exception, who: str) -> Exception:
    """One line that begins with who it was."""
    message = " ".join(str(error).split())
    return (ValueError if isinstance(error, ValueError) else OSError)(f"{who}: {message}")

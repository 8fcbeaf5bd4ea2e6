"""A Ray cluster on this host: a head that works on nothing, and nodes with a core and a temporary folder each."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ray._private.node import Node

MEMORY = 80 * 2**20  # bytes of a node's object store, the least that Ray takes


class SmallCluster:
    """Nodes come and go; the head stays."""

    def __init__(self, folder: Path, n_nodes: int = 2) -> None:
        with _quiet():
            from ray.cluster_utils import Cluster

            self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        self._folder = folder
        self.homes: list[Path] = []
        """Where nodes work that do not see a sweep's folder: of all that ever were, in order."""
        for _ in range(n_nodes):
            self.add_node()

    @property
    def address(self) -> str:
        """Where the head answers."""
        return str(self._cluster.address)

    @property
    def nodes(self) -> "Sequence[Node]":
        """Those that work."""
        return list(self._cluster.worker_nodes)

    def add_node(self) -> None:
        """Let one more node join."""
        home = self._folder / f"node-{len(self.homes)}"
        home.mkdir(parents=True)
        self.homes.append(home)
        with _quiet():
            self._cluster.add_node(num_cpus=1, object_store_memory=MEMORY, env_vars={"TMPDIR": str(home)})

    def remove_node(self, node: "Node", *, gracefully: bool) -> None:
        """Let a node leave, or end it as a power cut does: then Ray takes longer to notice."""
        with _quiet():
            self._cluster.remove_node(node, allow_graceful=gracefully)

    def shut_down(self) -> None:
        """End all of it."""
        with _quiet():
            self._cluster.shutdown()


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own
        yield

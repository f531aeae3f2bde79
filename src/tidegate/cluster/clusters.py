"""The clusters of all environments. Whoever imports this has paid nothing for them: they are connected when read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from tidegate.cluster.api import Api
from tidegate.cluster.cluster import KubernetesCluster
from tidegate.cluster.recent import RecentCluster
from tidegate.model.cluster_access import ClusterAccess
from tidegate.ports import Clock
from tidegate.ports.cluster import Cluster

_LASTING: Final = timedelta(seconds=3)
"""For so long a cluster is not asked again: a server looks at many keys together."""


@contextmanager
def open_clusters(
    accesses: Mapping[str, ClusterAccess], environ: Mapping[str, str], home: Path, clock: Clock
) -> Iterator[Mapping[str, Cluster]]:
    """Give the clusters by the same names; those that are read in the same way are one. Nothing is asked yet.

    Args:
        accesses: environment → how its cluster is read.
        environ: environment variables: kubeconfigs, the pod's API.
        home: the user's folder, for `.kube/config`.
        clock: what time it is.
    """
    with ExitStack() as stack:
        opened: dict[ClusterAccess, Cluster] = {}
        for access in dict.fromkeys(accesses.values()):
            cluster = KubernetesCluster(partial(Api.open, access, environ, home), access.namespaces)
            stack.callback(cluster.close)
            opened[access] = RecentCluster(cluster, clock, _LASTING)
        yield {name: opened[access] for name, access in accesses.items()}

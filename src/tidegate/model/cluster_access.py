"""ClusterAccess: which cluster an environment runs in, and where it says who we are. Never a secret itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """How a cluster is read.

    Args:
        kubeconfig: file, absolute; None: see `kubeconfig_env`.
        kubeconfig_env: variable with the path of such a file, or with what would stand in it. None of both: as kubectl
            has it, `KUBECONFIG`, `~/.kube/config`, or the service account of the pod that we are in.
        context: which of its contexts; None: its current one.
        namespaces: those with the environment's HelmReleases; none: all that there are.
    """

    kubeconfig: Path | None = None
    kubeconfig_env: str | None = None
    context: str | None = None
    namespaces: tuple[str, ...] = ()

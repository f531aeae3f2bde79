"""A Kubernetes API on loopback with two releases, and kubeconfigs for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tidegate.cluster.api import Api
from tidegate.cluster.cluster import KubernetesCluster
from tidegate.model.cluster_access import ClusterAccess
from tidegate.model.json import Json
from tidegate.testing.clock import FakeClock
from tidegate.testing.cluster import FakeCluster
from tidegate.testing.kubernetes.server import FakeKubernetes

SECRET = "s3cr3t-t0ken"


def two_releases() -> FakeKubernetes:
    """Return an API with two HelmReleases, for whoever has `SECRET`."""
    flux = FakeCluster(FakeClock())
    flux.apply("apps/inventory", "prd.example/inventory:1.1.2")
    flux.apply("billing/ledger", "prd.example/ledger:2")
    return FakeKubernetes(flux, token=SECRET)


def names(cluster: KubernetesCluster) -> list[str]:
    """Return the HelmReleases of `cluster`, each as `namespace/name`."""
    return [each.path for each in cluster.helm_releases()]


def kubeconfig(
    server: str, user: dict[str, Json] | None = None, cluster: dict[str, Json] | None = None, name: str = "live"
) -> str:
    """Return a kubeconfig of one context, as JSON, which is YAML."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": "robot"}}],
            "clusters": [{"name": name, "cluster": {"server": server, **(cluster or {})}}],
            "users": [{"name": "robot", "user": user or {}}],
        }
    )


def cluster_at(server: str, user: dict[str, Json] | None = None, *namespaces: str) -> KubernetesCluster:
    """Return the cluster whose API is at `server`; close it."""
    access = ClusterAccess(kubeconfig_env="KC", namespaces=namespaces)
    return KubernetesCluster(
        lambda: Api.open(access, {"KC": kubeconfig(server, user)}, Path("/nonexistent")), namespaces
    )


def connect(text: str, *, folder: Path | None = None, environ: Mapping[str, str] | None = None) -> KubernetesCluster:
    """Return the cluster of a kubeconfig: of a file in `folder`, else of a variable."""
    home = Path("/nonexistent")
    if folder is not None:
        (folder / "kube.yaml").write_text(text)
        access = ClusterAccess(kubeconfig=folder / "kube.yaml")
    else:
        access = ClusterAccess(kubeconfig_env="KC")
    return KubernetesCluster(lambda: Api.open(access, {**(environ or {}), "KC": text}, home))

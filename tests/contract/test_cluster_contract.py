"""The cluster port: a Kubernetes API in each version of Flux's own, and the fake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from lightkube import ApiError, Client, KubeConfig
from lightkube.config.models import Cluster as KubeCluster
from lightkube.config.models import User
from lightkube.generic_resource import create_namespaced_resource

from support.kubeconfigs import cluster_at
from tidegate.model import ImageRef
from tidegate.ports.cluster import Cluster, ClusterRelease, ConditionStatus, HelmRevision, ReadyCondition
from tidegate.testing.clock import START, FakeClock
from tidegate.testing.cluster import FakeCluster
from tidegate.testing.kubernetes.server import FakeKubernetes, serve

DIGEST = f"sha256:{'a' * 64}"


@dataclass(frozen=True, slots=True)
class Scene:
    """A cluster, what it has, and whether Flux's API there knows generations in conditions."""

    cluster: Cluster
    flux: FakeCluster
    clock: FakeClock
    is_old: bool = False


@pytest.fixture(params=["v2", "v2beta2", "v2beta1", "fake"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    clock = FakeClock()
    flux = FakeCluster(clock)
    if request.param == "fake":
        yield Scene(flux, flux, clock)
        return
    kubernetes = FakeKubernetes(flux, token="t0ken", versions=frozenset({request.param}))
    with serve(kubernetes) as url, closing(cluster_at(url, {"token": "t0ken"})) as cluster:
        yield Scene(cluster, flux, clock, request.param == "v2beta1")


def test_a_cluster_without_releases_has_none(scene: Scene) -> None:
    assert scene.cluster.helm_releases() == ()


def test_a_release_is_told_with_all_that_flux_says(scene: Scene) -> None:
    wanted = ClusterRelease(
        namespace="apps",
        name="inventory",
        generation=7,
        observed_generation=6,
        ready=ReadyCondition(
            ConditionStatus.FALSE, "UpgradeFailed", "timed out\nwaiting", START, None if scene.is_old else 7
        ),
        images=(
            ImageRef.parse("prd.example/team/inventory:1.1.3"),
            ImageRef.parse(f"prd.example/sidecar:2@{DIGEST}"),
        ),
        suspended=True,
        applied_revision="6.5.0",
        attempted_revision="6.5.1",
        revision=HelmRevision(3, "podinfo 6.5.0", "deployed", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    )
    scene.flux.put(wanted)
    assert scene.cluster.helm_releases() == (wanted,)


def test_releases_come_by_namespace_and_name_however_many_there_are(scene: Scene) -> None:
    paths = [f"{namespace}/r{number}" for number in range(251) for namespace in ("b", "a", "a-b")]
    for path in paths:
        scene.flux.apply(path, "prd.example/r:1")
    told = [each.path for each in scene.cluster.helm_releases()]
    assert told == sorted(paths, key=lambda path: tuple(path.split("/")))


def test_the_life_of_a_release(scene: Scene) -> None:
    def look() -> tuple[int, int | None, ConditionStatus | None, datetime | None, list[str]]:
        (found,) = scene.cluster.helm_releases()
        ready = found.ready
        images = [str(each) for each in found.images]
        return (
            found.generation,
            found.observed_generation,
            ready.status if ready else None,
            ready.since if ready else None,
            images,
        )

    scene.flux.apply("apps/inventory", "prd.example/inventory:1.1.2")
    assert look() == (1, None, None, None, ["prd.example/inventory:1.1.2"])
    scene.flux.reconciled("apps/inventory")
    assert look() == (1, 1, ConditionStatus.TRUE, START, ["prd.example/inventory:1.1.2"])

    scene.clock.sleep(60)
    scene.flux.apply("apps/inventory", "prd.example/inventory:1.1.3")
    assert look() == (2, 1, ConditionStatus.TRUE, START, ["prd.example/inventory:1.1.3"])
    scene.flux.progressing("apps/inventory")
    later = START + timedelta(minutes=1)
    assert look() == (2, 1, ConditionStatus.UNKNOWN, later, ["prd.example/inventory:1.1.3"])
    scene.flux.failed("apps/inventory", "no")
    assert look()[2] is ConditionStatus.FALSE

    scene.flux.suspend("apps/inventory")
    assert [each.suspended for each in scene.cluster.helm_releases()] == [True]
    scene.flux.remove("apps/inventory")
    assert scene.cluster.helm_releases() == ()


def test_lightkube_s_own_client_reads_the_same_list() -> None:
    """An independent witness of the API on loopback: pages, versions and namespaces as another client knows them."""
    flux = FakeCluster(FakeClock())
    for number in range(25):
        flux.apply(f"{'ab'[number % 2]}/r{number:02}", "prd.example/r:1")
    release = create_namespaced_resource("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases")
    kubernetes = FakeKubernetes(flux, token="t0ken")
    with serve(kubernetes) as url:
        config = KubeConfig.from_one(cluster=KubeCluster(server=url), user=User(token="t0ken"))
        client = Client(config=config)
        found = [
            f"{each.metadata.namespace}/{each.metadata.name}"
            for each in client.list(release, namespace="*", chunk_size=10)
            if each.metadata is not None
        ]
        assert found == [each.path for each in flux.helm_releases()]
        assert len(kubernetes.requests) == 3
        assert len(list(client.list(release, namespace="b"))) == 12
        kubernetes.token = "another"
        with pytest.raises(ApiError) as caught:
            list(client.list(release, namespace="*"))
        assert caught.value.status.code == 401
        client.close()

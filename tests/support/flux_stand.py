"""A road's world whose environments dev and e2e run in clusters: two APIs on loopback, and a kubeconfig for both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from support.road_texts import image_of
from support.road_world import RoadWorld
from tidegate.testing.clock import FakeClock
from tidegate.testing.cluster import FakeCluster
from tidegate.testing.kubernetes.server import FakeKubernetes, serve

TOKEN = "cl6ster-t0ken"
RELEASE = "shop/inventory"


@dataclass(frozen=True, slots=True)
class FluxStand:
    """What runs.

    Args:
        clock: of Flux.
        clusters: environment → what its cluster has.
        apis: environment → its cluster's API.
    """

    clock: FakeClock
    clusters: dict[str, FakeCluster]
    apis: dict[str, FakeKubernetes]

    def apply(self, environment: str, tag: str) -> None:
        """Have the cluster of an environment name a release of inventory; Flux has not looked at it yet."""
        self.clusters[environment].apply(RELEASE, image_of(environment, tag))

    def runs(self, environment: str, tag: str) -> None:
        """Have a release of inventory run in an environment."""
        self.apply(environment, tag)
        self.clusters[environment].reconciled(RELEASE)


@contextmanager
def flux_stand(world: RoadWorld) -> Iterator[FluxStand]:
    """Give clusters to dev and e2e of `world` while the block runs; inventory runs in both."""
    clock = FakeClock()
    clusters = {name: FakeCluster(clock) for name in ("dev", "e2e")}
    apis = {name: FakeKubernetes(cluster, token=TOKEN) for name, cluster in clusters.items()}
    stand = FluxStand(clock, clusters, apis)
    stand.runs("dev", "1.1.3")
    stand.runs("e2e", "1.1.3-rc1")
    file = world.folder / "tidegate.yaml"
    text = file.read_text().replace("deploy: auto}", "deploy: auto, cluster: {kubeconfig_env: KC, context: dev}}")
    file.write_text(text.replace("{from: dev,", "{cluster: {kubeconfig_env: KC, context: e2e}, from: dev,"))
    with ExitStack() as stack:
        urls = {name: stack.enter_context(serve(api)) for name, api in apis.items()}
        (world.folder / "kube.json").write_text(_kubeconfig(urls))
        world.variables["KC"] = str(world.folder / "kube.json")
        yield stand


def _kubeconfig(urls: dict[str, str]) -> str:
    return json.dumps(
        {
            "contexts": [{"name": name, "context": {"cluster": name, "user": "robot"}} for name in urls],
            "clusters": [{"name": name, "cluster": {"server": url}} for name, url in urls.items()],
            "users": [{"name": "robot", "user": {"token": TOKEN}}],
        }
    )

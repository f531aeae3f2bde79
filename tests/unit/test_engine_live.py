"""What runs: every state of a HelmRelease in its cluster, and what the engine says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Barrier

import pytest

from support.engine_world import EngineWorld, helm_release
from support.until import PATIENCE
from tidegate.engine.live import Live, LiveState
from tidegate.engine.views.board import BoardState, board_cell, first_cell
from tidegate.engine.views.explanation import explain
from tidegate.engine.views.status import Cell, look, matrix
from tidegate.errors.cluster import ClusterUnreachable
from tidegate.model import ImageRef, Version
from tidegate.model.cluster_access import ClusterAccess
from tidegate.ports.cluster import ClusterRelease, ConditionStatus, HelmRevision, ReadyCondition
from tidegate.testing.clock import START
from tidegate.testing.cluster import FakeCluster

OLD, NEW = "dev.example/team/inventory:1.1.2", "dev.example/team/inventory:1.1.3"
SIDECAR = "ghcr.io/mesh/proxy:2.0.1"
HERE = "apps/inventory"


class Town(EngineWorld):
    """Dev declares inventory 1.1.3, and has a cluster."""

    def __init__(self) -> None:
        super().__init__()
        self.flux = FakeCluster(self.clock)
        self.change("dev", cluster=ClusterAccess())
        self.clusters["dev"] = self.flux

    def look(self) -> Cell:
        world = self.world()
        return look(world, world.service("inventory"), world.environment("dev"))

    def live(self) -> Live:
        found = self.look().live
        assert found is not None
        return found

    def runs(self, *images: str) -> None:
        self.flux.apply(HERE, *images)
        self.flux.reconciled(HERE)


@pytest.fixture
def town() -> Town:
    return Town()


def test_what_git_declares_runs(town: Town) -> None:
    town.runs(SIDECAR, NEW)
    live = town.live()
    assert replace(live, seen=None) == Live(
        LiveState.LIVE,
        HERE,
        ImageRef.parse(NEW),
        Version.parse("1.1.3"),
        START,
        "UpgradeSucceeded",
        "Helm upgrade succeeded",
    )
    assert live.running == live.image
    assert first_cell(town.look()).sentence == "dev has inventory 1.1.3"


def test_an_environment_without_a_cluster_is_as_it_was(town: Town) -> None:
    town.promote("e2e")
    world = town.world()
    cell = look(world, world.service("inventory"), world.environment("e2e"))
    assert (cell.live, cell.release) == (None, None)


def _declared_ahead(town: Town) -> None:
    town.runs(OLD)


def _fresh(town: Town) -> None:
    town.flux.apply(HERE, NEW)


def _applied(town: Town) -> None:
    town.runs(OLD)
    town.flux.apply(HERE, NEW)


def _progressing(town: Town) -> None:
    _applied(town)
    town.flux.progressing(HERE)


def _waits_for_another(town: Town) -> None:
    _applied(town)
    town.flux.failed(HERE, "dependency 'apps/db' is not ready", "DependencyNotReady")


def _failing(town: Town) -> None:
    _applied(town)
    town.flux.failed(HERE, "context deadline\n  exceeded")


def _failed_before(town: Town) -> None:
    town.flux.apply(HERE, OLD)
    town.flux.failed(HERE, "no such chart")
    town.flux.apply(HERE, NEW)


def _failed_old(town: Town) -> None:
    """In the words of v2beta1, whose conditions know no generation."""
    ready = ReadyCondition(ConditionStatus.FALSE, "UpgradeFailed", "timed out", START)
    town.flux.put(ClusterRelease("apps", "inventory", 2, 2, ready, (ImageRef.parse(NEW),)))


def _busy_old(town: Town) -> None:
    ready = ReadyCondition(ConditionStatus.FALSE, "UpgradeFailed", "timed out", START)
    town.flux.put(ClusterRelease("apps", "inventory", 3, 2, ready, (ImageRef.parse(NEW),)))


def _suspended(town: Town) -> None:
    town.runs(NEW)
    town.flux.suspend(HERE)


def _gone(town: Town) -> None:
    town.flux.apply("apps/billing", "dev.example/team/billing:2")


def _of_another(town: Town) -> None:
    town.runs(SIDECAR)


def _dark(town: Town) -> None:
    town.flux.failure = ClusterUnreachable("no connection", where="https://k8s", hint="check it")


@pytest.mark.parametrize(
    ("event", "state", "clause", "shown"),
    [
        (
            _declared_ahead,
            LiveState.NOT_APPLIED,
            "apps/inventory still runs 1.1.2: Flux has not applied what git declares",
            BoardState.MOVING,
        ),
        (_fresh, LiveState.ROLLING_OUT, "Flux is rolling out 1.1.3", BoardState.MOVING),
        (_applied, LiveState.ROLLING_OUT, "Flux is rolling out 1.1.3", BoardState.MOVING),
        (
            _progressing,
            LiveState.ROLLING_OUT,
            "Flux is rolling out 1.1.3 (Progressing: Running 'upgrade' action)",
            BoardState.MOVING,
        ),
        (
            _waits_for_another,
            LiveState.ROLLING_OUT,
            "Flux is rolling out 1.1.3 (DependencyNotReady: dependency 'apps/db' is not ready)",
            BoardState.MOVING,
        ),
        (
            _failing,
            LiveState.FAILED,
            "Flux failed to roll out 1.1.3 (UpgradeFailed: context deadline exceeded)",
            BoardState.BLOCKED,
        ),
        (_failed_before, LiveState.ROLLING_OUT, "Flux is rolling out 1.1.3", BoardState.MOVING),
        (
            _failed_old,
            LiveState.FAILED,
            "Flux failed to roll out 1.1.3 (UpgradeFailed: timed out)",
            BoardState.BLOCKED,
        ),
        (_busy_old, LiveState.ROLLING_OUT, "Flux is rolling out 1.1.3", BoardState.MOVING),
        (_suspended, LiveState.SUSPENDED, "apps/inventory is suspended in its cluster", BoardState.WAITING),
        (_gone, LiveState.MISSING, "its cluster has no HelmRelease inventory", BoardState.BLOCKED),
        (_of_another, LiveState.UNKNOWN, None, BoardState.SETTLED),
        (_dark, LiveState.UNKNOWN, None, BoardState.SETTLED),
    ],
)
def test_how_far_flux_is(
    town: Town, event: Callable[[Town], None], state: LiveState, clause: str | None, shown: BoardState
) -> None:
    event(town)
    cell = town.look()
    assert cell.live is not None
    assert cell.live.state is state
    assert (cell.live.running is not None) == (state is LiveState.NOT_APPLIED)
    board = first_cell(cell)
    assert board.sentence == "dev has inventory 1.1.3" + (f"; {clause}" if clause else "")
    assert (board.state, board.shown) == (BoardState.SETTLED, shown)
    assert (cell.fault, cell.image) == (None, ImageRef.parse(NEW))


def test_a_cluster_that_is_dark_says_why(town: Town) -> None:
    _dark(town)
    live = town.live()
    assert (live.reason, live.message, live.hint) == ("cluster/unreachable", "https://k8s: no connection", "check it")


def test_promotion_goes_on_whatever_the_cluster_says(town: Town) -> None:
    town.change("e2e", cluster=ClusterAccess())
    town.clusters["e2e"] = FakeCluster(town.clock)
    _failing(town)
    town.bring("e2e")
    world = town.world()
    explanation = explain(world, world.service("inventory"), world.environment("e2e"))
    assert explanation.settled
    assert explanation.sentence == (
        "e2e has inventory 1.1.3-rc1, the newest of dev; its cluster has no HelmRelease inventory"
    )
    board = board_cell(explanation, None)
    assert (board.state, board.shown) == (BoardState.SETTLED, BoardState.BLOCKED)


def test_one_look_asks_a_cluster_once(town: Town) -> None:
    for name in ("e2e", "staging"):
        town.change(name, cluster=ClusterAccess())
        town.clusters[name] = town.flux
    town.bring("e2e")
    town.flux.looks = 0
    world = town.world()
    rows = list(matrix(world, tuple(world.pipeline.services.values())))
    assert [cell.live is not None for cell in rows[0]] == [True, True, False, False]
    assert town.flux.looks == 1
    _dark(town)
    world = town.world()
    for name in ("dev", "e2e"):
        look(world, world.service("inventory"), world.environment(name))
    assert town.flux.looks == 2


def test_clusters_are_asked_at_the_same_time(town: Town) -> None:
    together = Barrier(2)

    class Together(FakeCluster):
        def helm_releases(self) -> tuple[ClusterRelease, ...]:
            together.wait(PATIENCE)
            return super().helm_releases()

    for name in ("dev", "e2e"):
        town.change(name, cluster=ClusterAccess())
        town.clusters[name] = Together(town.clock)
    world = town.world()
    (cells, _) = matrix(world, tuple(world.pipeline.services.values()))
    assert [cell.live.state if cell.live else None for cell in cells[:2]] == [LiveState.MISSING, None]


def _declare_in(town: Town, namespace: str) -> None:
    data = helm_release(NEW).replace(b"  name: inventory\n", f"  name: inventory\n  namespace: {namespace}\n".encode())
    town.write("platform/gitops", {town.path("dev"): data})


def test_the_namespace_that_git_names_is_the_one(town: Town) -> None:
    _declare_in(town, "dev")
    for path, image in (("dev/inventory", NEW), ("e2e/inventory", OLD)):
        town.flux.apply(path, image)
        town.flux.reconciled(path)
    assert town.live().state is LiveState.LIVE
    town.flux.remove("dev/inventory")
    live = town.live()  # another environment's is not taken for ours
    assert (live.state, live.release) == (LiveState.MISSING, "dev/inventory")
    town.change("dev", cluster=ClusterAccess(namespaces=("e2e",)))  # a Kustomization has moved it there
    assert (town.live().state, town.live().release) == (LiveState.NOT_APPLIED, "e2e/inventory")


def test_without_a_namespace_it_is_the_one_with_the_service_s_image(town: Town) -> None:
    town.runs(NEW)
    town.flux.apply("tools/inventory", "ghcr.io/other/inventory:9")
    assert town.live().state is LiveState.LIVE
    town.flux.apply("shadow/inventory", OLD)
    live = town.live()
    assert (live.state, live.reason) == (LiveState.UNKNOWN, "cluster/ambiguous")
    assert "apps/inventory, shadow/inventory" in live.message


def test_two_tags_of_one_image_are_not_what_is_declared(town: Town) -> None:
    town.runs(NEW, OLD)
    assert town.live().state is LiveState.NOT_APPLIED
    assert town.live().image == ImageRef.parse(OLD)


def test_the_chart_is_what_helm_has_deployed(town: Town) -> None:
    found = ClusterRelease("apps", "inventory", 1, images=(ImageRef.parse(NEW),), attempted_revision="2")
    town.flux.put(found)
    assert town.live().chart == "2"
    town.flux.put(ClusterRelease("apps", "inventory", 1, images=found.images, applied_revision="1"))
    assert town.live().chart == "1"
    revision = HelmRevision(4, "web 1.2", "deployed", START)
    town.flux.put(ClusterRelease("apps", "inventory", 1, images=found.images, revision=revision))
    assert town.live().chart == "web 1.2"

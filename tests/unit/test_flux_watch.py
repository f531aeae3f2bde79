"""Clusters on the server: one look for many, and cells that follow what Flux says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from support.engine_world import EngineWorld
from support.kept_keys import Keys
from support.until import PATIENCE
from tidegate.cluster.recent import RecentCluster
from tidegate.engine.live import LiveState
from tidegate.engine.views.board import BoardCell
from tidegate.errors.cluster import ClusterForbidden, ClusterUnreachable
from tidegate.model.cluster_access import ClusterAccess
from tidegate.model.key import EverythingKey, Key, ServiceKey
from tidegate.ports.cluster import ClusterRelease
from tidegate.server.board_store import BoardStore
from tidegate.server.flux_watch import FluxWatch
from tidegate.server.reconciler import Reconciler
from tidegate.testing.clock import FakeClock
from tidegate.testing.cluster import FakeCluster

HERE = "apps/inventory"
NEW = "dev.example/team/inventory:1.1.3"
DEV = ServiceKey("inventory", "dev")


class Town(EngineWorld):
    """Dev has a cluster, and a server looks after the board."""

    def __init__(self) -> None:
        super().__init__()
        self.flux, self.queue, self.board = FakeCluster(self.clock), Keys(), BoardStore()
        self.change("dev", cluster=ClusterAccess())
        self.clusters["dev"] = self.flux
        self.flux.apply(HERE, NEW)
        self.flux.reconciled(HERE)
        self.reconciler = Reconciler(lambda: self.world("gate"), self.queue, self.board, threading.Event())
        self.watch = FluxWatch(self.reconciler, self.board, self.queue)
        self.reconciler.resync()
        self.queue.taken()

    def cell(self) -> BoardCell:
        found = self.board.snapshot.board.cell(DEV)
        assert found is not None
        return found

    def state(self) -> LiveState | None:
        live = self.cell().live
        return live.state if live else None

    def due(self) -> set[Key]:
        self.watch.look()
        return self.queue.taken()


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (lambda flux: flux.apply(HERE, "dev.example/team/inventory:1.1.4"), LiveState.ROLLING_OUT),
        (lambda flux: flux.failed(HERE, "no"), LiveState.FAILED),
        (lambda flux: flux.suspend(HERE), LiveState.SUSPENDED),
        (lambda flux: flux.remove(HERE), LiveState.MISSING),
        (lambda flux: flux.apply(HERE), LiveState.UNKNOWN),
        (lambda flux: setattr(flux, "failure", ClusterForbidden("no")), LiveState.UNKNOWN),
    ],
)
def test_a_cell_is_looked_at_once_when_its_cluster_says_something_else(
    town: Town, event: Callable[[FakeCluster], None], state: LiveState
) -> None:
    assert town.state() is LiveState.LIVE
    assert town.due() == set()
    event(town.flux)
    assert town.due() == {DEV}
    town.reconciler.handle(DEV)
    assert town.state() is state
    assert town.due() == set()
    town.flux.failure = None
    town.flux.put(ClusterRelease("apps", "inventory", 8))
    town.flux.apply(HERE, NEW)
    town.flux.reconciled(HERE)
    assert town.due() == {DEV}
    town.reconciler.handle(DEV)
    assert town.state() is LiveState.LIVE


def test_a_resync_sees_what_flux_says_though_git_stays_the_same(town: Town) -> None:
    town.flux.failed(HERE, "no")
    town.reconciler.resync()
    assert town.state() is LiveState.FAILED


def test_what_is_ambiguous_is_left_to_the_next_resync(town: Town) -> None:
    town.flux.apply("shadow/inventory", NEW)
    town.reconciler.resync()
    assert town.state() is LiveState.UNKNOWN
    town.queue.taken()
    assert town.due() == set()


def test_many_cells_are_looked_at_together(town: Town) -> None:
    cells = [BoardCell(f"s{each}", "dev", town.cell().state, "", live=town.cell().live) for each in range(21)]
    town.board.arrange(["dev"], [each.service for each in cells], town.board.look())
    town.board.renew(cells, town.board.look())
    town.flux.failure = ClusterUnreachable("dark")
    assert town.due() == {EverythingKey()}


def test_a_change_that_shows_nothing_new_settles(town: Town) -> None:
    (found,) = town.flux.helm_releases()
    town.flux.put(ClusterRelease(**{**_fields(found), "attempted_revision": "7"}))
    assert town.due() == {DEV}
    town.reconciler.handle(DEV)
    assert town.due() == set()


def _fields(release: ClusterRelease) -> dict[str, object]:
    return {name: getattr(release, name) for name in ClusterRelease.__slots__}


def test_one_answer_holds_for_all_who_ask_soon() -> None:
    clock = FakeClock()
    flux = FakeCluster(clock)
    recent = RecentCluster(flux, clock, timedelta(seconds=3))
    for seconds, looks in ((0, 1), (2, 1), (1, 2), (0, 2)):
        clock.sleep(seconds)
        recent.helm_releases()
        assert flux.looks == looks
    clock.sleep(3)
    flux.failure = ClusterUnreachable("dark")
    for _ in range(2):
        with pytest.raises(ClusterUnreachable):
            recent.helm_releases()
    assert flux.looks == 3


def test_a_slow_cluster_is_left_alone_for_longer_and_keeps_nobody_waiting() -> None:
    clock = FakeClock()
    flux = FakeCluster(clock)
    flux.apply(HERE, NEW)
    slow = _Slow(flux, clock)
    recent = RecentCluster(slow, clock, timedelta(seconds=3))
    assert len(recent.helm_releases()) == 1  # it took 10 s
    clock.sleep(29)
    recent.helm_releases()
    assert flux.looks == 1
    clock.sleep(1)
    slow.gate.clear()
    asking = threading.Thread(target=recent.helm_releases)
    asking.start()
    assert slow.asked.wait(PATIENCE)
    flux.remove(HERE)
    assert len(recent.helm_releases()) == 1  # what was read before
    slow.gate.set()
    asking.join(PATIENCE)
    assert recent.helm_releases() == ()


class _Slow:
    """A cluster that takes ten seconds, and stops at a gate."""

    def __init__(self, cluster: FakeCluster, clock: FakeClock) -> None:
        self._cluster, self._clock = cluster, clock
        self.gate, self.asked = threading.Event(), threading.Event()
        self.gate.set()

    def helm_releases(self) -> tuple[ClusterRelease, ...]:
        if not self.gate.is_set():
            self.asked.set()
        assert self.gate.wait(PATIENCE)
        self._clock.sleep(10)
        return self._cluster.helm_releases()

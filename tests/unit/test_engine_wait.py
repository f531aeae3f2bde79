"""Waiting for a release: what is told meanwhile, and when it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.engine_world import GITOPS, EngineWorld
from tidegate.engine.live import LiveState
from tidegate.engine.views.status import Cell
from tidegate.engine.views.wait import wait_for
from tidegate.errors import TidegateError
from tidegate.errors.cluster import ClusterForbidden, ClusterNotConfigured, ClusterUnreachable
from tidegate.errors.git import GitUnauthorized, RemoteUnreachable
from tidegate.errors.model import InvalidVersion
from tidegate.errors.release import StillWaiting
from tidegate.model.cluster_access import ClusterAccess
from tidegate.testing.cluster import FakeCluster
from tidegate.testing.gitops import FakeRepo


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


def wait(
    town: EngineWorld, environment: str, version: str | None = None, minutes: int = 10, *, live: bool = False
) -> tuple[Cell, list[str]]:
    reasons: list[str] = []
    world = town.world()
    found = wait_for(
        world,
        world.service("inventory"),
        world.environment(environment),
        version=version,
        timeout=timedelta(minutes=minutes),
        interval=timedelta(minutes=1),
        report=reasons.append,
        live=live,
    )
    return found, reasons


def test_what_is_there_is_not_waited_for(town: EngineWorld) -> None:
    town.bring("e2e")
    found, reasons = wait(town, "e2e")
    assert (found.tag, reasons, town.clock.sleeps) == ("1.1.3-rc1", [], [])


def test_waiting_tells_each_new_reason_and_ends_with_the_release(town: EngineWorld) -> None:
    town.clock.events.extend(
        [lambda: None, lambda: town.promote("e2e"), lambda: town.deliver(town.forge.merge_requests(GITOPS)[0])]
    )
    found, reasons = wait(town, "e2e", "1.1.3")
    assert found.tag == "1.1.3-rc1"
    assert [reason[:15] for reason in reasons] == ["1.1.3 waits: no", "1.1.3 is ready:"]
    assert town.clock.sleeps == [60.0] * 3


def test_waiting_ends_when_the_time_is_over(town: EngineWorld) -> None:
    with pytest.raises(StillWaiting, match=r"e2e does not have inventory 1\.1\.3 yet") as caught:
        wait(town, "e2e", minutes=3)
    assert (caught.value.exit_code, caught.value.where) == (8, None)  # the reason was told as it came
    assert town.clock.sleeps == [60.0] * 3


def cut_off(monkeypatch: pytest.MonkeyPatch, error: TidegateError) -> None:
    def refresh(_: FakeRepo) -> None:
        raise error

    monkeypatch.setattr(FakeRepo, "refresh", refresh)


def test_what_passes_ends_no_wait_that_has_begun(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = RemoteUnreachable("no route to host", where=GITOPS)
    town.clock.events.extend(
        [lambda: cut_off(monkeypatch, gone), lambda: None, monkeypatch.undo, lambda: town.bring("e2e")]
    )
    found, reasons = wait(town, "e2e", "1.1.3")
    assert found.tag == "1.1.3-rc1"
    first, cut, again = reasons
    assert cut == "e2e can't be looked at: platform/gitops: no route to host"
    assert first == again
    assert town.clock.sleeps == [60.0] * 4


def test_what_still_does_not_answer_when_the_time_is_over_is_the_error(
    town: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = RemoteUnreachable("no route to host")
    town.clock.events.append(lambda: cut_off(monkeypatch, gone))
    with pytest.raises(RemoteUnreachable):
        wait(town, "e2e", minutes=3)
    assert town.clock.sleeps == [60.0] * 3


def test_what_does_not_pass_by_itself_is_not_waited_for(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    town.clock.events.append(lambda: cut_off(monkeypatch, GitUnauthorized("not allowed")))
    with pytest.raises(GitUnauthorized):
        wait(town, "e2e")
    assert town.clock.sleeps == [60.0]


def test_who_can_not_look_at_all_is_told_at_once(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(monkeypatch, RemoteUnreachable("no route to host"))
    with pytest.raises(RemoteUnreachable):
        wait(town, "e2e", "1.1.3")
    assert town.clock.sleeps == []


def test_another_manifest_of_the_same_image_is_waited_for(town: EngineWorld) -> None:
    town.retune()
    town.clock.events.append(lambda: town.bring("e2e"))
    found, reasons = wait(town, "e2e")
    assert (found.tag, len(reasons), town.clock.sleeps) == ("1.1.3-rc1", 1, [60.0])


def test_a_version_that_the_source_never_had_is_told_so(town: EngineWorld) -> None:
    """Not the reasons of another version, which will never do."""
    town.bring("e2e")
    town.promote("staging")
    town.clock.events.extend([lambda: None, lambda: town.declare("staging", "9.9.0")])
    _, reasons = wait(town, "staging", "9.9.0")
    assert reasons == ["e2e never had inventory 9.9.0: it has 1.1.3-rc1; promote it to e2e first"]


def test_the_same_version_with_another_digest_is_waited_for(town: EngineWorld) -> None:
    town.bring("e2e")
    town.push("dev", "1.1.3", "rebuilt")
    town.clock.events.append(lambda: town.bring("e2e"))
    assert wait(town, "e2e")[0].tag == "1.1.3-rc2"


def test_what_the_source_had_at_the_beginning_is_waited_for(town: EngineWorld) -> None:
    town.clock.events.extend([lambda: town.bring("e2e")])
    assert wait(town, "e2e")[0].tag == "1.1.3-rc1"


def test_the_first_environment_can_be_waited_for_by_version(town: EngineWorld) -> None:
    town.clock.events.append(lambda: town.build("1.1.4"))
    found, reasons = wait(town, "dev", "1.1.4")
    assert (found.tag, reasons) == ("1.1.4", ["dev has inventory 1.1.3"])


@pytest.mark.parametrize("version", ["x", "", "latest", "1.1.x", "~1.1"])
def test_what_is_no_version_is_not_waited_for(town: EngineWorld, version: str) -> None:
    with pytest.raises(InvalidVersion) as caught:
        wait(town, "staging", version)
    assert caught.value.exit_code == 2
    assert town.clock.sleeps == []


@pytest.mark.parametrize("version", ["1.1.3", "1.1.3-rc1"])
def test_a_version_or_a_tag_is_waited_for(town: EngineWorld, version: str) -> None:
    town.bring("e2e")
    assert wait(town, "e2e", version)[0].tag == "1.1.3-rc1"


def test_an_empty_source_has_nothing_to_wait_for(town: EngineWorld) -> None:
    with pytest.raises(StillWaiting, match="e2e has no inventory to wait for"):
        wait(town, "staging")


OURS = "apps/inventory"
NEW = "e2e.example/team/inventory:1.1.3-rc1"


def with_cluster(town: EngineWorld) -> FakeCluster:
    flux = FakeCluster(town.clock)
    town.change("e2e", cluster=ClusterAccess())
    town.clusters["e2e"] = flux
    town.bring("e2e")
    return flux


def test_waiting_for_what_runs_tells_what_flux_says(town: EngineWorld) -> None:
    flux = with_cluster(town)
    flux.apply(OURS, "e2e.example/team/inventory:1.1.2-rc1")
    flux.reconciled(OURS)
    unreachable = ClusterUnreachable("no connection", where="https://k8s")

    def dark() -> None:
        flux.failure = unreachable

    def light() -> None:
        flux.failure = None
        flux.apply(OURS, NEW)

    town.clock.events.extend(
        [dark, light, lambda: flux.failed(OURS, "timed out"), lambda: None, lambda: flux.reconciled(OURS)]
    )
    found, reasons = wait(town, "e2e", live=True)
    assert found.live is not None
    assert found.live.state is LiveState.LIVE
    assert reasons == [
        f"e2e has inventory 1.1.3-rc1; {OURS} still runs 1.1.2-rc1: Flux has not applied what git declares",
        "what runs in e2e can't be told: https://k8s: no connection",
        "e2e has inventory 1.1.3-rc1; Flux is rolling out 1.1.3-rc1",
        "e2e has inventory 1.1.3-rc1; Flux failed to roll out 1.1.3-rc1 (UpgradeFailed: timed out)",
    ]
    assert town.clock.sleeps == [60.0] * 5


def test_waiting_for_what_runs_ends_when_the_time_is_over(town: EngineWorld) -> None:
    with_cluster(town)
    with pytest.raises(StillWaiting, match=r"e2e declares inventory 1\.1\.3, and does not run it yet"):
        wait(town, "e2e", minutes=2, live=True)


def test_a_cluster_that_does_not_let_us_look_is_not_waited_for(town: EngineWorld) -> None:
    flux = with_cluster(town)
    flux.failure = ClusterForbidden("may not list")
    with pytest.raises(ClusterForbidden):
        wait(town, "e2e", live=True)
    assert wait(town, "e2e")[0].tag == "1.1.3-rc1"
    with pytest.raises(ClusterNotConfigured, match="nothing says in which cluster dev runs"):
        wait(town, "dev", "1.1.3", live=True)

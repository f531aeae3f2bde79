"""Promoting several services at once: a plan and a lease for each, and one that fails stops no other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from support.engine_world import E2E, GITOPS, STAGING, EngineWorld, Told, helm_release
from tidegate.engine.observe_promotion import observe_promotion
from tidegate.engine.promote import Promoted, planned_promotion
from tidegate.engine.promote_each import planned_each, promote_each
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.errors.git import PushRefused, RemoteUnreachable
from tidegate.errors.manifest import ImageNotFound
from tidegate.model import MergeRequest, Service
from tidegate.ports import BranchPush
from tidegate.testing.gitops import FakeRepo

NAMES = ("inventory", "billing", "orders", "search")
SERVICES = tuple(Service(name, f"team/{name}") for name in NAMES)


@pytest.fixture
def town() -> EngineWorld:
    """Return a world in which e2e has 2.0.0-rc1 of four services, and staging has none."""
    town = EngineWorld(SERVICES)
    for service in SERVICES:
        town.push("e2e", "2.0.0-rc1", service=service)
    image = f"{E2E.host}/team/{{}}:2.0.0-rc1"
    town.write(GITOPS, {town.path("e2e", name): helm_release(image.format(name), service=name) for name in NAMES})
    return town


def each(town: EngineWorld, world: World | None = None) -> tuple[Promoted | TidegateError, ...]:
    world = world or town.world()
    town.told = Told()
    return promote_each(world, SERVICES, world.environment("staging"), town.told)


def request(promoted: Promoted | TidegateError) -> MergeRequest:
    assert isinstance(promoted, Promoted)
    assert promoted.merge_request is not None
    return promoted.merge_request


def branch(name: str) -> str:
    return f"tidegate/{name}/to-staging"


class Counting(FakeRepo):
    """Counts pushes."""

    pushes: list[list[str]]
    refuses: type[TidegateError] | None = None

    def push_each(self, pushes: Sequence[BranchPush]) -> tuple[str | TidegateError, ...]:
        self.pushes.append([one.branch for one in pushes])
        if self.refuses is RemoteUnreachable:
            raise RemoteUnreachable("nobody there", hint="try again")
        if self.refuses is not None:  # a hook that refuses one refuses all
            return tuple(self.refuses("only on Mondays", hint="wait") for _ in pushes)
        return super().push_each(pushes)


def counting(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> tuple[World, Counting]:
    world = town.world()
    repo = Counting(town.remotes.remote(STAGING), town.clock, "Tidegate")
    repo.pushes = []
    repo.refresh()
    monkeypatch.setattr(world.repos, "_repos", {STAGING: repo})
    return world, repo


def test_each_has_the_plan_that_it_has_alone(town: EngineWorld) -> None:
    world = town.world()
    target = world.environment("staging")
    alone = tuple(planned_promotion(world, service, target) for service in SERVICES)
    assert planned_each(world, SERVICES, target) == alone
    assert town.remotes.remote(STAGING).branches.keys() == {"main"}
    each(town)
    assert [one.record() for one in town.told.plans] == [one.record() for one in alone]


def test_all_branches_are_pushed_at_once(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world, repo = counting(town, monkeypatch)
    done = each(town, world)
    assert repo.pushes == [[branch(name) for name in NAMES]]
    assert [request(one).iid for one in done] == [1, 2, 3, 4]
    assert [request(one).source_branch for one in done] == [branch(name) for name in NAMES]
    assert [request(one).iid for one in each(town)] == [1, 2, 3, 4]
    assert [plan.steps for plan in town.told.plans] == [()] * 4


def test_one_that_can_not_be_promoted_stops_no_other(town: EngineWorld) -> None:
    foreign = helm_release("elsewhere.example/other/orders:2.0.0", service="orders")
    town.write(GITOPS, {town.path("e2e", "orders"): foreign})
    inventory, billing, orders, search = each(town)
    assert isinstance(orders, ImageNotFound)
    assert [request(one).iid for one in (inventory, billing, search)] == [1, 2, 3]


def test_a_lost_race_is_one_services_own(town: EngineWorld) -> None:
    def somebody() -> None:
        """Push another commit to billing's branch; the promotion begins with what was there before."""
        town.write(STAGING, {"README.md": b"# Theirs\n"}, branch("billing"), trailers={"Tidegate-Service": "billing"})

    town.before_push.extend([lambda: None, somebody])
    done = each(town)
    assert sorted(request(one).iid for one in done) == [1, 2, 3, 4]
    assert len(town.told.races) == 1
    world = town.world()
    for service in SERVICES:
        seen = observe_promotion(world, service, world.environment("staging"), None)
        assert seen.branch.digest == str(seen.digest)
        assert town.commits(STAGING, branch(service.name)) == town.commits(STAGING) + 1


def test_what_was_refused_at_once_is_tried_alone(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world, repo = counting(town, monkeypatch)
    repo.refuses = PushRefused
    assert [request(one).iid for one in each(town, world)] == [1, 2, 3, 4]


def test_a_repository_that_is_gone_is_not_asked_for_each(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world, repo = counting(town, monkeypatch)
    repo.refuses = RemoteUnreachable
    done = each(town, world)
    assert [type(one) for one in done] == [RemoteUnreachable] * 4
    assert len(repo.pushes) == 1


def test_killed_after_the_pushes_the_next_run_opens_what_is_missing(
    town: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = town.forge.open

    class Killed(BaseException):
        """Ends the process."""

    def open_two(project: str, new: object) -> MergeRequest:
        if len(town.forge.merge_requests(project)) == 2:
            raise Killed
        return opened(project, new)  # type: ignore[arg-type]

    monkeypatch.setattr(town.forge, "open", open_two)
    with pytest.raises(Killed):
        each(town)
    monkeypatch.undo()
    heads = dict(town.remotes.remote(STAGING).branches)
    assert [request(one).iid for one in each(town)] == [1, 2, 3, 4]
    assert town.remotes.remote(STAGING).branches == heads


def test_approvals_of_open_ones_are_only_asked_for_where_there_are_any(
    town: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = each(town)
    town.approve(request(done[1]), "stella")
    for service in SERVICES:
        town.push("e2e", "2.0.1-rc1", service=service)
    image = f"{E2E.host}/team/{{}}:2.0.1-rc1"
    town.write(GITOPS, {town.path("e2e", name): helm_release(image.format(name), service=name) for name in NAMES})
    asked: list[str | None] = []
    listed = town.forge.merge_requests

    def listing(*names: str, source_branch: str | None = None, **more: object) -> tuple[MergeRequest, ...]:
        asked.append(source_branch)
        return listed(*names, source_branch=source_branch, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(town.forge, "merge_requests", listing)
    done = each(town)
    assert asked[:3] == [None, None, branch("billing")]  # then the steps ask
    assert [request(one).title for one in done] == [f"Promote {name} 2.0.1 to staging" for name in NAMES]
    lost = [[text for text in plan.warnings if "loses the approvals of stella" in text] for plan in town.told.plans]
    assert [len(texts) for texts in lost] == [0, 1, 0, 0]

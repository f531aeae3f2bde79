"""Looking over all open merge requests: what may go is looked at by itself, the rest is decided from afar."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.engine_world import GITOPS, PRD_IMAGE, STAGING, EngineWorld
from tidegate.engine.deliver import Delivery
from tidegate.engine.survey import Looked, survey
from tidegate.errors import TidegateError
from tidegate.model import ApprovalRule, Gates, MergeRequest, MergeRequestOptions, MergeRequestState


@pytest.fixture
def town() -> EngineWorld:
    town = EngineWorld()
    town.bring("e2e")
    return town


def look(town: EngineWorld, project: str = STAGING) -> dict[int, Looked]:
    failed: list[TidegateError] = []
    found = {one.delivery.merge_request.iid: one for one in survey(town.world("gate"), project, failed.append)}
    assert failed == []
    return found


def gates(delivery: Delivery) -> list[str]:
    assert delivery.verdict is not None
    return [reason.gate for reason in delivery.verdict.obstacles]


def several(town: EngineWorld, count: int) -> list[MergeRequest]:
    return [town.open("staging", PRD_IMAGE, f"b{number}") for number in range(count)]


def test_what_nobody_has_approved_is_decided_from_afar(town: EngineWorld) -> None:
    one, other = several(town, 2)
    town.approve(other, "stella")
    looked = look(town)
    assert (looked[one.iid].may_go, looked[other.iid].may_go) == (False, True)
    assert gates(looked[one.iid].delivery) == ["approvals"]
    assert looked[one.iid].is_whole


def test_where_nobody_approves_what_may_go_may_go(town: EngineWorld) -> None:
    town.change("staging", approvals=ApprovalRule())
    several(town, 1)
    assert look(town)[1].may_go


def test_what_can_not_go_whoever_approves_is_not_asked_about(town: EngineWorld) -> None:
    draft = town.request(STAGING, several(town, 1)[0].source_branch)
    town.forge.describe(STAGING, draft.iid, title="Draft: no", description="")
    looked = look(town)[draft.iid]
    assert not looked.may_go
    assert gates(looked.delivery) == ["state", "approvals"]


def test_what_moves_nothing_and_what_is_broken_is_told_without_asking(town: EngineWorld) -> None:
    town.write(STAGING, {"README.md": b"# More\n"}, "words")
    words = town.request(STAGING, "words")
    town.write(STAGING, {"apps/inventory/release.yaml": b"kind: HelmRelease\nspec: [\n"}, "broken")
    broken = town.request(STAGING, "broken")
    looked = look(town)
    assert looked[words.iid].delivery.verdict is None
    assert gates(looked[broken.iid].delivery) == ["manifest", "approvals"]
    assert not any(one.may_go for one in looked.values())


def test_those_with_approvals_that_wait_for_something_else_get_their_turn(town: EngineWorld) -> None:
    town.change("staging", gates=Gates(timedelta(hours=24)))
    requests = several(town, 25)
    for request in requests:
        town.approve(request, "stella")
    seen: set[int] = set()
    for _ in range(5):
        looked = look(town)
        turn = {iid for iid, one in looked.items() if one.may_go}
        assert len(turn) == 10
        rest = [one for one in looked.values() if not one.may_go]
        assert all(gates(one.delivery) == ["soak"] and not one.is_whole for one in rest)
        seen |= turn
        town.clock.advance(timedelta(minutes=1))
    assert seen == {request.iid for request in requests}


def test_what_the_forge_is_to_merge_by_itself_is_always_looked_at(town: EngineWorld) -> None:
    town.change("staging", merge_request=MergeRequestOptions(auto_merge=True))
    (request,) = several(town, 1)
    town.approve(request, "stella")
    town.forge.pipelines_end = False
    assert town.deliver(request).scheduled
    town.forge.unapprove(STAGING, request.iid, user="stella")
    assert look(town)[request.iid].may_go
    stopped = town.deliver(request)
    assert (stopped.scheduled, stopped.delivered, gates(stopped)) == (False, False, ["approvals"])
    assert not town.forge.merge_request(STAGING, request.iid).scheduled


def test_a_person_s_own_auto_merge_is_left_alone(town: EngineWorld) -> None:
    (request,) = several(town, 1)
    town.forge.pipelines_end = False
    asked = MergeRequestOptions(auto_merge=True)
    town.forge.merge(STAGING, request.iid, head=request.head, message="m", user="alice", options=asked)
    assert not town.deliver(request).delivered
    assert town.forge.merge_request(STAGING, request.iid).scheduled


def test_a_scheduled_delivery_is_no_delivery_until_it_is_merged(town: EngineWorld) -> None:
    town.change("staging", merge_request=MergeRequestOptions(auto_merge=True))
    (request,) = several(town, 1)
    town.approve(request, "stella")
    town.forge.pipelines_end = False
    for _ in range(2):
        delivery = town.deliver(request)
        assert (delivery.scheduled, delivery.delivered) == (True, False)
    town.forge.pipelines_end = True
    assert town.deliver(request).delivered
    assert town.forge.merge_request(STAGING, request.iid).state is MergeRequestState.MERGED


def test_nothing_open_asks_nothing_more(town: EngineWorld) -> None:
    assert look(town, GITOPS) == {}


def test_what_was_pushed_while_it_was_looked_at_is_looked_at_again(
    town: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    (request,) = several(town, 1)
    town.approve(request, "stella")
    honest, gone = town.forge.merge_request, replace(request, head="0" * 40)
    answers = [gone]
    monkeypatch.setattr(town.forge, "merge_request", lambda *place, **_: answers.pop() if answers else honest(*place))
    assert town.deliver(request).delivered
    assert len(town.told.races) == 1
    monkeypatch.setattr(town.forge, "merge_requests", lambda *_, **__: (replace(gone, state=MergeRequestState.OPEN),))
    (looked,) = look(town).values()
    assert looked.may_go


def test_what_was_merged_between_two_looks_is_merged(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    (request,) = several(town, 1)
    town.approve(request, "stella")
    honest, before = town.forge.merge_request, [town.forge.merge_request(STAGING, request.iid)]
    town.deliver(request)
    monkeypatch.setattr(town.forge, "merge_request", lambda *place, **_: before.pop() if before else honest(*place))
    again = town.deliver(request)
    assert (again.plan, again.delivered) == (None, True)

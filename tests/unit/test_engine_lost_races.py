"""Running plans while others change what they are about: read, decided and planned anew, or an error."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.engine_world import (
    E2E_BRANCH,
    E2E_IMAGE,
    GITOPS,
    PRD_IMAGE,
    STAGING,
    STAGING_BRANCH,
    EngineWorld,
    helm_release,
    on_approval,
)
from tidegate.engine.deliver import Delivery
from tidegate.errors.forge import HeadMoved
from tidegate.errors.git import LeaseLost
from tidegate.model import ApprovalRule, ImageRef, MergeRequest, MergeRequestOptions
from tidegate.ports import CopyReport


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


@pytest.fixture
def staged() -> EngineWorld:
    return EngineWorld.staged()


def test_a_promotion_that_lost_a_race_is_read_and_planned_again(town: EngineWorld) -> None:
    town.before_push.append(lambda: town.write(GITOPS, {"x": b"x"}, E2E_BRANCH, trailers={"Tidegate-Service": "x"}))
    promoted = town.promote("e2e")
    assert town.told.races == [f"{E2E_BRANCH} moved since it was read"]
    assert town.clock.sleeps == [0.1]
    assert promoted.merge_request is not None
    assert town.file(GITOPS, town.path("e2e"), E2E_BRANCH) == helm_release(E2E_IMAGE)


def test_the_source_is_read_again_after_a_lost_race(staged: EngineWorld) -> None:
    def somebody() -> None:
        staged.push("dev", "1.1.4")
        staged.declare("dev", "1.1.4")
        staged.push("e2e", "1.1.4-rc1")
        staged.declare("e2e", "1.1.4-rc1")
        staged.write(STAGING, {"x": b"x"}, STAGING_BRANCH, trailers={"Tidegate-Service": "x"})

    staged.before_push.append(somebody)
    promoted = staged.promote("staging")
    assert promoted.merge_request is not None
    assert promoted.merge_request.title == "Promote inventory 1.1.4 to staging"


@pytest.mark.parametrize(("lost", "settled"), [(5, True), (6, False)])
def test_races_are_tried_six_times(town: EngineWorld, lost: int, settled: bool) -> None:  # noqa: FBT001 - a parameter
    def somebody() -> None:
        town.write(GITOPS, {"x": b"%d" % len(town.told.races)}, E2E_BRANCH, trailers={"Tidegate-Service": "x"})

    town.before_push.extend([somebody] * lost)
    if settled:
        assert town.promote("e2e").merge_request is not None
    else:
        with pytest.raises(LeaseLost):
            town.promote("e2e")
        assert town.forge.merge_requests(GITOPS) == ()
    assert len(town.told.races) == 5
    assert town.clock.sleeps == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


class _PushedBeforeMerge:
    """Somebody pushes to the branch just before the merge."""

    def __init__(
        self, town: EngineWorld, monkeypatch: pytest.MonkeyPatch, times: int, approver: str | None = None
    ) -> None:
        self.left = times
        honest = town.forge.merge

        def merge(
            project: str, iid: int, *, head: str, message: str, user: str, options: MergeRequestOptions, files: object
        ) -> MergeRequest:
            if self.left:
                self.left -= 1
                town.write(STAGING, {"apps/inventory/notes.txt": b"%d" % self.left}, "by-hand", author="mallory")
                if approver is not None:
                    town.forge.approve(project, iid, user=approver)
            del files
            return honest(project, iid, head=head, message=message, user=user, options=options)

        monkeypatch.setattr(town.forge, "merge", merge)


def test_what_was_pushed_after_the_decision_is_decided_on_anew(
    staged: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = staged.open("staging", PRD_IMAGE)
    staged.approve(request, "stella")
    _PushedBeforeMerge(staged, monkeypatch, 1)
    delivery = staged.deliver(request)
    assert len(staged.told.races) == 1
    assert delivery.verdict is not None
    assert [reason.gate for reason in delivery.verdict.obstacles] == ["approvals"]
    assert staged.forge.merge_request(STAGING, request.iid).state.value == "open"


def test_a_head_that_never_stands_still_ends_in_an_error(staged: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    request = staged.open("staging", PRD_IMAGE)
    staged.approve(request, "stella")
    _PushedBeforeMerge(staged, monkeypatch, 6, approver="stella")
    with pytest.raises(HeadMoved):
        staged.deliver(request)


def test_where_nobody_approves_nothing_rides_along(staged: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    staged.change("staging", approvals=ApprovalRule())
    request = staged.open("staging", PRD_IMAGE)
    _PushedBeforeMerge(staged, monkeypatch, 1)
    delivery = staged.deliver(request)
    assert delivery.verdict is not None
    assert [(reason.gate, reason.code) for reason in delivery.verdict.obstacles] == [
        ("scope", "release/out-of-scope"),
    ]


def test_a_rewrite_that_lost_a_race_is_decided_on_anew(staged: EngineWorld) -> None:
    on_approval(staged, "staging")
    request = staged.ready()
    staged.before_push.append(lambda: staged.write(STAGING, {"apps/inventory/x": b"x"}, STAGING_BRANCH))
    delivery = staged.deliver(request)
    assert not delivery.delivered
    assert delivery.verdict is not None
    assert [reason.gate for reason in delivery.verdict.obstacles] == ["approvals"]


def while_copying(town: EngineWorld, monkeypatch: pytest.MonkeyPatch, event: Callable[[], object]) -> None:
    """Have something happen once, while the first image is copied."""
    honest, events = town.images.copy, [event]

    def copy(source: ImageRef, target: ImageRef) -> CopyReport:
        report = honest(source, target)
        if events:
            events.pop()()
        return report

    monkeypatch.setattr(town.images, "copy", copy)


def obstacles(delivery: Delivery) -> list[str]:
    assert delivery.verdict is not None
    return [reason.gate for reason in delivery.verdict.obstacles]


@pytest.mark.parametrize("mode", ["on-open", "on-approval"])
def test_an_approval_that_was_withdrawn_during_the_copy_does_not_count(
    staged: EngineWorld, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    if mode == "on-approval":
        on_approval(staged, "staging")
    request = staged.ready()
    while_copying(staged, monkeypatch, lambda: staged.forge.unapprove(STAGING, request.iid, user="stella"))
    before = staged.remotes.remote(STAGING).branches.copy()
    delivery = staged.deliver(request)
    assert (delivery.delivered, obstacles(delivery)) == (False, ["approvals"])
    assert len(staged.told.races) == 1
    assert staged.remotes.remote(STAGING).branches == before
    assert staged.forge.merge_request(STAGING, request.iid).comments == ()
    assert staged.held("staging", "1.1.3") is not None


def test_whose_approvals_counted_is_what_they_were_after_the_copy(
    staged: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = staged.ready()

    def somebody_else() -> None:
        staged.forge.unapprove(STAGING, request.iid, user="stella")
        staged.forge.approve(STAGING, request.iid, user="steve")

    while_copying(staged, monkeypatch, somebody_else)
    assert staged.deliver(request).delivered
    remote = staged.remotes.remote(STAGING)
    approved = remote.stored(remote.branches["main"]).commit.trailers["Tidegate-Approved-By"]
    assert approved == f"steve at {request.head[:12]}"


def test_a_file_that_the_target_changed_during_the_copy_is_not_mixed_in(
    staged: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged.declare("staging", "1.1.2")
    request = staged.ready()
    while_copying(staged, monkeypatch, lambda: staged.declare("staging", "1.1.2", replicas=7))
    delivery = staged.deliver(request)
    assert (delivery.delivered, obstacles(delivery)) == (False, ["mergeable"])


def test_a_draft_or_a_closed_one_is_not_merged_after_the_copy(
    staged: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = staged.ready()
    while_copying(staged, monkeypatch, lambda: staged.forge.close(STAGING, request.iid, user="stella"))
    delivery = staged.deliver(request)
    assert (delivery.delivered, obstacles(delivery)) == (False, ["state"])

"""Running plans: the order of effects, running twice, killed runs, lost races."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from support.engine_world import (
    BILLING,
    GITOPS,
    STAGING,
    EngineWorld,
    Told,
    helm_release,
    on_approval,
)
from support.golden import assert_golden
from tidegate.engine.deliver import Delivery, deliver_merge_request
from tidegate.engine.plan import Plan
from tidegate.engine.run import run_plan
from tidegate.engine.steps import (
    STEPS,
    Comment,
    CopyImage,
    Merge,
    Run,
    VerifyImage,
)
from tidegate.errors.forge import HeadMoved, MergeRequestMissing, MergeRequestNotOpen
from tidegate.errors.git import LeaseLost
from tidegate.errors.registry import ManifestMissing, TagExists
from tidegate.errors.release import MergedDifferently, TagMoved
from tidegate.model import Answer, ApprovalRule, ImageRef, MergeRequest, MergeRequestOptions
from tidegate.ports import CopyReport

E2E_BRANCH = "tidegate/inventory/to-e2e"
STAGING_BRANCH = "tidegate/inventory/to-staging"
STAGING_FILE = "apps/inventory/release.yaml"
E2E_IMAGE = "e2e.example/team/inventory:1.1.3-rc1"
PRD_IMAGE = "prd.example/team/inventory:1.1.3"


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


@pytest.fixture
def staged() -> EngineWorld:
    """E2e has 1.1.3-rc1."""
    town = EngineWorld()
    town.bring("e2e")
    town.told = Told()
    town.images.calls.clear()
    return town


def ready(town: EngineWorld) -> MergeRequest:
    """Open an approved merge request to staging."""
    request = town.promote("staging").merge_request
    assert request is not None
    town.approve(request, "stella")
    return request


# --- the order of effects


@pytest.mark.parametrize("mode", ["on-open", "on-approval"])
def test_the_image_is_there_before_the_merge(staged: EngineWorld, mode: str) -> None:
    if mode == "on-approval":
        on_approval(staged, "staging")
    delivery = staged.deliver(ready(staged))
    assert delivery.plan is not None
    rewrite = ["commit-files"] if mode == "on-approval" else []
    assert [step.kind for step in delivery.plan.steps] == ["copy-image", "verify-image", *rewrite, "comment", "merge"]
    assert staged.file(STAGING, STAGING_FILE) == helm_release(PRD_IMAGE)
    assert staged.held("staging", "1.1.3") == staged.held("e2e", "1.1.3-rc1")


def test_in_one_account_nothing_is_copied(staged: EngineWorld) -> None:
    staged.bring("staging")
    staged.clock.advance(timedelta(days=1))
    request = staged.promote("production").merge_request
    assert request is not None
    staged.approve(request, "rita", "ralf")
    plan = staged.look(request).plan
    assert plan is not None
    assert [type(step) for step in plan.steps] == [VerifyImage, Comment, Merge]


def test_a_verdict_that_is_not_go_has_no_effects(staged: EngineWorld) -> None:
    request = staged.promote("staging").merge_request
    assert request is not None
    before = dict(staged.remotes.remote(STAGING).branches)
    delivery = staged.deliver(request)
    assert (delivery.delivered, delivery.plan) == (False, None)
    assert delivery.verdict is not None
    assert delivery.verdict.answer is Answer.WAIT
    assert staged.remotes.remote(STAGING).branches == before
    assert not [call for call in staged.images.calls if call.startswith("copy")]
    assert staged.forge.merge_request(STAGING, request.iid).comments == ()


def test_two_services_are_delivered_by_one_merge(staged: EngineWorld) -> None:
    on_approval(staged, "staging")
    billing = helm_release("e2e.example/team/billing:2.0.0-rc1", service="billing")
    staged.write(STAGING, {staged.path("staging", "billing"): billing}, "by-hand")
    request = staged.open("staging", E2E_IMAGE)
    staged.approve(request, "stella")
    delivery = staged.deliver(request)
    assert delivery.delivered
    remote = staged.remotes.remote(STAGING)
    trailers = remote.stored(remote.branches["main"]).commit.trailers
    assert trailers["Tidegate-Service"] == "inventory, billing"
    assert trailers["Tidegate-Version"] == "1.1.3, 2.0.0"
    assert staged.images.digest(staged.image("staging", "2.0.0", BILLING)) is not None
    assert b"prd.example/team/billing\n      tag: 2.0.0\n" in (
        staged.file(STAGING, staged.path("staging", "billing")) or b""
    )


# --- running again


@pytest.mark.parametrize("mode", ["on-open", "on-approval"])
def test_delivering_twice_is_delivering_once(staged: EngineWorld, mode: str) -> None:
    if mode == "on-approval":
        on_approval(staged, "staging")
    request = ready(staged)
    staged.deliver(request)
    commits, notes = staged.commits(STAGING), staged.forge.merge_request(STAGING, request.iid).comments
    again = staged.deliver(request)
    assert (again.delivered, again.plan) == (True, None)
    assert staged.commits(STAGING) == commits
    assert staged.forge.merge_request(STAGING, request.iid).comments == notes


@pytest.mark.parametrize("mode", ["on-open", "on-approval"])
@pytest.mark.parametrize("done", range(5))
def test_a_delivery_that_was_killed_after_any_step_is_finished(mode: str, done: int) -> None:
    def road(town: EngineWorld) -> MergeRequest:
        if mode == "on-approval":
            on_approval(town, "staging")
        town.bring("e2e")
        return ready(town)

    undisturbed, killed = EngineWorld(), EngineWorld()
    undisturbed.deliver(road(undisturbed))
    request = road(killed)
    plan = killed.look(request).plan
    assert plan is not None
    run_plan(Plan("", plan.steps[:done]), killed.world("gate"), killed.told)
    assert killed.deliver(request).delivered
    for town in (undisturbed, killed):
        assert len(town.forge.merge_request(STAGING, request.iid).comments) == 1
        assert list(town.images.tags("prd.example", "team/inventory")) == ["1.1.3"]
    assert killed.file(STAGING, STAGING_FILE) == undisturbed.file(STAGING, STAGING_FILE)
    assert killed.commits(STAGING) == undisturbed.commits(STAGING)
    assert killed.forge.merge_request(STAGING, request.iid).state.value == "merged"


def test_a_world_that_was_opened_earlier_reads_the_repository_again(staged: EngineWorld) -> None:
    world = staged.world("gate")
    assert world.repos.repo(STAGING).head("main")
    staged.write(STAGING, {"README.md": b"newer\n"})
    request = staged.open("staging", PRD_IMAGE)
    staged.approve(request, "stella")
    assert deliver_merge_request(world, STAGING, request.iid, staged.told).delivered


# --- lost races


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
    request = ready(staged)
    staged.before_push.append(lambda: staged.write(STAGING, {"apps/inventory/x": b"x"}, STAGING_BRANCH))
    delivery = staged.deliver(request)
    assert not delivery.delivered
    assert delivery.verdict is not None
    assert [reason.gate for reason in delivery.verdict.obstacles] == ["approvals"]


def test_one_that_is_missing_is_an_error(town: EngineWorld) -> None:
    with pytest.raises(MergeRequestMissing):
        deliver_merge_request(town.world(), GITOPS, 99, town.told)


# --- what happens while an image is copied


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
    request = ready(staged)
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
    request = ready(staged)

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
    request = ready(staged)
    while_copying(staged, monkeypatch, lambda: staged.declare("staging", "1.1.2", replicas=7))
    delivery = staged.deliver(request)
    assert (delivery.delivered, obstacles(delivery)) == (False, ["mergeable"])


def test_a_draft_or_a_closed_one_is_not_merged_after_the_copy(
    staged: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ready(staged)
    while_copying(staged, monkeypatch, lambda: staged.forge.close(STAGING, request.iid, user="stella"))
    delivery = staged.deliver(request)
    assert (delivery.delivered, obstacles(delivery)) == (False, ["state"])


# --- steps by themselves


def test_a_copy_never_overwrites(staged: EngineWorld) -> None:
    digest = staged.held("e2e", "1.1.3-rc1")
    assert digest is not None
    held = staged.push("staging", "1.1.3", "something else")
    step = CopyImage(staged.image("e2e", "1.1.3-rc1").with_digest(digest), staged.image("staging", "1.1.3"))
    with pytest.raises(TagExists):
        run_plan(Plan("", (step,)), staged.world(), staged.told)
    assert staged.held("staging", "1.1.3") == held


def test_a_merge_that_somebody_else_made_is_adopted(staged: EngineWorld) -> None:
    request = staged.promote("staging").merge_request
    assert request is not None
    staged.approve(request, "stella")
    plan = staged.look(request).plan
    assert plan is not None
    staged.deliver(request)
    before = staged.commits(STAGING)
    assert "is merged as" in plan.steps[-1].perform(Run(staged.world("gate"))).text
    assert staged.commits(STAGING) == before


def test_a_merge_that_made_other_bytes_is_told_at_once(staged: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a forge that can't be told which bytes must come out, and somebody else has changed the very same file."""
    honest = staged.forge.merge

    def merge(*names: object, files: object, **more: object) -> MergeRequest:
        del files
        return honest(*names, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(staged.forge, "merge", merge)
    request = staged.promote("staging").merge_request
    assert request is not None
    staged.approve(request, "stella")
    plan = staged.look(request).plan
    assert plan is not None
    (merge,) = (step for step in plan.steps if isinstance(step, Merge))
    decided = dict.fromkeys(merge.files, b"what was decided")
    with pytest.raises(MergedDifferently, match="is not what was decided on"):
        replace(merge, files=decided).perform(Run(staged.world("gate")))


def test_verifying_tells_missing_from_moved(staged: EngineWorld) -> None:
    digest = staged.held("e2e", "1.1.3-rc1")
    assert digest is not None
    plan = Plan("", (VerifyImage(staged.image("staging", "1.1.3").with_digest(digest)),))
    with pytest.raises(ManifestMissing):
        run_plan(plan, staged.world(), staged.told)
    staged.push("staging", "1.1.3", "something else")
    with pytest.raises(TagMoved):
        run_plan(plan, staged.world(), staged.told)


def test_a_closed_merge_request_is_not_merged(staged: EngineWorld) -> None:
    request = ready(staged)
    plan = staged.look(request).plan
    assert plan is not None
    staged.forge.close(STAGING, request.iid, user="stella")
    with pytest.raises(MergeRequestNotOpen):
        run_plan(plan, staged.world(), staged.told)
    assert staged.file(STAGING, STAGING_FILE) is None


def test_the_first_error_ends_a_plan(staged: EngineWorld) -> None:
    digest = staged.held("e2e", "1.1.3-rc1")
    assert digest is not None
    steps = (VerifyImage(staged.image("staging", "9.9.9").with_digest(digest)), Comment(GITOPS, 1, "never", "x"))
    with pytest.raises(ManifestMissing):
        run_plan(Plan("", steps), staged.world(), staged.told)
    assert staged.told.outcomes == []


# --- plans as data


def test_plans_are_data(staged: EngineWorld) -> None:
    """Stable: made twice they are equal, and as JSON they are the golden file."""
    on_approval(staged, "staging")
    promotion = staged.plan("staging")
    assert promotion == staged.plan("staging")
    request = ready(staged)
    delivery = staged.look(request).plan
    assert delivery is not None
    assert delivery == staged.look(request).plan
    records = [promotion.record(), delivery.record()]
    assert_golden("plans.json", json.dumps(records, indent=2, ensure_ascii=False) + "\n")


def test_every_step_has_a_kind_of_its_own() -> None:
    assert len({step.kind for step in STEPS}) == len(STEPS)
    assert {step.__name__ for step in STEPS} == {
        "ClaimLine",
        "Comment",
        "CommitFiles",
        "CopyImage",
        "Merge",
        "OpenMergeRequest",
        "Tell",
        "Unschedule",
        "VerifyImage",
    }

"""Running plans: the order of effects, running twice, killed runs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.engine_world import (
    BILLING,
    E2E_IMAGE,
    GITOPS,
    PRD_IMAGE,
    STAGING,
    STAGING_FILE,
    EngineWorld,
    helm_release,
    on_approval,
)
from tidegate.engine.deliver import deliver_merge_request
from tidegate.engine.plan import Plan
from tidegate.engine.run import run_plan
from tidegate.engine.steps import (
    Comment,
    Merge,
    VerifyImage,
)
from tidegate.errors.forge import MergeRequestMissing
from tidegate.model import Answer, MergeRequest


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


@pytest.fixture
def staged() -> EngineWorld:
    return EngineWorld.staged()


# --- the order of effects


@pytest.mark.parametrize("mode", ["on-open", "on-approval"])
def test_the_image_is_there_before_the_merge(staged: EngineWorld, mode: str) -> None:
    if mode == "on-approval":
        on_approval(staged, "staging")
    delivery = staged.deliver(staged.ready())
    assert delivery.plan is not None
    rewrite = ["commit-files"] if mode == "on-approval" else []
    assert [step.kind for step in delivery.plan.steps] == ["copy-image", "verify-image", *rewrite, "comment", "merge"]
    assert staged.file(STAGING, STAGING_FILE) == helm_release(PRD_IMAGE)
    assert staged.held("staging", "1.1.3") == staged.held("e2e", "1.1.3-rc1")


def test_in_one_account_nothing_is_copied(staged: EngineWorld) -> None:
    staged.bring("staging")
    staged.clock.advance(timedelta(days=1))
    request = staged.opened("production")
    staged.approve(request, "rita", "ralf")
    plan = staged.look(request).plan
    assert plan is not None
    assert [type(step) for step in plan.steps] == [VerifyImage, Comment, Merge]


def test_a_verdict_that_is_not_go_has_no_effects(staged: EngineWorld) -> None:
    request = staged.opened("staging")
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
    request = staged.ready()
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
        return town.ready()

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


def test_one_that_is_missing_is_an_error(town: EngineWorld) -> None:
    with pytest.raises(MergeRequestMissing):
        deliver_merge_request(town.world(), GITOPS, 99, town.told)

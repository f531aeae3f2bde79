"""Whose approvals count, also after Tidegate's own rewrite; and how long a release has soaked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.engine_world import E2E_IMAGE, PRD_IMAGE, STAGING, STAGING_FILE, EngineWorld, helm_release
from tidegate.engine.deliver import planned_delivery
from tidegate.errors.registry import RegistryUnreachable
from tidegate.model import Answer, ApprovalRule, Digest, Gates, ImageRef, MergeRequest


@pytest.fixture
def town() -> EngineWorld:
    """E2e has 1.1.3-rc1."""
    town = EngineWorld()
    town.bring("e2e")
    return town


def asking(town: EngineWorld, rule: ApprovalRule, image: str = PRD_IMAGE, author: str = "alice") -> MergeRequest:
    """Open a merge request to staging, which wants what `rule` says."""
    town.change("staging", approvals=rule)
    return town.open("staging", image, author=author)


# --- approvals


def test_without_a_rule_none_is_needed(town: EngineWorld) -> None:
    request = asking(town, ApprovalRule())
    assert town.reason(request, "approvals").text == "needs no approval"


def test_those_who_may_not_approve_do_not_count(town: EngineWorld) -> None:
    request = asking(town, ApprovalRule(1, ("group:platform/testers",)))
    town.approve(request, "mallory")
    reason = town.reason(request, "approvals")
    assert reason.answer is Answer.WAIT
    assert reason.text == (
        f"{request.ref} needs 1 approval from group:platform/testers "
        "(mallory's does not count: not in group:platform/testers)"
    )
    assert reason.hint == f"ask group:platform/testers to approve {request.ref}"


def test_groups_and_users_may_approve_together(town: EngineWorld) -> None:
    request = asking(town, ApprovalRule(3, ("group:platform/testers", "user:zoe")))
    town.approve(request, "zoe", "stella")
    assert "needs 1 more approval from group:platform/testers or user:zoe" in town.reason(request, "approvals").text
    town.approve(request, "steve")
    assert town.reason(request, "approvals").text == "approved by stella, steve, zoe"


def test_a_group_is_asked_about_once_in_a_run_and_not_while_nobody_has_approved(
    town: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asking(town, ApprovalRule(1, ("group:platform/testers",)))
    honest, asked = town.forge.members, []

    def members(group: str) -> frozenset[str]:
        asked.append(group)
        return honest(group)

    monkeypatch.setattr(town.forge, "members", members)
    world = town.world("gate")
    planned_delivery(world, request.project, request.iid)
    assert asked == []
    town.approve(request, "stella")
    for _ in range(3):
        assert planned_delivery(world, request.project, request.iid).plan is not None
    assert asked == ["platform/testers"]
    planned_delivery(town.world("gate"), request.project, request.iid)
    assert len(asked) == 2


def test_without_approvers_anyone_may_approve(town: EngineWorld) -> None:
    request = asking(town, ApprovalRule(1))
    assert "needs 1 approval from anyone" in town.reason(request, "approvals").text
    town.approve(request, "mallory")
    assert town.reason(request, "approvals").answer is Answer.GO


def test_a_name_is_the_same_in_small_letters(town: EngineWorld) -> None:
    request = asking(town, ApprovalRule(2, ("user:Stella", "user:Alice"), not_author=True))
    town.approve(request, "stella", "STELLA", "ALICE")
    reason = town.reason(request, "approvals")
    assert "needs 1 more approval" in reason.text
    assert "ALICE's does not count: the author" in reason.text


def test_one_person_counts_once(town: EngineWorld) -> None:
    request = asking(town, ApprovalRule(2))
    town.approve(request, "stella")
    (approval,) = town.forge.merge_request(STAGING, request.iid).approvals
    town.forge._requests[STAGING][request.iid] = _twice(town.forge.merge_request(STAGING, request.iid))
    assert len(town.forge.merge_request(STAGING, request.iid).approvals) == 2
    assert approval.user == "stella"
    assert "needs 1 more approval from anyone" in town.reason(request, "approvals").text


def _twice(request: MergeRequest) -> MergeRequest:
    return replace(request, approvals=request.approvals * 2)


def test_the_author_does_not_count_where_the_rule_says_so(town: EngineWorld) -> None:
    request = asking(town, ApprovalRule(1, not_author=True))
    town.approve(request, "alice")
    assert "alice's does not count: the author" in town.reason(request, "approvals").text
    town.change("staging", approvals=ApprovalRule(1))
    assert town.reason(request, "approvals").answer is Answer.GO


def test_committers_do_not_count_where_the_rule_says_so(town: EngineWorld) -> None:
    request = asking(town, ApprovalRule(1, not_committers=True))
    town.write(STAGING, {"apps/inventory/notes.txt": b"x"}, "by-hand", author="bob")
    town.approve(request, "bob", "alice")
    text = town.reason(request, "approvals").text
    assert "bob's does not count: committed to the branch" in text
    assert "alice's does not count: committed to the branch" in text


def test_a_committer_is_known_by_what_the_forge_calls_them(town: EngineWorld) -> None:
    """`alice` on the forge is "Alice Example" to git."""
    request = asking(town, ApprovalRule(1, not_committers=True), author="Alice Example")
    town.approve(request, "alice")
    assert town.reason(request, "approvals").answer is Answer.GO
    kept = town.forge._requests[STAGING]
    (approval,) = kept[request.iid].approvals
    known = replace(approval, known_as=frozenset({"alice example"}))
    kept[request.iid] = replace(kept[request.iid], approvals=(known,))
    assert "alice's does not count: committed to the branch" in town.reason(request, "approvals").text


def test_committers_of_a_merged_side_branch_do_not_count_and_mains_do(town: EngineWorld) -> None:
    town.write(STAGING, {"README.md": b"older\n"}, author="stella")
    request = asking(town, ApprovalRule(1, not_committers=True))
    town.write(STAGING, {"apps/inventory/notes.txt": b"x"}, "side", author="bob")
    town.write(STAGING, {"README.md": b"newer\n"}, author="stella")
    for other in ("side", "main"):
        town.merge(STAGING, other, "by-hand", author="carol")
    town.approve(request, "bob")
    assert town.reason(request, "approvals").answer is Answer.WAIT
    town.approve(request, "stella")
    assert town.reason(request, "approvals").text == "approved by stella"


def test_an_approval_of_an_older_head_does_not_count(town: EngineWorld) -> None:
    request = asking(town, ApprovalRule(1))
    town.approve(request, "stella")
    town.write(STAGING, {"apps/inventory/notes.txt": b"x"}, "by-hand")
    assert "stella's does not count: given before the last push" in town.reason(request, "approvals").text


# --- approvals after Tidegate's own rewrite


def rewritten(town: EngineWorld, data: bytes, more: dict[str, bytes | None] | None = None) -> MergeRequest:
    """Open a merge request with the source image, have it approved, and push one more commit."""
    request = town.open("staging", E2E_IMAGE)
    town.approve(request, "stella")
    assert town.answer(request) is Answer.GO
    town.write(STAGING, {STAGING_FILE: data, **(more or {})}, "by-hand", author="mallory")
    return request


def test_after_the_very_rewrite_the_parents_approvals_count(town: EngineWorld) -> None:
    request = rewritten(town, helm_release(PRD_IMAGE))
    assert town.reason(request, "approvals").text == "approved by stella"


def test_whoever_made_the_rewrite_is_no_committer(town: EngineWorld) -> None:
    town.change("staging", approvals=ApprovalRule(1, not_committers=True))
    request = town.open("staging", E2E_IMAGE)
    town.write(STAGING, {STAGING_FILE: helm_release(PRD_IMAGE)}, "by-hand", author="stella")
    town.approve(request, "stella")
    assert town.reason(request, "approvals").text == "approved by stella"


@pytest.mark.parametrize(
    ("data", "more"),
    [
        pytest.param(helm_release(PRD_IMAGE, replicas=9), {}, id="another value"),
        pytest.param(helm_release(PRD_IMAGE).replace(b"proxy:2.0.1", b"proxy:6"), {}, id="another image"),
        pytest.param(helm_release(PRD_IMAGE), {"apps/inventory/more.yaml": b"x: 1\n"}, id="another file"),
        pytest.param(helm_release(E2E_IMAGE) + b"# \n", {}, id="no rewrite at all"),
    ],
)
def test_a_forged_rewrite_inherits_no_approval(town: EngineWorld, data: bytes, more: dict[str, bytes | None]) -> None:
    request = rewritten(town, data, more)
    assert "stella's does not count: given before the last push" in town.reason(request, "approvals").text


def test_a_rewrite_that_also_deletes_a_file_inherits_no_approval(town: EngineWorld) -> None:
    town.write(STAGING, {"apps/inventory/limits.yaml": b"x: 1\n"})
    request = rewritten(town, helm_release(PRD_IMAGE), {"apps/inventory/limits.yaml": None})
    assert town.reason(request, "approvals").answer is Answer.WAIT


def test_a_commit_on_top_of_the_rewrite_inherits_no_approval(town: EngineWorld) -> None:
    request = rewritten(town, helm_release(PRD_IMAGE))
    town.write(STAGING, {"apps/inventory/more.yaml": b"x: 1\n"}, "by-hand")
    assert town.reason(request, "approvals").answer is Answer.WAIT


def test_an_on_open_merge_request_has_no_rewrite(town: EngineWorld) -> None:
    """The first commit of a branch is nobody's rewrite, and an approval of main's head is none of it."""
    request = town.open("staging", PRD_IMAGE)
    seen = town.look(request).seen
    assert seen is not None
    assert seen.reviewed == {town.forge.merge_request(STAGING, request.iid).head}


def test_a_registry_that_is_down_is_an_error_and_not_a_missing_approval(
    town: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = rewritten(town, helm_release(PRD_IMAGE))
    honest = town.images.digest
    looked: list[ImageRef] = []

    def digest(image: ImageRef) -> Digest | None:
        looked.append(image)
        if len(looked) > 2:  # the head is seen; then its parent is
            raise RegistryUnreachable("prd.example does not answer")
        return honest(image)

    monkeypatch.setattr(town.images, "digest", digest)
    with pytest.raises(RegistryUnreachable):
        town.look(request)


# --- soak


def test_a_release_that_has_not_been_there_long_enough_waits(town: EngineWorld) -> None:
    town.change("staging", gates=Gates(timedelta(hours=24)))
    request = town.open("staging", PRD_IMAGE)
    town.clock.advance(timedelta(hours=20, minutes=30))
    reason = town.reason(request, "soak")
    assert (reason.answer, reason.text, reason.hint) == (
        Answer.WAIT,
        "inventory 1.1.3-rc1 has been in e2e for 20 h 30 min; 1 d is needed",
        "ready in 3 h 30 min, at 2024-05-02 12:00 UTC",
    )
    town.clock.advance(timedelta(hours=3, minutes=30))
    assert town.reason(request, "soak").answer is Answer.GO


def test_time_after_the_release_left_is_no_soaking(town: EngineWorld) -> None:
    town.change("staging", gates=Gates(timedelta(hours=24)))
    town.clock.advance(timedelta(minutes=10))
    town.build("1.1.4")
    town.bring("e2e")
    town.clock.advance(timedelta(days=5))
    reason = town.reason(town.open("staging", PRD_IMAGE), "soak")
    assert (reason.answer, reason.text) == (
        Answer.NO,
        "inventory 1.1.3-rc1 was in e2e for 10 min, until 2024-05-01 12:10 UTC; 1 d is needed",
    )

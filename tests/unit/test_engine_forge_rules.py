"""The forge's own approval rules, code owners, and approvals that the forge took away because Tidegate pushed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.engine_world import E2E_IMAGE, PRD_IMAGE, STAGING, EngineWorld, helm_release
from tidegate.errors.forge import CodeOwnersUnknown
from tidegate.model import Answer, Approval, ApprovalRule, ForgeRule, MergeRequest
from tidegate.testing.clock import START

FILE = "apps/inventory/release.yaml"
OWNERS = ApprovalRule(1, code_owners=True)


@pytest.fixture
def town() -> EngineWorld:
    """E2e has 1.1.3-rc1, and anybody's approval is enough."""
    town = EngineWorld()
    town.bring("e2e")
    town.change("staging", approvals=ApprovalRule(1))
    return town


def with_rules(town: EngineWorld, request: MergeRequest, *rules: ForgeRule) -> MergeRequest:
    """Have the forge tell `rules`."""
    kept = town.forge._requests[request.project]
    kept[request.iid] = replace(kept[request.iid], rules=rules)
    return request


def rule(required: int = 1, *approved_by: str, code_owners: bool = False, overwritten: bool = False) -> ForgeRule:
    fulfilled = len(approved_by) >= required
    return ForgeRule("Security", required, fulfilled, frozenset(approved_by), frozenset(), code_owners, overwritten)


def approved(town: EngineWorld) -> MergeRequest:
    request = town.open("staging", PRD_IMAGE)
    town.approve(request, "stella")
    return request


@pytest.mark.parametrize("missing", [1, 2])
def test_an_unfulfilled_rule_of_the_forge_is_waited_for(town: EngineWorld, missing: int) -> None:
    request = with_rules(town, approved(town), rule(missing + 1, "stella"), rule(1, "stella"))
    reason = town.reason(request, "forge-rules")
    assert reason.answer is Answer.WAIT
    more = "1 more approval" if missing == 1 else "2 more approvals"
    assert reason.text == f"{request.ref} needs {more} from Security, as the forge's rule says"


def test_fulfilled_rules_and_rules_that_want_nothing_are_no_obstacle(town: EngineWorld) -> None:
    request = with_rules(town, approved(town), rule(1, "stella"), rule(0))
    assert town.answer(request) is Answer.GO


def test_rules_that_were_changed_in_the_merge_request_are_told_and_the_environment_s_hold(town: EngineWorld) -> None:
    town.change("staging", approvals=ApprovalRule(2))
    request = with_rules(town, approved(town), rule(0, overwritten=True))
    assert "changed in the merge request itself" in town.reason(request, "forge-rules").text
    assert "needs 1 more approval from anyone" in town.reason(request, "approvals").text
    assert town.answer(request) is Answer.WAIT


def test_code_owners_must_approve_where_the_environment_says_so(town: EngineWorld) -> None:
    town.change("staging", approvals=OWNERS)
    request = with_rules(town, approved(town), rule(1, code_owners=True))
    assert "needs 1 more approval from code owners of Security" in town.reason(request, "forge-rules").text
    with_rules(town, request, rule(1, "stella", code_owners=True))
    assert town.reason(request, "forge-rules").text == "approved by code owners: stella"
    assert town.answer(request) is Answer.GO


def test_a_code_owner_s_approval_of_an_older_head_does_not_count(town: EngineWorld) -> None:
    """GitLab keeps it, and takes its rule as fulfilled."""
    town.change("staging", approvals=OWNERS)
    request = approved(town)
    town.write(STAGING, {"apps/inventory/notes.txt": b"x"}, "by-hand")
    town.approve(request, "steve")
    with_rules(town, request, rule(1, "stella", code_owners=True))
    reason = town.reason(request, "forge-rules")
    assert (reason.answer, reason.text) == (
        Answer.WAIT,
        f"{request.ref} needs 1 more approval from code owners of Security of what it is now",
    )


def test_an_author_who_does_not_count_is_no_code_owner_either(town: EngineWorld) -> None:
    town.change("staging", approvals=replace(OWNERS, not_author=True))
    request = town.open("staging", PRD_IMAGE, author="alice")
    town.approve(request, "alice", "stella")
    with_rules(town, request, rule(1, "alice", code_owners=True))
    assert town.reason(request, "forge-rules").answer is Answer.WAIT


def test_a_code_owner_need_not_be_one_of_the_approvers(town: EngineWorld) -> None:
    town.change("staging", approvals=replace(OWNERS, approvers=("group:platform/testers",)))
    request = approved(town)
    town.approve(request, "olga")
    with_rules(town, request, rule(1, "olga", code_owners=True))
    assert town.answer(request) is Answer.GO


@pytest.mark.parametrize("rules", [(), (rule(1, "stella"),), (rule(0, code_owners=True),)])
def test_where_no_owner_has_to_approve_it_waits(town: EngineWorld, rules: tuple[ForgeRule, ...]) -> None:
    town.change("staging", approvals=OWNERS)
    request = with_rules(town, approved(town), *rules)
    reason = town.reason(request, "forge-rules")
    assert reason.answer is Answer.WAIT
    assert "no code owner has to approve" in reason.text
    assert "CODEOWNERS" in (reason.hint or "")


def test_a_forge_that_tells_no_owners_is_an_error(town: EngineWorld) -> None:
    town.change("staging", approvals=OWNERS)
    with pytest.raises(CodeOwnersUnknown, match="does not say who they are") as caught:
        town.deliver(approved(town))
    assert caught.value.exit_code == 2


# --- approvals that the forge took away, and Tidegate had recorded


def recorded(town: EngineWorld, request: MergeRequest, *approvals: Approval) -> None:
    """Have the forge tell no approvals but those that Tidegate recorded."""
    kept = town.forge._requests[request.project]
    kept[request.iid] = replace(kept[request.iid], approvals=(), recorded=approvals)


def pushed(town: EngineWorld, data: bytes) -> tuple[MergeRequest, str]:
    """Open a merge request with the source image, and push `data`; return it and the head before."""
    request = town.open("staging", E2E_IMAGE)
    before = town.forge.merge_request(STAGING, request.iid).head
    town.write(STAGING, {FILE: data}, "by-hand", author="mallory")
    town.forge.merge_request(STAGING, request.iid)
    return request, before


def test_below_the_very_rewrite_recorded_approvals_count(town: EngineWorld) -> None:
    request, before = pushed(town, helm_release(PRD_IMAGE))
    recorded(town, request, Approval("stella", START, before))
    assert town.reason(request, "approvals").text == "approved by stella"
    assert town.deliver(request).delivered


@pytest.mark.parametrize(
    "data", [helm_release(PRD_IMAGE, replicas=9), helm_release(PRD_IMAGE).replace(b"proxy:2.0.1", b"proxy:6")]
)
def test_below_any_other_commit_they_do_not(town: EngineWorld, data: bytes) -> None:
    request, before = pushed(town, data)
    recorded(town, request, Approval("stella", START, before))
    assert town.reason(request, "approvals").answer is Answer.WAIT


def test_a_record_of_the_head_itself_does_not_count(town: EngineWorld) -> None:
    """Only the forge tells who approved the head: nothing was pushed after that."""
    request, _ = pushed(town, helm_release(PRD_IMAGE))
    recorded(town, request, Approval("stella", START, town.forge.merge_request(STAGING, request.iid).head))
    assert town.reason(request, "approvals").answer is Answer.WAIT


def test_a_record_without_a_rewrite_does_not_count(town: EngineWorld) -> None:
    request = town.open("staging", PRD_IMAGE)
    recorded(town, request, Approval("stella", START, town.forge.merge_request(STAGING, request.iid).head))
    assert town.reason(request, "approvals").answer is Answer.WAIT


def test_whom_the_rule_does_not_name_does_not_count_by_a_record_either(town: EngineWorld) -> None:
    town.change("staging", approvals=ApprovalRule(1, ("group:platform/testers",)))
    request, before = pushed(town, helm_release(PRD_IMAGE))
    recorded(town, request, Approval("mallory", START, before))
    assert town.reason(request, "approvals").answer is Answer.WAIT
    recorded(town, request, Approval("stella", START, before))
    assert town.reason(request, "approvals").answer is Answer.GO


def test_trailers_that_claim_approvals_are_nothing(town: EngineWorld) -> None:
    request = town.open("staging", E2E_IMAGE)
    before = town.forge.merge_request(STAGING, request.iid).head
    trailers = {
        "Tidegate-Approved-By": f"stella at {before[:12]}",
        "Tidegate-Merge-Request": request.ref,
        "Tidegate-Service": "inventory",
    }
    for data in (helm_release(PRD_IMAGE), helm_release(PRD_IMAGE, replicas=9)):
        town.write(STAGING, {FILE: data}, "by-hand", author="Tidegate", trailers=trailers)
        assert town.reason(request, "approvals").answer is Answer.WAIT


def test_rules_that_a_push_made_unfulfilled_again_say_what_to_do(town: EngineWorld) -> None:
    request, before = pushed(town, helm_release(PRD_IMAGE))
    recorded(town, request, Approval("stella", START, before))
    with_rules(town, request, rule(1))
    assert "rewrite: on-open" in (town.reason(request, "forge-rules").hint or "")

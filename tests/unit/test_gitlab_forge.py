"""GitLabForge on the fake GitLab: races, lost answers, patience, and who counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from support.git_worlds import START, git
from support.gitlab_town import MERGE, NEW, REQUEST, REQUESTS, Town, town
from support.gitlab_world import PROJECT
from tidegate.engine.views.documents import merge_request_document
from tidegate.errors import TidegateError
from tidegate.errors.forge import (
    ForgeFailed,
    ForgeForbidden,
    ForgeRefused,
    ForgeThrottled,
    ForgeUnauthorized,
    ForgeUnreachable,
    HeadMoved,
    JobTokenReadsOnly,
    MergeabilityUnknown,
    MergeBlocked,
    MergeConflict,
    TokenMissing,
    UserMismatch,
)
from tidegate.errors.git import BranchMissing
from tidegate.model import MergeRequestOptions, MergeRequestState
from tidegate.model.merge_request import CiPipeline
from tidegate.server.api.shapes import MergeRequestShape
from tidegate.testing.gitlab import Answer

__all__ = ["town"]


def test_all_pages_are_read(town: Town) -> None:
    town.opened()
    request = town.gitlab.projects[PROJECT].requests[1]
    for iid in range(2, 106):
        town.gitlab.projects[PROJECT].requests[iid] = type(request)(
            request.id + iid, iid, request.author, f"b{iid}", "main", "t", "d", START, START, versions=request.versions
        )
    town.gitlab.projects[PROJECT].requests[104].state = "closed"
    found = town.forge().merge_requests(PROJECT)
    assert [one.iid for one in found] == [one for one in range(1, 106) if one != 104]
    assert town.called.count(f"GET {REQUESTS}") == 1 + 2  # one of opening it


def test_a_gitlab_that_can_not_tell_what_is_approved_tells_all(town: Town) -> None:
    town.opened()
    town.fail(f"GET {REQUESTS}", Answer(400, {"error": "approved_by_ids is invalid"}))
    assert [one.iid for one in town.forge().merge_requests(PROJECT, approved=True)] == [1]
    town.fail(f"GET {REQUESTS}", Answer(400, {"error": "state is invalid"}))
    with pytest.raises(ForgeRefused):
        town.forge().merge_requests(PROJECT)


def test_opening_takes_few_calls(town: Town) -> None:
    town.opened()
    assert len(town.gitlab.calls) == 4


def test_the_pipeline_of_the_head_is_told_of_a_single_merge_request(town: Town) -> None:
    assert town.opened().pipeline is None
    home = town.gitlab.projects[PROJECT]
    made = town.gitlab.pipeline(home, home.requests[1].head, "promote", home.requests[1].author, source="push")
    made.status = "failed"
    found = town.forge().merge_request(PROJECT, 1)
    assert found.pipeline == CiPipeline("failed", f"{town.gitlab.url}/{PROJECT}/-/pipelines/{made.id}")
    assert town.forge().merge_requests(PROJECT)[0].pipeline is None, "no list has them"
    town.push("a: 3\n")
    assert town.forge().merge_request(PROJECT, 1).pipeline is None, "the new head has none yet"
    told = merge_request_document(found)
    assert MergeRequestShape.model_validate(told).model_dump(by_alias=True)["pipeline"] == {
        "status": "failed",
        "url": f"{town.gitlab.url}/{PROJECT}/-/pipelines/{made.id}",
    }


@pytest.mark.parametrize("done", [True, False])
def test_a_lost_answer_to_opening_is_adopted_not_repeated(town: Town, done: bool) -> None:  # noqa: FBT001 - a parameter
    town.push()
    town.fail(f"POST {REQUESTS}", done=done)
    assert town.forge().open(PROJECT, NEW).iid == 1
    assert town.called.count(f"POST {REQUESTS}") == (1 if done else 2)
    assert len(town.gitlab.projects[PROJECT].requests) == 1


def test_two_that_open_at_once_get_the_same(town: Town) -> None:
    town.push()
    other = town.forge("other")
    town.gitlab.before["POST", REQUESTS] = lambda: other.open(PROJECT, NEW)
    assert town.forge().open(PROJECT, NEW).author == "other"


def test_a_lost_answer_to_a_note_leaves_one(town: Town) -> None:
    town.opened()
    town.fail(f"POST {REQUEST}/notes", done=True)
    town.forge().comment(PROJECT, 1, user="robot", text="a note")
    town.forge().comment(PROJECT, 1, user="robot", text="a note\r\n")
    assert [one.text for one in town.forge().merge_request(PROJECT, 1).comments] == ["a note"]


def test_two_that_leave_a_note_at_once_leave_one(town: Town) -> None:
    town.opened()
    other = town.forge()
    town.gitlab.before["POST", f"{REQUEST}/notes"] = lambda: other.comment(PROJECT, 1, user="robot", text="n")
    town.forge().comment(PROJECT, 1, user="robot", text="n")
    assert [one.text for one in town.forge().merge_request(PROJECT, 1).comments] == ["n"]


def test_gitlab_s_own_reports_are_no_comments(town: Town) -> None:
    town.opened()
    town.forge("ada").approve(PROJECT, 1, user="ada")
    assert town.gitlab.projects[PROJECT].requests[1].notes
    assert town.forge().merge_request(PROJECT, 1).comments == ()


def test_merging_waits_until_gitlab_has_worked_it_out(town: Town) -> None:
    town.gitlab.checks = 5
    head = town.opened().head
    assert town.forge().merge_request(PROJECT, 1).conflicts is None
    assert town.merge(head).state is MergeRequestState.MERGED
    assert town.called.count(MERGE) == 1
    assert sum(town.standing.sleeps) < 10


def test_waiting_for_gitlab_ends(town: Town) -> None:
    town.gitlab.checks = 10_000
    head = town.opened().head
    with pytest.raises(MergeabilityUnknown, match="'preparing'"):
        town.merge(head)
    assert 60 <= sum(town.standing.sleeps) < 70
    assert MERGE not in town.called


def test_an_unknown_status_is_gitlab_s_to_judge(town: Town) -> None:
    head = town.opened().head
    town.gitlab.projects[PROJECT].blocked_by = "word_of_tomorrow"
    with pytest.raises(MergeBlocked, match="word_of_tomorrow"):
        town.merge(head)
    assert town.called.count(MERGE) == 1


@pytest.mark.parametrize(
    ("status", "told"), [("ci_must_pass", "its pipeline must succeed"), ("need_rebase", "rebased first")]
)
def test_what_gitlab_wants_first_is_said(town: Town, status: str, told: str) -> None:
    head = town.opened().head
    town.gitlab.projects[PROJECT].blocked_by = status
    with pytest.raises(MergeBlocked, match=told) as caught:
        town.merge(head, MergeRequestOptions(rebase=False))
    assert caught.value.exit_code == 11


def test_premium_s_own_rules_hold(town: Town) -> None:
    town.gitlab.premium, town.gitlab.projects[PROJECT].approvals_required = True, 1
    head = town.opened().head
    with pytest.raises(MergeBlocked, match="approval rules"):
        town.merge(head)
    town.forge("ada").approve(PROJECT, 1, user="ada")
    assert town.merge(head).state is MergeRequestState.MERGED


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("answer", [None, Answer(502, text="<html>Bad gateway</html>"), Answer(422, {"message": "no"})])
def test_after_a_lost_merge_the_state_is_read(town: Town, answer: Answer | None, done: bool) -> None:  # noqa: FBT001
    head = town.opened().head
    town.fail(MERGE, answer, done=done)
    assert town.merge(head).state is MergeRequestState.MERGED
    assert git("rev-list", "--count", "--merges", "main", cwd=town.repository) == "1"


def test_a_push_at_the_moment_of_the_merge_is_noticed(town: Town) -> None:
    head = town.opened().head
    town.gitlab.before["PUT", f"{REQUEST}/merge"] = lambda: town.push("a: 3\n")
    with pytest.raises(HeadMoved):
        town.merge(head)
    assert git("rev-list", "--count", "--merges", "main", cwd=town.repository) == "0"


def test_a_conflict_at_the_moment_of_the_merge_is_told(town: Town) -> None:
    head = town.opened().head
    town.gitlab.before["PUT", f"{REQUEST}/merge"] = lambda: town.push("a: theirs\n", "main")
    with pytest.raises(MergeConflict, match=r"in a\.yaml"):
        town.merge(head)


def test_a_branch_that_is_gone_is_told(town: Town) -> None:
    head = town.opened().head
    git("update-ref", "-d", "refs/heads/promote", cwd=town.repository)
    with pytest.raises(BranchMissing, match="promote"):
        town.merge(head)


def test_who_may_not_push_to_the_target_may_not_merge(town: Town) -> None:
    head = town.opened().head
    town.gitlab.projects[PROJECT].protect("main", mergers={"ada"})
    with pytest.raises(ForgeForbidden, match="may not push to the target branch") as caught:
        town.merge(head)
    assert "GITLAB_TOKEN" in (caught.value.hint or "")


def test_an_approval_before_the_last_push_is_of_the_older_head(town: Town) -> None:
    old = town.opened().head
    town.later()
    town.forge("ada").approve(PROJECT, 1, user="ada")
    new = town.push("a: 3\n")
    town.forge().merge_request(PROJECT, 1)  # GitLab learns of the push
    town.later()
    town.forge("grace").approve(PROJECT, 1, user="grace")
    found = town.forge().merge_request(PROJECT, 1)
    assert found.head == new
    assert [(one.user, one.head) for one in found.approvals] == [("ada", old), ("grace", new)]


def test_a_push_at_the_moment_of_an_approval_is_noticed(town: Town) -> None:
    town.opened()
    town.gitlab.before["POST", f"{REQUEST}/approve"] = lambda: town.push("a: 3\n")
    with pytest.raises(HeadMoved):
        town.forge("ada").approve(PROJECT, 1, user="ada")
    assert town.forge().merge_request(PROJECT, 1).approvals == ()


def test_bots_and_blocked_people_do_not_approve(town: Town) -> None:
    town.opened()
    town.gitlab.user("robot").bot = True
    for user in ("robot", "project_7_bot_0a1b", "ada", "grace"):
        town.later()
        api = town.forge(user)._api(PROJECT)
        api.send("POST", "projects", PROJECT, "merge_requests", "1", "approve")
    town.gitlab.leave("grace")
    assert [one.user for one in town.forge().merge_request(PROJECT, 1).approvals] == ["ada"]


def test_an_approver_is_told_with_the_names_that_commits_may_have(town: Town) -> None:
    town.opened()
    town.forge("ada").approve(PROJECT, 1, user="ada")
    (approval,) = town.forge().merge_request(PROJECT, 1).approvals
    number = town.gitlab.users["ada"].id
    private = {f"{number}-ada@users.noreply.127.0.0.1", "ada@users.noreply.127.0.0.1"}
    assert approval.known_as == {"ada", *private}  # the fake calls her Ada


def test_nobody_approves_for_another(town: Town) -> None:
    town.opened()
    with pytest.raises(UserMismatch, match="robot's: it can't approve for ada"):
        town.forge().approve(PROJECT, 1, user="ada")


def test_an_author_who_may_not_approve_is_told_so(town: Town) -> None:
    town.opened()
    town.gitlab.projects[PROJECT].author_may_approve = False
    with pytest.raises(ForgeForbidden, match="does not let this user approve"):
        town.forge().approve(PROJECT, 1, user="robot")


def test_members_inherit_and_expire(town: Town) -> None:
    today = START.date()
    town.gitlab.group("platform", "ada")
    town.gitlab.group("platform/sre", "grace", "project_7_bot_0a1b", "service_account_group_1_x")
    town.gitlab.group("platform/sre", "yesterday", expires=today - timedelta(days=1))
    town.gitlab.group("platform/sre", "today", expires=today)
    town.gitlab.group("platform/sre", "tomorrow", expires=today + timedelta(days=1))
    town.gitlab.group("platform/sre", "blocked").members[-1].user.state = "blocked"
    town.gitlab.group("platform/others", "mallory")
    assert town.forge().members("platform/sre") == {"ada", "grace", "tomorrow"}
    assert town.forge().members("platform") == {"ada"}


THROTTLED = {"RateLimit-Limit": "600", "Retry-After": "33"}


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Answer(429, text="Retry later\n", headers=THROTTLED), 33),
        (Answer(429, text="Retry later\n"), 0.25),
        (Answer(429, {"message": {"error": "This endpoint has been requested too many times."}}), 0.25),
    ],
)
@pytest.mark.parametrize("line", [f"GET {REQUEST}", f"PUT {REQUEST}"])
def test_patience_is_what_gitlab_asks_for(town: Town, line: str, answer: Answer, wait: float) -> None:
    town.opened()
    town.fail(line, answer)
    assert town.forge().describe(PROJECT, 1, title="T", description="D").title == "T"
    assert town.standing.sleeps == [wait]


def test_patience_can_be_told_by_the_reset_alone(town: Town) -> None:
    town.opened()
    fields = {"RateLimit-Reset": str(int(town.clock.now().timestamp()) + 12)}
    town.fail(f"GET {REQUEST}", Answer(429, text="Retry later\n", headers=fields))
    town.forge().merge_request(PROJECT, 1)
    assert town.standing.sleeps == [12.0]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (None, ForgeUnreachable),
        (Answer(503, text=""), ForgeFailed),
        (Answer(429, text="Retry later\n"), ForgeThrottled),
    ],
)
def test_trying_again_ends(town: Town, answer: Answer | None, kind: type[TidegateError]) -> None:
    town.opened()
    town.fail(f"GET {REQUEST}", answer, times=100)
    with pytest.raises(kind):
        town.forge().merge_request(PROJECT, 1)
    assert len(town.standing.sleeps) == 4


def test_what_is_refused_is_not_tried_again(town: Town) -> None:
    town.opened()
    town.fail(f"PUT {REQUEST}", Answer(400, {"error": "title is invalid"}), times=2)
    with pytest.raises(ForgeRefused, match="title is invalid"):
        town.forge().describe(PROJECT, 1, title="T", description="D")
    assert town.standing.sleeps == []


def test_a_job_s_token_may_only_read_and_is_told_what_to_do(town: Town) -> None:
    town.opened()
    town.push(branch="other")
    job = town.gitlab.token("robot", scope="job")
    for call in (
        lambda: town.forge(CI_JOB_TOKEN=job).describe(PROJECT, 1, title="T", description="D"),
        lambda: town.forge(CI_JOB_TOKEN=job).open(PROJECT, replace(NEW, source_branch="other")),
        lambda: town.forge(CI_JOB_TOKEN=job).members("platform"),
    ):
        with pytest.raises((JobTokenReadsOnly, ForgeUnauthorized)) as caught:
            call()
        assert "project or group access token" in (caught.value.hint or "")
        assert job not in str(caught.value)
    assert all(one.method == "GET" or one.access.scope == "api" for one in town.gitlab.calls)


@pytest.mark.parametrize(
    ("spoil", "kind", "told"),
    [
        (lambda _: "glpat-nobody-knows", ForgeUnauthorized, "does not accept the token"),
        (lambda town: town.gitlab.token("ada", revoked=True), ForgeUnauthorized, "revoked or has expired"),
        (lambda town: town.gitlab.token("ada", scope="read_api"), ForgeForbidden, "scope is too small"),
        (lambda _: "  ", TokenMissing, "GITLAB_TOKEN"),
        (lambda _: "two words", TokenMissing, "no token"),
    ],
)
def test_a_wrong_token_is_told_without_it(
    town: Town, spoil: Callable[[Town], str], kind: type[TidegateError], told: str
) -> None:
    town.opened()
    token = spoil(town)
    with pytest.raises(kind, match=told) as caught:
        town.forge(GITLAB_TOKEN=token).close(PROJECT, 1, user="ada")
    assert caught.value.exit_code == 4
    assert not token.strip() or token not in f"{caught.value} {caught.value.hint} {caught.value.__cause__!r}"

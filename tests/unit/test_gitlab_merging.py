"""Rebasing, auto-merge and merge trains on the fake GitLab: what is asked for, what is lost, what is read again."""

from __future__ import annotations

import pytest

from support.git_worlds import commit_files, git
from support.gitlab_town import MERGE, REQUEST, REQUESTS, Town, town
from support.gitlab_world import PROJECT
from tidegate.errors.forge import (
    ForgeForbidden,
    HeadMoved,
    MergeabilityUnknown,
    MergeBlocked,
    MergeConflict,
    MergeRequestNotOpen,
)
from tidegate.model import MergeRequestOptions, MergeRequestState
from tidegate.testing.gitlab import Answer
from tidegate.testing.gitlab.state import MergeRequest, Project

__all__ = ["town"]

REBASE = f"PUT {REQUEST}/rebase"
CANCEL = f"POST {REQUEST}/cancel_merge_when_pipeline_succeeds"
TRAIN = "POST /projects/{id}/merge_trains/merge_requests/{merge_request_iid}"
AUTO = MergeRequestOptions(auto_merge=True)
ON_TRAIN = MergeRequestOptions(merge_train=True)


def project(town: Town) -> Project:
    return town.gitlab.projects[PROJECT]


def request(town: Town) -> MergeRequest:
    return project(town).requests[1]


def behind(town: Town, method: str = "rebase_merge", text: str = "b: 2\n", path: str = "b.yaml") -> str:
    """Open a merge request that its target has overtaken, and return its head."""
    head = town.opened().head
    project(town).merge_method = method
    commit_files(town.repository, "main", {path: text.encode()})
    return head


@pytest.mark.parametrize("method", ["rebase_merge", "ff"])
def test_what_is_behind_is_rebased_and_then_it_is_another_head(town: Town, method: str) -> None:
    head = behind(town, method)
    project(town).rebase_looks = 3
    with pytest.raises(HeadMoved, match="was rebased onto main"):
        town.merge(head)
    assert MERGE not in town.called
    rebased = town.forge().merge_request(PROJECT, 1).head
    assert rebased != head
    assert town.merge(rebased).state is MergeRequestState.MERGED
    assert town.called.count(REBASE) == 1
    kind = "--merges" if method == "rebase_merge" else "--no-merges"
    assert git("rev-list", "--count", kind, "main", "^main~1", cwd=town.repository) == "1"


def test_a_project_that_merges_what_is_behind_rebases_nothing(town: Town) -> None:
    assert town.merge(behind(town, "merge")).state is MergeRequestState.MERGED
    assert REBASE not in town.called


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize(
    "answer",
    [None, Answer(502, text=""), Answer(409, {"message": "Failed to enqueue the rebase operation. Try again"})],
)
def test_after_a_lost_rebase_the_state_is_read(town: Town, answer: Answer | None, done: bool) -> None:  # noqa: FBT001
    head = behind(town)
    town.fail(REBASE, answer, done=done)
    with pytest.raises(HeadMoved, match="rebased"):
        town.merge(head)
    assert town.called.count(REBASE) == (1 if done else 2)


def test_a_rebase_that_needs_a_person_is_told(town: Town) -> None:
    head = behind(town)
    town.gitlab.before["PUT", f"{REQUEST}/rebase"] = lambda: town.push("a: theirs\n", "main")
    with pytest.raises(MergeConflict, match="resolve all conflicts"):
        town.merge(head)


def test_waiting_for_a_rebase_ends(town: Town) -> None:
    head = behind(town)
    project(town).rebase_looks = 10_000
    with pytest.raises(MergeabilityUnknown, match="still rebasing"):
        town.merge(head)
    assert 60 <= sum(town.standing.sleeps) < 70


def test_who_may_not_push_to_the_branch_may_not_rebase(town: Town) -> None:
    head = behind(town)
    town.fail(REBASE, Answer(403, {"message": "403 Forbidden - Cannot push to source branch"}))
    with pytest.raises(ForgeForbidden, match="may not rebase the source branch"):
        town.merge(head)


def running(town: Town) -> str:
    """Open a merge request whose pipeline is running, and return its head."""
    head = town.opened().head
    project(town).blocked_by = "ci_still_running"
    return head


def test_auto_merge_waits_for_the_pipeline_and_is_asked_for_once(town: Town) -> None:
    head = running(town)
    with pytest.raises(MergeBlocked, match="still running"):
        town.merge(head)
    found = town.merge(head, AUTO)
    assert (found.state, found.scheduled) == (MergeRequestState.OPEN, True)
    asked = town.called.count(MERGE)
    assert town.merge(head, AUTO).scheduled
    assert town.called.count(MERGE) == asked
    project(town).blocked_by = ""
    merged = town.forge().merge_request(PROJECT, 1)
    assert (merged.state, merged.scheduled) == (MergeRequestState.MERGED, False)
    assert git("log", "-1", "--format=%s", "main", cwd=town.repository) == "Merge it"


def test_with_no_pipeline_auto_merge_merges_at_once(town: Town) -> None:
    assert town.merge(town.opened().head, AUTO).state is MergeRequestState.MERGED


@pytest.mark.parametrize("done", [True, False])
def test_a_lost_answer_to_auto_merge_is_adopted(town: Town, done: bool) -> None:  # noqa: FBT001 - a parameter
    head = running(town)
    town.fail(MERGE, None, done=done)
    assert town.merge(head, AUTO).scheduled
    assert town.called.count(MERGE) == (1 if done else 2)


def test_auto_merge_is_of_one_head(town: Town) -> None:
    head = running(town)
    town.merge(head, AUTO)
    town.push("a: 3\n")
    project(town).blocked_by = ""
    assert town.forge().merge_request(PROJECT, 1).state is MergeRequestState.OPEN
    with pytest.raises(HeadMoved):
        town.merge(head, AUTO)


def test_what_no_pipeline_can_cure_is_not_scheduled(town: Town) -> None:
    head = town.opened().head
    project(town).blocked_by = "discussions_not_resolved"
    with pytest.raises(MergeBlocked, match="threads"):
        town.merge(head, AUTO)


def test_a_scheduled_merge_can_be_stopped(town: Town) -> None:
    town.merge(running(town), AUTO)
    town.fail(CANCEL, None, done=True)
    assert not town.forge().unschedule(PROJECT, 1).scheduled
    assert not town.forge().unschedule(PROJECT, 1).scheduled
    assert town.called.count(CANCEL) == 1
    assert request(town).scheduled is None


def test_stopping_what_nobody_may_stop_ends(town: Town) -> None:
    town.merge(running(town), AUTO)
    town.fail(CANCEL, Answer(401, {"message": "401 Unauthorized"}), times=10)
    with pytest.raises(MergeBlocked, match="may not"):
        town.forge().unschedule(PROJECT, 1)


def test_a_merge_train_takes_it_and_merges_in_its_turn(town: Town) -> None:
    town.gitlab.premium, project(town).merge_trains = True, True
    head = town.opened().head
    assert town.merge(head, ON_TRAIN).scheduled
    assert town.merge(head, ON_TRAIN).scheduled
    assert (town.called.count(TRAIN), project(town).train) == (1, [1])
    assert request(town).scheduled is not None
    town.gitlab.depart(project(town))
    assert town.merge(head, ON_TRAIN).state is MergeRequestState.MERGED


def test_with_auto_merge_it_may_get_on_the_train_before_its_pipeline_has_ended(town: Town) -> None:
    town.gitlab.premium, project(town).merge_trains = True, True
    head = running(town)
    with pytest.raises(MergeBlocked, match="still running"):
        town.merge(head, ON_TRAIN)
    assert town.merge(head, MergeRequestOptions(auto_merge=True, merge_train=True)).scheduled


@pytest.mark.parametrize("done", [True, False])
def test_a_lost_answer_of_the_train_is_adopted(town: Town, done: bool) -> None:  # noqa: FBT001 - a parameter
    town.gitlab.premium, project(town).merge_trains = True, True
    head = town.opened().head
    town.fail(TRAIN, Answer(502, text=""), done=done)
    assert town.merge(head, ON_TRAIN).scheduled
    assert project(town).train == [1]


def test_a_project_without_merge_trains_says_so(town: Town) -> None:
    town.gitlab.premium = True
    head = town.opened().head
    with pytest.raises(ForgeForbidden, match="no merge trains"):
        town.merge(head, ON_TRAIN)


def test_a_train_takes_one_head(town: Town) -> None:
    town.gitlab.premium, project(town).merge_trains = True, True
    head = town.opened().head
    town.gitlab.before["POST", TRAIN.removeprefix("POST ")] = lambda: town.push("a: 3\n")
    with pytest.raises(HeadMoved):
        town.merge(head, ON_TRAIN)
    assert project(town).train == []


def test_squashed_with_our_message_and_without_the_branch(town: Town) -> None:
    town.opened()
    head = town.push("a: 3\n")
    merged = town.merge(head, MergeRequestOptions(squash=True, remove_source_branch=True))
    assert merged.merge_commit == git("rev-parse", "main", cwd=town.repository)
    assert git("log", "-1", "--format=%s", "main^2", cwd=town.repository) == "Merge it"
    assert git("rev-list", "--count", "main^2", "^main^1", cwd=town.repository) == "1"
    assert "promote" not in project(town).repository.heads()


def test_a_closed_one_is_neither_rebased_nor_scheduled(town: Town) -> None:
    head = behind(town)
    town.forge().close(PROJECT, 1, user="robot")
    for options in (AUTO, ON_TRAIN, MergeRequestOptions()):
        with pytest.raises(MergeRequestNotOpen):
            town.merge(head, options)
    assert not {REBASE, MERGE, TRAIN} & set(town.called)


def test_of_what_waits_only_its_state_is_read_again_and_again(town: Town) -> None:
    """A poll costs a call and no body: GitLab confirms what it told before."""
    town.opened()
    town.forge()
    forge = town.forge()
    first = forge.merge_request(PROJECT, 1)
    before = len(town.gitlab.calls)
    assert forge.merge_request(PROJECT, 1) == first
    assert len(town.gitlab.calls) > before
    assert town.gitlab.confirmed >= 2
    assert f"GET {REQUESTS}" in town.called
    town.push("a: 3\n")
    assert forge.merge_request(PROJECT, 1).head != first.head


def test_what_was_mergeable_a_moment_ago_is_not_asked_about_again(town: Town) -> None:
    head = town.opened().head
    forge = town.forge()
    forge.merge_request(PROJECT, 1)
    town.gitlab.calls.clear()
    assert forge.merge(PROJECT, 1, head=head, message="m", user="robot").state is MergeRequestState.MERGED
    assert town.called == [MERGE]


def test_what_was_mergeable_a_moment_ago_may_be_merged_or_moved_by_now(town: Town) -> None:
    head = town.opened().head
    forge = town.forge()
    forge.merge_request(PROJECT, 1)
    town.push("a: 3\n")
    with pytest.raises(HeadMoved):
        forge.merge(PROJECT, 1, head=head, message="m", user="robot")
    new = forge.merge_request(PROJECT, 1).head
    town.merge(new)
    town.gitlab.calls.clear()
    assert forge.merge(PROJECT, 1, head=new, message="m", user="robot").state is MergeRequestState.MERGED
    assert town.called == [MERGE, f"GET {REQUEST}"]

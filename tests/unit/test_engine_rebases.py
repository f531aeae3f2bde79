"""A rebase keeps approvals, and nothing else does: the same change by the same people on a later commit."""

from __future__ import annotations

import pytest

from support.engine_world import PRD_IMAGE, STAGING, EngineWorld
from tidegate.engine.rebases import is_rebase
from tidegate.model import Answer, ApprovalRule, MergeRequest
from tidegate.ports import Change
from tidegate.testing.gitops import FakeRepo, FakeRepos

FILE = "apps/inventory/release.yaml"


@pytest.fixture
def town() -> EngineWorld:
    town = EngineWorld()
    town.bring("e2e")
    return town


@pytest.fixture
def approved(town: EngineWorld) -> MergeRequest:
    request = town.open("staging", PRD_IMAGE, author="alice")
    town.approve(request, "stella")
    assert town.answer(request) is Answer.GO
    return request


def repo_of(town: EngineWorld) -> FakeRepo:
    return FakeRepos(town.remotes, town.clock).repo(STAGING)


def replay(
    town: EngineWorld,
    *,
    onto: str | None = None,
    author: str = "alice",
    subject: str = "Change",
    extra: dict[str, bytes | None] | None = None,
) -> str:
    """Write the merge request's one commit anew, on main's head or `onto`, as a forge does or as somebody pleases."""
    repo = repo_of(town)
    base = onto or repo.head("main")
    head = repo.head("by-hand")
    assert base is not None
    assert head is not None
    data = repo.read(head, [FILE])[FILE]
    change = Change({FILE: data, **(extra or {})}, subject, "", None, author)
    town.clock.sleep(60)
    return repo.push("by-hand", change, parent=base, expected=head)


def elsewhere(town: EngineWorld) -> str:
    return town.write(STAGING, {"apps/billing/notes.txt": b"billing\n"})


def test_approvals_of_the_very_same_change_count_for_its_rebase(town: EngineWorld, approved: MergeRequest) -> None:
    elsewhere(town)
    head = replay(town)
    assert head != approved.head
    assert town.reason(approved, "approvals").text == "approved by stella"
    assert town.deliver(approved).delivered


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": {FILE: b"kind: HelmRelease # another\n"}},
        {"extra": {"apps/inventory/more.yaml": b"more: 1\n"}},
        {"author": "mallory"},
        {"subject": "Other words"},
    ],
)
def test_whatever_else_was_pushed_needs_approval_again(
    town: EngineWorld, approved: MergeRequest, changes: dict[str, object]
) -> None:
    elsewhere(town)
    new = replay(town, **changes)  # type: ignore[arg-type]
    repo = repo_of(town)
    assert not is_rebase(repo, repo.head("main") or "", approved.head, new)


def test_a_commit_that_was_written_anew_where_it_was_is_no_rebase(town: EngineWorld, approved: MergeRequest) -> None:
    base = repo_of(town).head("main")
    replay(town, onto=base)
    assert "given before the last push" in town.reason(approved, "approvals").text


def test_going_back_is_no_rebase(town: EngineWorld) -> None:
    base = repo_of(town).head("main")
    elsewhere(town)
    request = town.open("staging", PRD_IMAGE, author="alice")
    town.approve(request, "stella")
    replay(town, onto=base)
    assert "given before the last push" in town.reason(request, "approvals").text


def test_a_file_that_the_target_changed_meanwhile_is_another_change(town: EngineWorld, approved: MergeRequest) -> None:
    town.write(STAGING, {FILE: b"kind: HelmRelease # somebody's\n"})
    replay(town)
    assert "given before the last push" in town.reason(approved, "approvals").text


def test_a_head_that_nobody_can_show_is_no_rebase(town: EngineWorld, approved: MergeRequest) -> None:
    repo = repo_of(town)
    assert not is_rebase(repo, repo.head("main") or "", "0" * 40, approved.head)


def test_who_committed_still_does_not_approve_after_a_rebase(town: EngineWorld) -> None:
    town.change("staging", approvals=ApprovalRule(1, ("group:platform/testers",), not_committers=True))
    request = town.open("staging", PRD_IMAGE, author="stella")
    town.approve(request, "stella")
    elsewhere(town)
    replay(town, author="stella")
    assert "committed to the branch" in town.reason(request, "approvals").text

"""The forge port, on every forge: opening, finding, telling, approving and closing merge requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.forge_worlds import FORGES, PROJECT, ForgeWorld, forge_world
from tidegate.errors.forge import (
    GroupMissing,
    HeadMoved,
    InvalidUser,
    MergeRequestMissing,
    MergeRequestNotOpen,
    ProjectMissing,
)
from tidegate.errors.git import BranchMissing
from tidegate.model import MergeRequestState
from tidegate.ports import NewMergeRequest


@pytest.fixture(params=FORGES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForgeWorld]:
    with forge_world(request.param, tmp_path) as world:
        yield world


def test_an_opened_merge_request_is_as_it_was_asked_for(world: ForgeWorld) -> None:
    head = world.branch("promote")
    opened = world.open()
    assert (opened.project, opened.iid, opened.title, opened.description) == (
        PROJECT,
        1,
        "Promote inventory",
        "**Why**\n\nso",
    )
    assert (opened.author, opened.source_branch, opened.target_branch) == ("mallory", "promote", "main")
    assert (opened.head, opened.state, opened.draft) == (head, MergeRequestState.OPEN, False)
    assert (opened.approvals, opened.comments, opened.merge_commit) == ((), (), None)
    assert world.forge.merge_requests(PROJECT) == (opened,)
    shown = world.forge.merge_request(PROJECT, 1)
    assert shown.conflicts is False
    assert shown.created_at == opened.created_at


def test_opening_again_returns_the_open_one(world: ForgeWorld) -> None:
    world.branch("promote")
    world.branch("other")
    first = world.open()
    assert world.open(title="Another title") == first
    assert world.open("other").iid == 2
    world.forge.close(PROJECT, 1, user="ada")
    assert world.open().iid == 3
    assert [one.iid for one in world.forge.merge_requests(PROJECT)] == [2, 3]
    assert [one.iid for one in world.forge.merge_requests(PROJECT, state=None)] == [1, 2, 3]
    assert [one.iid for one in world.forge.merge_requests(PROJECT, state=MergeRequestState.CLOSED)] == [1]


def test_those_of_one_branch_and_those_that_somebody_approved_are_found(world: ForgeWorld) -> None:
    world.branch("promote")
    world.branch("other")
    world.open()
    world.open("other")
    world.forge.approve(PROJECT, 2, user="ada")
    assert [one.iid for one in world.forge.merge_requests(PROJECT, source_branch="promote")] == [1]
    assert world.forge.merge_requests(PROJECT, source_branch="nowhere") == ()
    (found,) = world.forge.merge_requests(PROJECT, approved=True, with_approvals=True)
    assert (found.iid, [one.user for one in found.approvals]) == (2, ["ada"])
    world.forge.unapprove(PROJECT, 2, user="ada")
    assert world.forge.merge_requests(PROJECT, approved=True) == ()


def test_what_is_not_scheduled_needs_no_unscheduling(world: ForgeWorld) -> None:
    world.branch("promote")
    world.open()
    assert not world.forge.unschedule(PROJECT, 1).scheduled


def test_what_is_missing_is_named(world: ForgeWorld) -> None:
    world.branch("promote")
    with pytest.raises(BranchMissing, match="nowhere"):
        world.open("nowhere")
    with pytest.raises(BranchMissing, match="nowhere"):
        world.forge.open(PROJECT, NewMergeRequest("promote", "nowhere", "t", "d", "ada"))
    with pytest.raises(ProjectMissing, match="platform/none"):
        world.forge.merge_requests("platform/none")
    with pytest.raises(ProjectMissing):
        world.forge.open("platform/none", NewMergeRequest("promote", "main", "t", "d", "ada"))
    for call in (
        lambda: world.forge.merge_request(PROJECT, 7),
        lambda: world.forge.approve(PROJECT, 7, user="ada"),
        lambda: world.forge.comment(PROJECT, 7, user="ada", text="x"),
        lambda: world.forge.close(PROJECT, 7, user="ada"),
        lambda: world.forge.merge(PROJECT, 7, head="0" * 40, message="m", user="ada"),
    ):
        with pytest.raises(MergeRequestMissing):
            call()
    with pytest.raises(GroupMissing):
        world.forge.members("platform/none")


def test_members_of_a_group(world: ForgeWorld) -> None:
    assert world.forge.members("platform/sre") == {"ada", "grace"}


def test_a_draft_says_so_in_its_title(world: ForgeWorld) -> None:
    world.branch("promote")
    assert world.open(title="Draft: Promote inventory").draft
    assert not world.forge.describe(PROJECT, 1, title="Promote inventory", description="d").draft


def test_title_and_description_change_while_it_is_open(world: ForgeWorld) -> None:
    world.branch("promote")
    world.open()
    changed = world.forge.describe(PROJECT, 1, title="T", description="# D\n\n→ ü 🚢")
    assert (changed.title, changed.description) == ("T", "# D\n\n→ ü 🚢")
    assert world.forge.merge_requests(PROJECT) == (changed,)
    assert world.forge.describe(PROJECT, 1, title="T", description="# D\n\n→ ü 🚢") == changed
    world.forge.close(PROJECT, 1, user="ada")
    with pytest.raises(MergeRequestNotOpen):
        world.forge.describe(PROJECT, 1, title="U", description="")


def test_comments_are_kept_in_order(world: ForgeWorld) -> None:
    world.branch("promote")
    world.open()
    world.forge.comment(PROJECT, 1, user="ada", text="first\n\nlines")
    world.forge.close(PROJECT, 1, user="ada")
    world.forge.comment(PROJECT, 1, user="grace", text="second")
    comments = world.forge.merge_request(PROJECT, 1).comments
    assert [(one.user, one.text) for one in comments] == [("ada", "first\n\nlines"), ("grace", "second")]
    assert comments[0].at < comments[1].at


def test_a_note_is_left_once(world: ForgeWorld) -> None:
    world.branch("promote")
    world.open()
    added = [world.forge.comment(PROJECT, 1, user=user, text="fine") for user in ("ada", "grace", "ada")]
    assert added == [True, True, False]
    comments = world.forge.merge_request(PROJECT, 1).comments
    assert [(one.user, one.text) for one in comments] == [("ada", "fine"), ("grace", "fine")]


def test_an_approval_is_of_one_head(world: ForgeWorld) -> None:
    old = world.branch("promote")
    world.open()
    world.forge.approve(PROJECT, 1, user="ada")
    approved = world.forge.approve(PROJECT, 1, user="grace")
    assert [(one.user, one.head) for one in approved.approvals] == [("ada", old), ("grace", old)]
    new = world.branch("promote", data=b"a: 3\n")
    moved = world.forge.merge_request(PROJECT, 1)
    assert moved.head == new
    assert moved.approvals == approved.approvals
    again = world.forge.approve(PROJECT, 1, user="ada")
    assert sorted((one.user, one.head) for one in again.approvals) == [("ada", new), ("grace", old)]
    assert world.forge.approve(PROJECT, 1, user="ada") == again


def test_an_approval_is_guarded_by_the_head(world: ForgeWorld) -> None:
    old = world.branch("promote")
    world.open()
    new = world.branch("promote", data=b"a: 3\n")
    with pytest.raises(HeadMoved) as caught:
        world.forge.approve(PROJECT, 1, user="ada", head=old)
    assert caught.value.retryable
    assert world.forge.merge_request(PROJECT, 1).approvals == ()
    assert [one.head for one in world.forge.approve(PROJECT, 1, user="ada", head=new).approvals] == [new]


def test_pushing_a_branch_back_does_not_bring_its_approvals_back(world: ForgeWorld) -> None:
    old = world.branch("promote")
    world.open()
    world.forge.approve(PROJECT, 1, user="ada")
    world.branch("promote", data=b"a: 3\n")
    assert [one.head for one in world.forge.merge_request(PROJECT, 1).approvals] == [old]
    world.move_branch("refs/heads/promote", old)
    assert world.forge.merge_request(PROJECT, 1).head == old
    for _ in "twice":
        assert [one for one in world.forge.merge_request(PROJECT, 1).approvals if one.head == old] == []
    assert [one.head for one in world.forge.approve(PROJECT, 1, user="ada").approvals] == [old]


def test_a_push_that_only_a_list_has_seen_voids_approvals_as_well(world: ForgeWorld) -> None:
    old = world.branch("promote")
    world.open()
    world.forge.approve(PROJECT, 1, user="ada")
    new = world.branch("promote", data=b"a: 3\n")
    assert [one.head for one in world.forge.merge_requests(PROJECT)] == [new]
    world.move_branch("refs/heads/promote", old)
    assert [one for one in world.forge.merge_request(PROJECT, 1).approvals if one.head == old] == []


def test_an_approval_can_be_taken_back(world: ForgeWorld) -> None:
    world.branch("promote")
    world.open()
    world.forge.approve(PROJECT, 1, user="ada")
    assert world.forge.unapprove(PROJECT, 1, user="ada").approvals == ()
    assert world.forge.unapprove(PROJECT, 1, user="ada").approvals == ()
    assert world.forge.merge_request(PROJECT, 1).approvals == ()


@pytest.mark.parametrize("user", ["", "  ", "a\nb", "\x1b[31mred"])
def test_who_acts_must_have_a_name(world: ForgeWorld, user: str) -> None:
    world.branch("promote")
    head = world.open().head
    for call in (
        lambda: world.forge.approve(PROJECT, 1, user=user),
        lambda: world.forge.unapprove(PROJECT, 1, user=user),
        lambda: world.forge.comment(PROJECT, 1, user=user, text="x"),
        lambda: world.forge.close(PROJECT, 1, user=user),
        lambda: world.forge.merge(PROJECT, 1, head=head, message="m", user=user),
        lambda: world.forge.open(PROJECT, NewMergeRequest("main", "promote", "t", "d", user)),
    ):
        with pytest.raises(InvalidUser):
            call()


def test_closing_is_final(world: ForgeWorld) -> None:
    head = world.branch("promote")
    world.open()
    closed = world.forge.close(PROJECT, 1, user="ada")
    assert closed.state is MergeRequestState.CLOSED
    assert world.forge.close(PROJECT, 1, user="ada") == closed
    with pytest.raises(MergeRequestNotOpen):
        world.forge.approve(PROJECT, 1, user="ada")
    with pytest.raises(MergeRequestNotOpen):
        world.forge.merge(PROJECT, 1, head=head, message="m", user="ada")


def test_without_notes_the_rest_is_told_alike(world: ForgeWorld) -> None:
    world.branch("promote")
    world.open()
    world.forge.comment(PROJECT, 1, user="ada", text="fine")
    world.forge.approve(PROJECT, 1, user="ada")
    whole, rest = (world.forge.merge_request(PROJECT, 1, with_notes=notes) for notes in (True, False))
    assert len(whole.comments) == len(whole.approvals) == 1
    assert replace(rest, comments=whole.comments) == whole

"""The forge port: the local forge on a path and over smart HTTP, GitLab as the fake GitLab has it, and the fake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from support.git_server import GitServer
from support.git_worlds import ROBOT, START, TickingClock, bare_repository, git
from support.gitlab_world import Everybody, gitlab_world
from tidegate.errors.forge import (
    GroupMissing,
    HeadMoved,
    InvalidUser,
    MergeConflict,
    MergeRequestMissing,
    MergeRequestNotOpen,
    ProjectMissing,
    TargetMoved,
)
from tidegate.errors.git import BranchMissing
from tidegate.forge import LocalForge
from tidegate.git import Git, Mirrors, ProjectRemotes
from tidegate.gitops import MirroredRepos
from tidegate.model import MergeRequest, MergeRequestState
from tidegate.ports import Change, Forge, GitOpsRepo, NewMergeRequest
from tidegate.testing.forge import FakeForge
from tidegate.testing.gitops import FakeRepos
from tidegate.testing.remotes import FakeRemotes

PROJECT = "platform/gitops"
GROUPS = {"platform/sre": ("ada", "grace")}
FILES = {"a.yaml": b"a: 1\n", "b.yaml": b"b: 1\n"}
MESSAGE = "Merge branch 'promote'\n\nIt is time.\n\nTidegate-Service: inventory\nTidegate-Merge-Request: 1\n"


@dataclass(frozen=True)
class World:
    """A forge, and a client of its one repository."""

    forge: Forge
    new_repo: Callable[[], GitOpsRepo]
    move_branch: Callable[[str, str], object]
    guards_files: bool = True

    def branch(self, name: str, path: str = "a.yaml", data: bytes = b"a: 2\n") -> str:
        """Put one more commit on a branch; a new one starts at main."""
        repo = self.new_repo()
        expected = repo.head(name)
        parent = expected or repo.head("main")
        assert parent is not None
        return repo.push(name, Change({path: data}, f"Change {path}"), parent=parent, expected=expected)

    def open(self, source: str = "promote", title: str = "Promote inventory") -> MergeRequest:
        """Open a merge request into main."""
        return self.forge.open(PROJECT, NewMergeRequest(source, "main", title, "**Why**\n\nso", "mallory"))


@pytest.fixture(params=["path", "http", "gitlab", "fake"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    clock = TickingClock()
    if request.param == "fake":
        fakes = FakeRemotes()
        remote = fakes.create(PROJECT, FILES, START)

        def move(branch: str, commit: str) -> None:
            name = branch.removeprefix("refs/heads/")
            remote.move(name, commit, remote.branches[name])

        yield World(FakeForge(fakes, clock, GROUPS), lambda: FakeRepos(fakes, clock).repo(PROJECT), move)
        return
    root = tmp_path / "remotes"
    at = partial(git, "update-ref", cwd=root / f"{PROJECT}.git")
    if request.param == "gitlab":
        with gitlab_world(root, clock) as served, Mirrors(Git.find(), tmp_path / "cache") as mirrors:
            for group, users in GROUPS.items():
                served.gitlab.group(group, *users)
            here = ProjectRemotes(str(root))
            yield World(
                Everybody(served.forge),
                lambda: MirroredRepos(here, mirrors, ROBOT, clock).repo(PROJECT),
                at,
                guards_files=False,
            )
        return
    bare_repository(root, PROJECT, FILES)
    with ExitStack() as stack:
        base = str(root)
        if request.param == "http":
            base = stack.enter_context(GitServer(root, ("robot", "secret"))).url_with_credentials
        mirrors = stack.enter_context(Mirrors(Git.find(), tmp_path / "cache"))
        remotes = ProjectRemotes(base)
        yield World(
            LocalForge(remotes, mirrors, ROBOT, clock, GROUPS),
            lambda: MirroredRepos(remotes, mirrors, ROBOT, clock).repo(PROJECT),
            at,
        )


def test_an_opened_merge_request_is_as_it_was_asked_for(world: World) -> None:
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


def test_opening_again_returns_the_open_one(world: World) -> None:
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


def test_those_of_one_branch_and_those_that_somebody_approved_are_found(world: World) -> None:
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


def test_what_is_not_scheduled_needs_no_unscheduling(world: World) -> None:
    world.branch("promote")
    world.open()
    assert not world.forge.unschedule(PROJECT, 1).scheduled


def test_what_is_missing_is_named(world: World) -> None:
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


def test_members_of_a_group(world: World) -> None:
    assert world.forge.members("platform/sre") == {"ada", "grace"}


def test_a_draft_says_so_in_its_title(world: World) -> None:
    world.branch("promote")
    assert world.open(title="Draft: Promote inventory").draft
    assert not world.forge.describe(PROJECT, 1, title="Promote inventory", description="d").draft


def test_title_and_description_change_while_it_is_open(world: World) -> None:
    world.branch("promote")
    world.open()
    changed = world.forge.describe(PROJECT, 1, title="T", description="# D\n\n→ ü 🚢")
    assert (changed.title, changed.description) == ("T", "# D\n\n→ ü 🚢")
    assert world.forge.merge_requests(PROJECT) == (changed,)
    assert world.forge.describe(PROJECT, 1, title="T", description="# D\n\n→ ü 🚢") == changed
    world.forge.close(PROJECT, 1, user="ada")
    with pytest.raises(MergeRequestNotOpen):
        world.forge.describe(PROJECT, 1, title="U", description="")


def test_comments_are_kept_in_order(world: World) -> None:
    world.branch("promote")
    world.open()
    world.forge.comment(PROJECT, 1, user="ada", text="first\n\nlines")
    world.forge.close(PROJECT, 1, user="ada")
    world.forge.comment(PROJECT, 1, user="grace", text="second")
    comments = world.forge.merge_request(PROJECT, 1).comments
    assert [(one.user, one.text) for one in comments] == [("ada", "first\n\nlines"), ("grace", "second")]
    assert comments[0].at < comments[1].at


def test_a_note_is_left_once(world: World) -> None:
    world.branch("promote")
    world.open()
    added = [world.forge.comment(PROJECT, 1, user=user, text="fine") for user in ("ada", "grace", "ada")]
    assert added == [True, True, False]
    comments = world.forge.merge_request(PROJECT, 1).comments
    assert [(one.user, one.text) for one in comments] == [("ada", "fine"), ("grace", "fine")]


def test_an_approval_is_of_one_head(world: World) -> None:
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


def test_pushing_a_branch_back_does_not_bring_its_approvals_back(world: World) -> None:
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


def test_a_push_that_only_a_list_has_seen_voids_approvals_as_well(world: World) -> None:
    old = world.branch("promote")
    world.open()
    world.forge.approve(PROJECT, 1, user="ada")
    new = world.branch("promote", data=b"a: 3\n")
    assert [one.head for one in world.forge.merge_requests(PROJECT)] == [new]
    world.move_branch("refs/heads/promote", old)
    assert [one for one in world.forge.merge_request(PROJECT, 1).approvals if one.head == old] == []


def test_an_approval_can_be_taken_back(world: World) -> None:
    world.branch("promote")
    world.open()
    world.forge.approve(PROJECT, 1, user="ada")
    assert world.forge.unapprove(PROJECT, 1, user="ada").approvals == ()
    assert world.forge.unapprove(PROJECT, 1, user="ada").approvals == ()
    assert world.forge.merge_request(PROJECT, 1).approvals == ()


@pytest.mark.parametrize("user", ["", "  ", "a\nb", "\x1b[31mred"])
def test_who_acts_must_have_a_name(world: World, user: str) -> None:
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


def test_closing_is_final(world: World) -> None:
    head = world.branch("promote")
    world.open()
    closed = world.forge.close(PROJECT, 1, user="ada")
    assert closed.state is MergeRequestState.CLOSED
    assert world.forge.close(PROJECT, 1, user="ada") == closed
    with pytest.raises(MergeRequestNotOpen):
        world.forge.approve(PROJECT, 1, user="ada")
    with pytest.raises(MergeRequestNotOpen):
        world.forge.merge(PROJECT, 1, head=head, message="m", user="ada")


def test_a_merge_is_a_merge_commit_on_the_target(world: World) -> None:
    head = world.branch("promote")
    theirs = world.branch("main", "b.yaml", b"b: 2\n")
    world.open()
    merged = world.forge.merge(PROJECT, 1, head=head, message=MESSAGE, user="ada")
    repo = world.new_repo()
    assert merged.state is MergeRequestState.MERGED
    assert merged.merge_commit == repo.head("main")
    assert merged.merge_commit is not None
    commit = repo.commit(merged.merge_commit)
    assert (commit.parents, commit.author, commit.subject) == ((theirs, head), "ada", "Merge branch 'promote'")
    assert commit.trailers == {"Tidegate-Service": "inventory", "Tidegate-Merge-Request": "1"}
    assert repo.read(commit.id, FILES) == {"a.yaml": b"a: 2\n", "b.yaml": b"b: 2\n"}
    assert [one.id for one in repo.history(commit.id, "a.yaml", 1)] == [commit.id]
    assert repo.head("promote") == head
    assert world.forge.merge_request(PROJECT, 1) == merged
    assert world.forge.merge(PROJECT, 1, head=head, message="again", user="grace") == merged
    assert world.new_repo().head("main") == commit.id
    with pytest.raises(MergeRequestNotOpen):
        world.forge.merge(PROJECT, 1, head=theirs, message="m", user="ada")
    for call in (
        lambda: world.forge.close(PROJECT, 1, user="ada"),
        lambda: world.forge.approve(PROJECT, 1, user="ada"),
    ):
        with pytest.raises(MergeRequestNotOpen):
            call()


@pytest.mark.parametrize("look", ["list", "one"])
def test_what_a_person_merged_by_hand_is_merged(world: World, look: str) -> None:
    """Also when they deleted the branch afterwards."""
    head = world.branch("promote")
    world.branch("waiting", "b.yaml")
    world.open()
    world.open("waiting")
    repo = world.new_repo()
    by_hand = repo.push("main", Change({"c.yaml": b"c\n"}, "s"), parent=head, expected=repo.head("main"))
    repo.delete("promote", expected=head)
    if look == "list":
        assert [one.iid for one in world.forge.merge_requests(PROJECT)] == [2]
    found = world.forge.merge_request(PROJECT, 1)
    assert (found.state, found.head, found.branch_gone) == (MergeRequestState.MERGED, head, False)
    assert found.merge_commit in {head, by_hand}
    assert world.forge.merge_requests(PROJECT, state=MergeRequestState.MERGED) == (found,)


def test_a_merge_is_guarded_by_the_head(world: World) -> None:
    old = world.branch("promote")
    world.open()
    main = world.new_repo().head("main")
    world.branch("promote", data=b"a: 3\n")
    with pytest.raises(HeadMoved) as caught:
        world.forge.merge(PROJECT, 1, head=old, message="m", user="ada")
    assert caught.value.retryable
    assert world.new_repo().head("main") == main
    assert world.forge.merge_request(PROJECT, 1).state is MergeRequestState.OPEN


def test_a_merge_that_would_make_other_bytes_is_refused(world: World) -> None:
    """GitLab can't be told what must come out: what it made is looked at afterwards."""
    head = world.branch("promote")
    main = world.branch("main", "b.yaml", b"b: 2\n")
    world.open()

    def merge(**files: bytes) -> MergeRequest:
        wanted = {f"{name}.yaml": data for name, data in files.items()}
        return world.forge.merge(PROJECT, 1, head=head, message="m", user="ada", files=wanted)

    if world.guards_files:
        with pytest.raises(TargetMoved, match=r"b\.yaml"):
            merge(a=b"a: 2\n", b=b"b: 1\n")
        assert world.new_repo().head("main") == main
        assert world.forge.merge_request(PROJECT, 1).state is MergeRequestState.OPEN
    assert merge(a=b"a: 2\n", b=b"b: 2\n").state is MergeRequestState.MERGED


def test_a_source_branch_that_was_deleted_is_told_until_it_is_pushed_again(world: World) -> None:
    head = world.branch("promote")
    world.open()
    world.new_repo().delete("promote", expected=head)
    (listed,) = world.forge.merge_requests(PROJECT)
    shown = world.forge.merge_request(PROJECT, 1)
    for found in (listed, shown):
        assert (found.state, found.head, found.branch_gone) == (MergeRequestState.OPEN, head, True)
    world.branch("promote")
    assert not world.forge.merge_request(PROJECT, 1).branch_gone


def test_conflicts_are_told_with_their_files(world: World) -> None:
    head = world.branch("promote")
    world.open()
    main = world.branch("main", "a.yaml", b"a: theirs\n")
    shown = world.forge.merge_request(PROJECT, 1)
    assert shown.conflicts is True
    assert shown.conflicting == (("a.yaml",) if world.guards_files else ())  # GitLab's API does not tell
    assert world.forge.merge_requests(PROJECT)[0].conflicts is None
    with pytest.raises(MergeConflict, match=r"a\.yaml"):
        world.forge.merge(PROJECT, 1, head=head, message="m", user="ada")
    assert world.new_repo().head("main") == main


def test_both_sides_with_the_same_change_do_not_conflict(world: World) -> None:
    head = world.branch("promote")
    world.open()
    world.branch("main")
    assert world.forge.merge(PROJECT, 1, head=head, message="m", user="ada").state is MergeRequestState.MERGED


def test_what_a_person_merged_by_hand_is_adopted(world: World) -> None:
    head = world.branch("promote")
    world.open()
    repo = world.new_repo()
    main = repo.head("main")
    assert main is not None
    repo.push("main", Change({}, "s"), parent=head, expected=main)
    merged = world.forge.merge(PROJECT, 1, head=head, message="m", user="ada")
    assert (merged.state, merged.merge_commit) == (MergeRequestState.MERGED, head)
    assert world.new_repo().head("main") == head


def test_a_finished_merge_request_outlives_its_branch(world: World) -> None:
    head = world.branch("promote")
    world.open()
    world.forge.approve(PROJECT, 1, user="ada")
    merged = world.forge.merge(PROJECT, 1, head=head, message="m", user="ada")
    world.new_repo().delete("promote", expected=head)
    found = world.forge.merge_request(PROJECT, 1)
    assert [one.user for one in found.approvals] == ["ada"]
    assert replace(found, approvals=()) == replace(merged, approvals=())
    assert world.new_repo().commit(head).id == head


def test_an_open_merge_request_without_its_branch_can_not_be_merged(world: World) -> None:
    head = world.branch("promote")
    world.open()
    world.new_repo().delete("promote", expected=head)
    assert world.forge.merge_request(PROJECT, 1).head == head
    with pytest.raises(BranchMissing):
        world.forge.merge(PROJECT, 1, head=head, message="m", user="ada")


def test_without_notes_the_rest_is_told_alike(world: World) -> None:
    world.branch("promote")
    world.open()
    world.forge.comment(PROJECT, 1, user="ada", text="fine")
    world.forge.approve(PROJECT, 1, user="ada")
    whole, rest = (world.forge.merge_request(PROJECT, 1, with_notes=notes) for notes in (True, False))
    assert len(whole.comments) == len(whole.approvals) == 1
    assert replace(rest, comments=whole.comments) == whole

"""The forge port, on every forge: merging, and what becomes of branches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.forge_worlds import FILES, FORGES, PROJECT, ForgeWorld, forge_world
from tidegate.errors.forge import (
    HeadMoved,
    MergeConflict,
    MergeRequestNotOpen,
    TargetMoved,
)
from tidegate.errors.git import BranchMissing
from tidegate.model import MergeRequest, MergeRequestState
from tidegate.ports import Change

MESSAGE = "Merge branch 'promote'\n\nIt is time.\n\nTidegate-Service: inventory\nTidegate-Merge-Request: 1\n"


@pytest.fixture(params=FORGES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForgeWorld]:
    with forge_world(request.param, tmp_path) as world:
        yield world


def test_a_merge_is_a_merge_commit_on_the_target(world: ForgeWorld) -> None:
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
        with pytest.raises(MergeRequestNotOpen) as caught:
            call()
        assert "promote again" not in str(caught.value.hint), "it has done what it was for"


@pytest.mark.parametrize("look", ["list", "one"])
def test_what_a_person_merged_by_hand_is_merged(world: ForgeWorld, look: str) -> None:
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


def test_a_merge_is_guarded_by_the_head(world: ForgeWorld) -> None:
    old = world.branch("promote")
    world.open()
    main = world.new_repo().head("main")
    world.branch("promote", data=b"a: 3\n")
    with pytest.raises(HeadMoved) as caught:
        world.forge.merge(PROJECT, 1, head=old, message="m", user="ada")
    assert caught.value.retryable
    assert world.new_repo().head("main") == main
    assert world.forge.merge_request(PROJECT, 1).state is MergeRequestState.OPEN


def test_a_merge_that_would_make_other_bytes_is_refused(world: ForgeWorld) -> None:
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


def test_a_source_branch_that_was_deleted_is_told_until_it_is_pushed_again(world: ForgeWorld) -> None:
    head = world.branch("promote")
    world.open()
    world.new_repo().delete("promote", expected=head)
    (listed,) = world.forge.merge_requests(PROJECT)
    shown = world.forge.merge_request(PROJECT, 1)
    for found in (listed, shown):
        assert (found.state, found.head, found.branch_gone) == (MergeRequestState.OPEN, head, True)
    world.branch("promote")
    assert not world.forge.merge_request(PROJECT, 1).branch_gone


def test_conflicts_are_told_with_their_files(world: ForgeWorld) -> None:
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


def test_both_sides_with_the_same_change_do_not_conflict(world: ForgeWorld) -> None:
    head = world.branch("promote")
    world.open()
    world.branch("main")
    assert world.forge.merge(PROJECT, 1, head=head, message="m", user="ada").state is MergeRequestState.MERGED


def test_what_a_person_merged_by_hand_is_adopted(world: ForgeWorld) -> None:
    head = world.branch("promote")
    world.open()
    repo = world.new_repo()
    main = repo.head("main")
    assert main is not None
    repo.push("main", Change({}, "s"), parent=head, expected=main)
    merged = world.forge.merge(PROJECT, 1, head=head, message="m", user="ada")
    assert (merged.state, merged.merge_commit) == (MergeRequestState.MERGED, head)
    assert world.new_repo().head("main") == head


def test_a_finished_merge_request_outlives_its_branch(world: ForgeWorld) -> None:
    head = world.branch("promote")
    world.open()
    world.forge.approve(PROJECT, 1, user="ada")
    merged = world.forge.merge(PROJECT, 1, head=head, message="m", user="ada")
    world.new_repo().delete("promote", expected=head)
    found = world.forge.merge_request(PROJECT, 1)
    assert [one.user for one in found.approvals] == ["ada"]
    assert replace(found, approvals=()) == replace(merged, approvals=())
    assert world.new_repo().commit(head).id == head


def test_an_open_merge_request_without_its_branch_can_not_be_merged(world: ForgeWorld) -> None:
    head = world.branch("promote")
    world.open()
    world.new_repo().delete("promote", expected=head)
    assert world.forge.merge_request(PROJECT, 1).head == head
    with pytest.raises(BranchMissing):
        world.forge.merge(PROJECT, 1, head=head, message="m", user="ada")

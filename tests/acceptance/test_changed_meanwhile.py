"""What changes between the decision and the merge: nothing is merged that nobody decided on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.bad_input import run
from support.git_worlds import git
from support.road_texts import STAGING, file_of
from support.road_world import RoadWorld, release_image, world_with_release
from tidegate.forge import LocalForge
from tidegate.registry.layout.registry import LayoutRegistry

FILE = file_of("staging")
DELIVER = ("deliver", f"{STAGING}!1")


@pytest.fixture
def ready(tmp_path: Path) -> RoadWorld:
    """A merge request to staging that sam has approved."""
    world = world_with_release(tmp_path / "world", until="e2e")
    world.push_image("staging", "1.1.2", release_image("inventory 1.1.2"))
    world.declare("staging", "1.1.2")
    assert run(world, "promote", "inventory", "--to", "staging").code == 0
    assert run(world, "mr", "approve", f"{STAGING}!1", "--as", "sam").code == 0
    return world


def before(monkeypatch: pytest.MonkeyPatch, place: type[object], name: str, event: Callable[[], object]) -> None:
    """Have something happen once, just before a method is called for the first time."""
    honest, events = getattr(place, name), [event]

    def called(self: object, *arguments: object, **more: object) -> object:
        if events:
            events.pop()()
        return honest(self, *arguments, **more)

    monkeypatch.setattr(place, name, called)


def append(world: RoadWorld) -> str:
    """Change the target's file where git merges it with the merge request's change."""
    return world.commit(STAGING, {FILE: world.read(STAGING, FILE) + b"# by hand\n"})


def test_an_approval_that_was_withdrawn_during_the_copy(ready: RoadWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    was = ready.log(STAGING, "%H")
    withdraw = ("mr", "unapprove", f"{STAGING}!1", "--as", "sam")
    before(monkeypatch, LayoutRegistry, "put_manifest", lambda: run(ready, *withdraw))
    ended = run(ready, *DELIVER)
    assert ended.code == 11, ended.err
    assert f"  again: {STAGING}!1 changed while its images were copied\n" in ended.err
    assert "needs 1 approval" in ended.out
    assert ready.log(STAGING, "%H") == was
    assert ready.json("mr", "show", f"{STAGING}!1")["mergeRequests"][0]["comments"] == []


@pytest.mark.parametrize(
    ("place", "name"),
    [(LayoutRegistry, "put_manifest"), (LocalForge, "merge")],
    ids=["during-the-copy", "at-the-merge"],
)
def test_a_file_that_the_target_changed_is_not_mixed_in(
    ready: RoadWorld, monkeypatch: pytest.MonkeyPatch, place: type[object], name: str
) -> None:
    before(monkeypatch, place, name, lambda: append(ready))
    ended = run(ready, *DELIVER)
    assert ended.code == 11, ended.err
    assert f"main has changed {FILE} since {STAGING}!1 began" in ended.out
    assert ready.log(STAGING, "%s").splitlines()[0] == f"Change {FILE}"


def test_one_whose_branch_was_deleted_stands_in_no_other_ones_way(ready: RoadWorld) -> None:
    """Nothing is copied for it, at no run; the others are delivered."""
    branch = "tidegate/inventory/to-staging"
    data = ready.read(STAGING, FILE, branch)
    git("update-ref", "-d", f"refs/heads/{branch}", cwd=ready.repository(STAGING))
    ended = run(ready, *DELIVER)
    assert ended.code == 11, ended.err
    assert f"the branch of {STAGING}!1, {branch}, was deleted" in ended.out
    assert set(ready.layout("prd").tags("inventory")) == {"1.1.2"}
    assert "was deleted" in run(ready, "why", "inventory", "--in", "staging").out
    ready.commit(STAGING, {FILE: data}, "by-hand")
    assert run(ready, "mr", "open", STAGING, "--branch", "by-hand", "--title", "By hand").code == 0
    assert run(ready, "mr", "approve", f"{STAGING}!2", "--as", "sam").code == 0
    assert run(ready, "deliver", "--all").code == 0
    assert ready.read(STAGING, FILE) == data


def test_one_that_was_merged_with_plain_git_is_merged_and_its_image_is_missed(ready: RoadWorld) -> None:
    data = ready.read(STAGING, FILE, "tidegate/inventory/to-staging")
    where = ready.repository(STAGING)
    commit = git("commit-tree", "-m", "by hand", "-p", "main", "-p", "tidegate/inventory/to-staging",
                 "tidegate/inventory/to-staging^{tree}", cwd=where)  # fmt: skip
    git("update-ref", "refs/heads/main", commit, cwd=where)
    ended = run(ready, *DELIVER)
    assert ended.code == 1
    assert f"warning: {STAGING}!1 was merged without a delivery, as {commit[:12]}" in ended.err
    assert "which does not exist\n  code:  release/target-image-gone" in ended.err
    assert "`tidegate image copy " in ended.err
    assert ready.json("mr", "list", "--repo", STAGING)["mergeRequests"] == []
    (found,) = ready.json("mr", "list", "--repo", STAGING, "--state", "merged")["mergeRequests"]
    assert (found["ref"], found["mergeCommit"]) == (f"{STAGING}!1", commit)
    assert run(ready, "deliver", "--all").code == 0
    source, target = ended.err.partition("`tidegate image copy ")[2].partition("`")[0].split()
    assert run(ready, "image", "copy", source, target).code == 0
    assert ready.read(STAGING, FILE) == data
    ended = run(ready, *DELIVER)
    assert (ended.code, "merged" in ended.out) == (0, True)


def test_what_moves_no_image_is_named(ready: RoadWorld) -> None:
    ready.commit(STAGING, {"README.md": b"new\n"}, "docs")
    assert run(ready, "mr", "open", STAGING, "--branch", "docs", "--title", "Docs").code == 0
    ended = run(ready, "deliver", f"{STAGING}!2")
    assert (ended.code, f"  where: {STAGING}!2\n" in ended.err) == (2, True)

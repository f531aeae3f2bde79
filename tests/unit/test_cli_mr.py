"""`tidegate mr` and `tidegate promote`: what is refused before anything is read, and what a second run says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.bad_input import TO_STAGING, run
from support.cli import Ended, tidegate
from support.git_worlds import git
from support.road_texts import STAGING, Settings, file_of
from support.road_world import world_with_release
from tidegate.model import MergeRequest, MergeRequestState


@pytest.mark.parametrize("title", ["", "  ", "\t\u200b"])
def test_a_merge_request_has_a_title(title: str) -> None:
    ended = tidegate("mr", "open", STAGING, "--branch", "by-hand", "--title", title)
    assert ended.code == 2
    assert "error: Invalid value for '--title': it is empty\n" in ended.err


@pytest.mark.parametrize("name", [STAGING, f"{STAGING}!", "!1", f"{STAGING}!x", f"{STAGING}!{'1' * 5000}"])
def test_a_merge_request_is_named_by_project_and_number(name: str) -> None:
    ended = tidegate("mr", "show", name)
    assert ended.code == 2
    assert "is not a merge request: write it like platform/gitops!3\n" in ended.err


def test_a_promotion_that_finds_its_merge_request_open_says_so(tmp_path: Path) -> None:
    """As when a race was lost: whoever was faster opened it."""
    world = world_with_release(tmp_path / "world", until="e2e")
    assert (
        "  done  platform/gitops-staging!1 is open: Promote inventory 1.1.3 to staging\n" in run(world, *TO_STAGING).err
    )
    again = run(world, *TO_STAGING)
    assert again.code == 0
    assert again.err.endswith("  kept  platform/gitops-staging!1 is open: Promote inventory 1.1.3 to staging\n")
    assert f"{STAGING}!1" in again.out
    assert "kept" not in run(world, "-q", *TO_STAGING).err


def test_conflicts_are_shown_with_their_files(tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world", until="e2e")
    run(world, *TO_STAGING)
    world.declare("staging", "1.1.2")
    said = run(world, "mr", "show", f"{STAGING}!1").out
    assert f"\nconflicts with main in {file_of('staging')}\n" in said
    (told,) = world.json("mr", "show", f"{STAGING}!1")["mergeRequests"]
    assert (told["conflicts"], told["conflicting"], told["branchGone"]) == (True, [file_of("staging")], False)
    assert told["pipeline"] is None, "a local forge has none"
    assert f"{STAGING}!1 conflicts with main in {file_of('staging')}" in run(world, "deliver", f"{STAGING}!1").out
    assert f"conflicts with main in {file_of('staging')}" in run(world, "why", "inventory", "--in", "staging").out


def test_many_files_with_conflicts_are_told_in_part() -> None:
    found = MergeRequest("p", 1, "t", "", "dana", "b", "main", "0" * 40, MergeRequestState.OPEN, datetime.now(UTC))
    assert found.conflict == "conflicts with main"
    many = replace(found, conflicting=tuple("abcdefg"))
    assert many.conflict == "conflicts with main in a, b, c, d, e and 2 more"


def test_an_approval_that_a_rewrite_left_behind_did_count(tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world", Settings(rewrite="on-approval"), until="e2e")
    run(world, *TO_STAGING)
    run(world, "mr", "approve", f"{STAGING}!1", "--as", "sam")
    assert run(world, "deliver", f"{STAGING}!1").code == 0
    shown = run(world, "mr", "show", f"{STAGING}!1").out
    assert "\napproved by sam, " in shown
    assert "before the last push" not in shown + run(world, "mr", "list", "--state", "merged").out


def test_what_is_open_or_merged_already_is_not_opened(tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world", until="e2e")
    world.commit(STAGING, {"README.md": b"new\n"}, "docs")

    def opened(title: str, user: str) -> Ended:
        return run(world, "mr", "open", STAGING, "--branch", "docs", "--title", title, "--as", user)

    assert "already" not in opened("Docs", "dana").err
    again = opened("Other docs", "sam")
    assert (again.code, again.err) == (0, f"docs is open already: {STAGING}!1 by dana, Docs\n")
    assert f"{STAGING}!1" in again.out
    git("update-ref", "refs/heads/main", "refs/heads/docs", cwd=world.repository(STAGING))
    refused = opened("Docs", "dana")
    assert (refused.code, refused.out) == (1, "")
    assert "error: main has all of docs already\n  code:  forge/nothing-to-merge" in refused.err
    assert [one["state"] for one in world.json("mr", "list", "--state", "all")["mergeRequests"]] == ["merged"]

"""`tidegate mr` and `tidegate promote`: what is refused before anything is read, and what a second run says."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.bad_input import TO_STAGING, run
from support.cli import tidegate
from support.road_texts import STAGING
from support.road_world import world_with_release


@pytest.mark.parametrize("title", ["", "  ", "\t\u200b"])
def test_a_merge_request_has_a_title(title: str) -> None:
    ended = tidegate("mr", "open", STAGING, "--branch", "by-hand", "--title", title)
    assert ended.code == 2
    assert "error: Invalid value for '--title': it is empty\n" in ended.err


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

"""Pipelines that want a version at the same moment, over a real git remote."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.git_worlds import ROBOT, TickingClock, bare_repository, git
from tidegate.engine.version_tags import TagStyle
from tidegate.engine.versions import Bump, ClaimedVersion, claim_next, open_line
from tidegate.git import Git
from tidegate.gitops import GitVersionTags
from tidegate.model import Version

STYLE = TagStyle("inventory/v{version}")
CALLERS = 20


def test_twenty_pipelines_get_twenty_consecutive_versions(tmp_path: Path) -> None:
    bare = bare_repository(tmp_path, "app", {"main.py": b"1\n"})
    checkout = tmp_path / "checkout"
    git("clone", "--quiet", str(bare), str(checkout), cwd=tmp_path)

    def tags() -> GitVersionTags:
        return GitVersionTags.at(Git.find(), str(checkout), ROBOT, TickingClock())

    def pipeline(_: int) -> ClaimedVersion:
        return claim_next(tags(), STYLE)

    assert claim_next(tags(), STYLE).version == Version(1, 0, 0)
    assert open_line(tags(), STYLE, "inventory", Bump.MINOR).created
    with ThreadPoolExecutor(CALLERS) as pool:
        claimed = list(pool.map(pipeline, range(CALLERS)))
    assert sorted(each.version for each in claimed) == [Version(1, 1, patch) for patch in range(CALLERS)]
    remote = tags().all()
    assert {each.tag for each in claimed} < set(remote)
    assert all(remote[each.tag] == each.commit for each in claimed)

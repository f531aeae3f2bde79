"""The played GitLab sees branches as git does, whatever became of their files."""

from __future__ import annotations

import random
from pathlib import Path

from support.git_worlds import bare_repository, commit_files, git
from tidegate.testing.gitlab.branches import Branches

NAMES = ("a", "b/c", "b/d", "b/e/f", "tidegate/x/to-staging", "tidegate/y/to-staging")


def test_branches_are_those_that_git_tells(tmp_path: Path) -> None:
    bare = bare_repository(tmp_path, "platform/gitops", {"a.yaml": b"a\n"})
    commits = [commit_files(bare, "main", {"a.yaml": b"%d\n" % number}) for number in range(3)]
    source, branches = random.Random(5), Branches()  # noqa: S311 - which branch, not a secret
    for _ in range(120):
        name = source.choice(NAMES)
        match source.choice(("move", "move", "move", "delete", "pack")):
            case "move":
                git("update-ref", f"refs/heads/{name}", source.choice(commits), cwd=bare)
            case "delete":
                git("update-ref", "-d", f"refs/heads/{name}", cwd=bare)
            case _:
                git("pack-refs", "--all", cwd=bare)
        told = git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads", cwd=bare).splitlines()
        assert [f"{name} {commit}" for name, commit in branches.heads(bare).items()] == told

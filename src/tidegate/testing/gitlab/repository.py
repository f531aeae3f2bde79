"""A bare repository, as the fake GitLab looks at it and merges in it: plain git, nothing of Tidegate's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BareRepository:
    """A bare repository.

    Args:
        path: its folder.
    """

    path: Path
    _trees: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def heads(self) -> Mapping[str, str]:
        """Return branch → commit id."""
        lines = self._git("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads").splitlines()
        return {name: commit for commit, _, name in (line.partition(" ") for line in lines)}

    def has(self, commit: str) -> bool:
        """Return whether there is such a commit."""
        return self._run("cat-file", "-e", f"{commit}^{{commit}}").returncode == 0

    def subject(self, commit: str) -> str:
        """Return the first line of a commit's message."""
        return self._git("show", "--no-patch", "--format=%s", commit)

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor, or None."""
        return self._git("merge-base", one, other, fine={0, 1}) or None

    def changed(self, start: str, end: str) -> tuple[str, ...]:
        """Return the paths that `end` changed since it parted from `start`."""
        base = self.merge_base(start, end)
        return tuple(self._git("diff", "--name-only", base, end).splitlines()) if base else ()

    def arrival(self, head: str, target: str) -> str:
        """Return the commit of the target's own line by which `head` came in."""
        own = self._git("rev-list", "--first-parent", target).splitlines()
        if head in own:
            return head
        later = set(self._git("rev-list", "--ancestry-path", f"{head}..{target}").splitlines())
        return [commit for commit in own if commit in later][-1]

    def merged_tree(self, ours: str, theirs: str) -> str | None:
        """Return the tree of a merge, or None where a person must merge."""
        if (ours, theirs) not in self._trees:
            done = self._run("merge-tree", "--write-tree", "--no-messages", ours, theirs)
            clean = done.returncode == 0 and self.merge_base(ours, theirs) is not None
            self._trees[ours, theirs] = done.stdout.decode().split()[0] if clean else None
        return self._trees[ours, theirs]

    def commit_merge(
        self, branch: str, tree: str, parents: tuple[str, str], message: str, *, name: str, at: datetime
    ) -> str:
        """Write a merge commit and move `branch` from the first parent to it."""
        people = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (
                ("NAME", name),
                ("EMAIL", f"{name}@users.noreply.gitlab.example.com"),
                ("DATE", at.isoformat()),
            )
        }
        arguments = ["commit-tree", tree, "-p", parents[0], "-p", parents[1]]
        commit = self._git(*arguments, data=message.encode(), environ=people)
        self._git("update-ref", f"refs/heads/{branch}", commit, parents[0])
        return commit

    def _git(
        self, *arguments: str, data: bytes = b"", environ: Mapping[str, str] | None = None, fine: set[int] | None = None
    ) -> str:
        done = self._run(*arguments, data=data, environ=environ)
        if done.returncode not in (fine or {0}):
            raise RuntimeError(f"git {arguments[0]}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode().strip()

    def _run(
        self, *arguments: str, data: bytes = b"", environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**plain_environ(self.path), **(environ or {})},
            input=data,
            capture_output=True,
            check=False,
        )


def plain_environ(home: Path) -> dict[str, str]:
    """Return an environment in which git has nobody's settings."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }

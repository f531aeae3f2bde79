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

    def is_below(self, commit: str, head: str) -> bool:
        """Return whether `head` has `commit`."""
        return self._run("merge-base", "--is-ancestor", commit, head).returncode == 0

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

    def commit(
        self, tree: str, parents: tuple[str, ...], message: str, *, name: str, at: datetime, of: str | None = None
    ) -> str:
        """Write a commit by `name`; with `of`, by that commit's author and only committed by `name`."""
        people = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (
                ("NAME", name),
                ("EMAIL", f"{name}@users.noreply.gitlab.example.com"),
                ("DATE", at.isoformat()),
            )
        }
        if of is not None:
            author = self._git("show", "--no-patch", "--format=%an%n%ae%n%aI", of).split("\n")
            people |= dict(zip(("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE"), author, strict=True))
        arguments = ["commit-tree", tree, *(word for parent in parents for word in ("-p", parent))]
        return self._git(*arguments, data=message.encode(), environ=people)

    def move(self, branch: str, new: str, old: str) -> None:
        """Move a branch."""
        self._git("update-ref", f"refs/heads/{branch}", new, old)

    def remove(self, branch: str) -> None:
        """Delete a branch."""
        self._git("update-ref", "-d", f"refs/heads/{branch}")

    def tree(self, commit: str) -> str:
        """Return a commit's tree."""
        return self._git("rev-parse", f"{commit}^{{tree}}")

    def rebased(self, head: str, onto: str, *, name: str, at: datetime) -> str | None:
        """Write the commits of `head` that `onto` has not anew on top of it; None where a person must help."""
        top = onto
        for commit in self._git("rev-list", "--reverse", "--no-merges", f"{onto}..{head}").split():
            # Of one line of commits, each one's merge with the new base is its tree after those before it.
            tree = self.merged_tree(onto, commit)
            if tree is None:
                return None
            message = self._git("show", "--no-patch", "--format=%B", commit)
            top = self.commit(tree, (top,), message, name=name, at=at, of=commit)
        return top

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

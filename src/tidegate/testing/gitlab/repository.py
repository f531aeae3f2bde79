"""A bare repository, as the fake GitLab looks at it and merges in it: plain git, nothing of Tidegate's own."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from tidegate.testing.gitlab.branches import Branches

GIT_SECONDS: Final = 120
"""So long a command of git may take: one that hangs ends a test by its name."""


@dataclass(frozen=True, slots=True)
class BareRepository:
    """A bare repository.

    Args:
        path: its folder.
    """

    path: Path
    _branches: Branches = field(default_factory=Branches)
    _trees: dict[tuple[str, str], str | None] = field(default_factory=dict)
    _bases: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def heads(self) -> Mapping[str, str]:
        """Return branch → commit id."""
        return self._branches.heads(self.path)

    def has(self, commit: str) -> bool:
        """Return whether there is such a commit."""
        return self._run("cat-file", "-e", f"{commit}^{{commit}}").returncode == 0

    def subject(self, commit: str) -> str:
        """Return the first line of a commit's message."""
        return self._git("show", "--no-patch", "--format=%s", commit)

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor, or None."""
        if (one, other) not in self._bases:
            self._bases[one, other] = self._git("merge-base", one, other, fine={0, 1}) or None
        return self._bases[one, other]

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

    def initialise(self, at: datetime) -> None:
        """Make the repository, with a README.md on `main`."""
        self.path.mkdir(parents=True)
        self._git("init", "--quiet", "--bare", "--initial-branch=main")
        self._git("config", "http.receivepack", "true")
        empty = self._git("hash-object", "-w", "-t", "tree", "--stdin")
        start = self.commit(empty, (), "Start", name="git", at=at)
        tree = self.tree_with(start, {"README.md": b"# New\n"})
        self.create("main", self.commit(tree, (), "Initial commit", name="git", at=at))

    def create(self, branch: str, commit: str) -> None:
        """Create a branch."""
        self._git("update-ref", f"refs/heads/{branch}", commit, "")

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

    def blob(self, commit: str, path: str) -> bytes | None:
        """Return a file's bytes, or None where there is none."""
        done = self._run("cat-file", "blob", f"{commit}:{path}")
        return done.stdout if done.returncode == 0 else None

    def blob_id(self, commit: str, path: str) -> str:
        """Return a file's object id."""
        return self._git("rev-parse", f"{commit}:{path}")

    def last_commit(self, commit: str, path: str) -> str:
        """Return the commit that changed a file last."""
        return self._git("log", "-1", "--format=%H", commit, "--", path)

    def log(self, ref: str, path: str = "") -> list[str]:
        """Return the commits in a ref, the newest first; with `path`, those that changed it."""
        return self._git("rev-list", ref, "--", *([path] if path else [])).splitlines()

    def between(self, old: str, new: str) -> list[str]:
        """Return the commits that `new` has and `old` has not, the newest first."""
        return self._git("rev-list", f"{old}..{new}").splitlines()

    def changed_by(self, commit: str) -> dict[str, list[str]]:
        """Return the paths that one commit added, modified and removed; those of a merge are not told."""
        told = self._git("diff-tree", "--root", "--no-commit-id", "-r", "--name-status", commit).splitlines()
        rows = [line.split("\t", 1) for line in told]
        kinds = {"added": "A", "modified": "M", "removed": "D"}
        return {name: [path for kind, path in rows if kind == letter] for name, letter in kinds.items()}

    def details(self, commit: str) -> list[str]:
        """Return id, parents, author's name, e-mail address and time, committer's likewise, and message."""
        form = "%H%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
        return self._git("show", "--no-patch", f"--format={form}", commit).split("\0")

    def files(self, commit: str, path: str = "", *, recursive: bool = False) -> list[tuple[str, str, str, str]]:
        """Return mode, kind, id and path of what is in a folder."""
        flags = ["-r", "-t"] if recursive else []
        told = self._git("ls-tree", "-z", *flags, commit, "--", *([f"{path.rstrip('/')}/"] if path else []))
        heads = [line.partition("\t") for line in told.split("\0") if line]
        return [(*head.split(" ", 2), name) for head, _, name in heads]  # type: ignore[misc] # three words

    def tree_with(self, commit: str, changes: Mapping[str, bytes | None]) -> str:
        """Write the tree of a commit with some files changed, or, with None, gone."""
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": f"{folder}/index"}
            self._git("read-tree", commit, environ=index)
            lines = []
            for path, content in changes.items():
                blob = "0" * 40 if content is None else self._git("hash-object", "-w", "--stdin", data=content)
                lines.append(f"{'0' if content is None else '100644'} {blob}\t{path}\0")
            self._git("update-index", "-z", "--index-info", data="".join(lines).encode(), environ=index)
            return self._git("write-tree", environ=index)

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
            timeout=GIT_SECONDS,
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

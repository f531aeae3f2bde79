"""In-memory git remotes: commits named by their content, branches, and merges file by file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock
from typing import Final

from tidegate.errors.git import CommitMissing, LeaseLost, RepositoryMissing
from tidegate.model.merge_request import Commit

_TRAILER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*): *(.*)")


class Link(bytes):
    """Where a symbolic link points; stands for one among the files of a commit."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A commit with all its files.

    Args:
        commit: what is told of it.
        files: path → bytes, the whole tree.
    """

    commit: Commit
    files: Mapping[str, bytes]


@dataclass(slots=True)
class FakeRemote:
    """One repository: its commits and where its branches are."""

    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Stored] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    def stored(self, commit: str) -> Stored:
        """Return a commit.

        Raises:
            CommitMissing: there is none of that id.
        """
        if commit not in self.commits:
            raise CommitMissing(f"the repository has no commit {commit[:12]!r}", hint="read the repository again")
        return self.commits[commit]

    def add(self, files: Mapping[str, bytes], parents: tuple[str, ...], author: str, message: str, at: datetime) -> str:
        """Store a commit and return its id: the same values make the same id."""
        seconds = datetime.fromtimestamp(int(at.timestamp()), UTC)
        tree = {path: _id(data) for path, data in sorted(files.items())}
        text = json.dumps([tree, parents, author, message, seconds.isoformat()])
        name = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        subject = message.partition("\n")[0]
        mail = f"{author.replace(' ', '-')}@users.noreply.example.com"
        commit = Commit(name, parents, author, mail, seconds, subject, _trailers(message))
        self.commits[name] = Stored(commit, dict(files))
        return name

    def move(self, branch: str, new: str | None, expected: str | None) -> None:
        """Move a branch from `expected` to `new` (None: missing); at `new` already is as good.

        Raises:
            LeaseLost: it was elsewhere.
        """
        with self.lock:
            present = self.branches.get(branch)
            if present != expected and (present != new or new is None):
                raise LeaseLost(f"{branch} moved since it was read", hint="look again, then repeat")
            if new is None:
                del self.branches[branch]
            else:
                self.branches[branch] = new

    def ancestors(self, commit: str) -> frozenset[str]:
        """Return the commit and all from which it came."""
        seen: set[str] = set()
        waiting = [commit]
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += self.stored(one).commit.parents
        return frozenset(seen)

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor: the one that has all others among its own."""
        common = self.ancestors(one) & self.ancestors(other)
        return max(common, key=lambda commit: len(self.ancestors(commit) & common), default=None)

    def merge(self, ours: str, theirs: str) -> tuple[Mapping[str, bytes], tuple[str, ...]]:
        """Return the merged files, and the paths that both sides changed, each in another way."""
        base = self.merge_base(ours, theirs)
        before = self.stored(base).files if base else {}
        left, right = self.stored(ours).files, self.stored(theirs).files
        merged: dict[str, bytes] = {}
        conflicts = []
        for path in sorted({*before, *left, *right}):
            was, here, there = before.get(path), left.get(path), right.get(path)
            if here not in (was, there) and there != was:
                conflicts.append(path)
            chosen = there if here == was else here
            if chosen is not None:
                merged[path] = chosen
        return merged, tuple(conflicts)


def _id(data: bytes) -> str:
    kind = b"link " if isinstance(data, Link) else b""
    return hashlib.sha1(kind + data, usedforsecurity=False).hexdigest()


def _trailers(message: str) -> dict[str, str]:
    _, gap, last = message.strip("\n").rpartition("\n\n")
    matches = [_TRAILER.fullmatch(line) for line in last.split("\n")]
    found = [(match[1], match[2]) for match in matches if match is not None]
    return dict(found) if gap and len(found) == len(matches) else {}


@dataclass(slots=True)
class FakeRemotes:
    """A forge's repositories, by project path; what several clients share."""

    by_project: dict[str, FakeRemote] = field(default_factory=dict)

    def create(self, project: str, files: Mapping[str, bytes], at: datetime, branch: str = "main") -> FakeRemote:
        """Make the repository of `project` with one commit of `files` on `branch`."""
        remote = FakeRemote()
        remote.branches[branch] = remote.add(files, (), "Petra Person", "Begin\n", at)
        self.by_project[project] = remote
        return remote

    def remote(self, project: str) -> FakeRemote:
        """Return the repository of `project`.

        Raises:
            RepositoryMissing: there is none.
        """
        if project not in self.by_project:
            raise RepositoryMissing("there is no repository at this address", where=project, hint="create it")
        return self.by_project[project]

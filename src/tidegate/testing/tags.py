"""FakeVersionTags: the version tags port in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from threading import Lock

from tidegate.errors.git import BranchMissing, CommitMissing, HistoryIncomplete
from tidegate.ports.tags import HistoryCommit


class FakeVersionTags:
    """Tags of a repository in memory; fulfils the port `VersionTags`.

    `messages` holds each claimed tag's message.

    Args:
        commits: oldest first; the last one is the target of new tags. Of an id alone, the parent is what stands
            before it, and the message is empty.
        branch: the branch that the checkout is on; None where there is none.
    """

    def __init__(self, *commits: str | HistoryCommit, branch: str | None = None) -> None:
        self._commits: dict[str, HistoryCommit] = {}
        for before, each in pairwise((None, *commits)):
            if each is not None:
                commit = HistoryCommit(each, tuple(_ids(before)), "") if isinstance(each, str) else each
                self._commits[commit.id] = commit
        self._branch = branch
        self._tags: dict[str, str] = {}
        self.messages: dict[str, str] = {}
        self._lock = Lock()

    def all(self) -> Mapping[str, str]:
        """Return tag name → commit id."""
        return dict(self._tags)

    def target(self) -> str:
        """Return the newest commit."""
        if not self._commits:
            raise BranchMissing("there is no commit that a version could name", hint="commit first")
        return list(self._commits)[-1]

    def branch(self) -> str | None:
        """Return the branch of the checkout."""
        return self._branch

    def history(self, since: str, until: str, *, files: bool) -> tuple[HistoryCommit, ...]:
        """Return every commit that `until` has and `since` has not, newest first."""
        ids = self._ancestry(until) - self._ancestry(since)
        found = (each for each in reversed(self._commits.values()) if each.id in ids)
        return tuple(each if files else replace(each, files=()) for each in found)

    def claim(self, tag: str, commit: str, message: str) -> bool:
        """Create `tag`; False when it is there already."""
        if commit not in self._commits:
            raise CommitMissing(f"the repository has no commit {commit[:12]!r}", hint="push it first")
        with self._lock:
            if tag in self._tags:
                return False
            self._tags[tag] = commit
            self.messages[tag] = message
            return True

    def _ancestry(self, commit: str) -> set[str]:
        found: set[str] = set()
        waiting = [commit]
        while waiting:
            id_ = waiting.pop()
            if id_ not in self._commits:
                raise HistoryIncomplete(f"the repository has no commit {id_[:12]!r}", hint="push it first")
            if id_ not in found:
                found.add(id_)
                waiting += self._commits[id_].parents
        return found


def _ids(commit: str | HistoryCommit | None) -> list[str]:
    if commit is None:
        return []
    return [commit if isinstance(commit, str) else commit.id]

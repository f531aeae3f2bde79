"""FakeVersionTags: the version tags port in memory."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from tidegate.errors.git import BranchMissing, CommitMissing


class FakeVersionTags:
    """Tags of a repository of which only the commit ids are known; fulfils the port `VersionTags`.

    `messages` holds each claimed tag's message.

    Args:
        commits: ids, oldest first; the last one is the target of new tags.
    """

    def __init__(self, *commits: str) -> None:
        self._commits = commits
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
        return self._commits[-1]

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

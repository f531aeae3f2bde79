"""The version tags port: the git tags of an application's repository, which are the lock on versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HistoryCommit:
    """A commit with what it says and what it changes.

    Args:
        id: its id, 40 hexadecimal digits.
        parents: ids; a merge has more than one.
        message: all of it.
        files: paths that differ from the first parent, from the repository's root; empty when not asked for.
    """

    id: str
    parents: tuple[str, ...]
    message: str
    files: tuple[str, ...] = ()


class VersionTags(Protocol):
    """Git tags of one remote repository."""

    def all(self) -> Mapping[str, str]:
        """Return tag name → commit id (of an annotated tag, the commit it points to), read from the remote now."""
        ...

    def target(self) -> str:
        """Return the commit id that a new tag would name: HEAD of the checkout, or the remote's default branch."""
        ...

    def branch(self) -> str | None:
        """Return the branch that the checkout is on; None for a detached HEAD, or without a checkout."""
        ...

    def history(self, since: str, until: str, *, files: bool) -> tuple[HistoryCommit, ...]:
        """Return every commit that `until` has and `since` has not, each before its parents.

        Args:
            since: commit id, e.g. of the last version.
            until: commit id.
            files: also tell what each commit changes.

        Raises:
            HistoryIncomplete: a commit is neither in the checkout nor on the remote.
        """
        ...

    def claim(self, tag: str, commit: str, message: str) -> bool:
        """Create `tag` at `commit` on the remote; False when the remote has that tag already."""
        ...

"""Merge requests, approvals and commits: what forge and git say, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class MergeRequestState(Enum):
    """Where a merge request stands."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval.

    Args:
        user: who gave it.
        at: when (UTC).
        head: the commit that was the branch's head when it was given.
    """

    user: str
    at: datetime
    head: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A note on a merge request."""

    user: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """A merge request as the forge shows it.

    Args:
        project: project path, e.g. `platform/gitops-staging`.
        iid: its number in the project.
        title: one line.
        description: Markdown.
        author: who opened it.
        source_branch: the branch with the change.
        target_branch: the branch that it goes to.
        head: commit id of the source branch's head.
        state: open, merged or closed.
        created_at: when it was opened (UTC).
        approvals: every approval in force as the forge tells it, also those given at an older head.
        comments: notes, oldest first.
        merge_commit: the commit that merged it, or None.
        draft: whether it is marked as not ready.
        conflicts: whether it can't be merged without a person; None when the forge has not said.
        web_url: where a person looks at it, or None.
    """

    project: str
    iid: int
    title: str
    description: str
    author: str
    source_branch: str
    target_branch: str
    head: str
    state: MergeRequestState
    created_at: datetime
    approvals: tuple[Approval, ...] = ()
    comments: tuple[Comment, ...] = ()
    merge_commit: str | None = None
    draft: bool = False
    conflicts: bool | None = None
    web_url: str | None = None

    @property
    def ref(self) -> str:
        """`project!iid`, as people write it."""
        return f"{self.project}!{self.iid}"


@dataclass(frozen=True, slots=True)
class Commit:
    """A git commit, as far as Tidegate reads it.

    Args:
        id: 40 hexadecimal digits.
        parents: their ids, the first parent first.
        author: author's name.
        email: author's e-mail address.
        at: committer time (UTC).
        subject: first line of the message.
        trailers: the message's trailers; of a repeated one, the last.
    """

    id: str
    parents: tuple[str, ...]
    author: str
    email: str
    at: datetime
    subject: str
    trailers: Mapping[str, str]

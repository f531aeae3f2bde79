"""Merge requests, approvals and commits: what forge and git say, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from tidegate.model.forge_rule import ForgeRule

_FEW: Final = 5


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
        known_as: other names and e-mail addresses of theirs, in small letters, as far as the forge tells.
    """

    user: str
    at: datetime
    head: str
    known_as: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Comment:
    """A note on a merge request."""

    user: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class MergeRequestOptions:
    """How an environment wants its merge requests opened and merged. A forge refuses what it has not.

    Args:
        labels: given when it is opened, and so are
        reviewers: user names,
        assignees: user names,
        milestone: its title, or None,
        draft: opened as a draft, which a person marks as ready.
        squash: merged as one commit.
        remove_source_branch: the source branch is deleted by the merge.
        auto_merge: the forge merges it by itself as soon as its pipeline has succeeded.
        merge_train: it goes to the end of the merge train, and the forge merges it in its turn.
        rebase: rebased when the forge wants that before it merges.
    """

    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    milestone: str | None = None
    draft: bool = False
    squash: bool = False
    remove_source_branch: bool = False
    auto_merge: bool = False
    merge_train: bool = False
    rebase: bool = True

    @property
    def scheduled(self) -> bool:
        """Whether the forge is asked to merge by itself, later."""
        return self.auto_merge or self.merge_train


PLAIN: Final = MergeRequestOptions()
"""Nothing asked for: opened with title and text alone, and merged at once."""


@dataclass(frozen=True, slots=True)
class CiPipeline:
    """The forge's own pipeline of a merge request: its checks and builds, not the road of environments.

    Args:
        status: the forge's word, such as `running`, `success` or `failed`; an open set.
        web_url: where a person looks at it, or None.
    """

    status: str
    web_url: str | None = None


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
        recorded: approvals that Tidegate has recorded, and that the forge took away by itself when it saw a push.
        rules: the forge's own approval rules; None where it has none to tell of.
        comments: notes, oldest first.
        merge_commit: the commit that merged it, or None.
        draft: whether it is marked as not ready.
        conflicts: whether it can't be merged without a person; None when the forge has not said.
        conflicting: the files with conflicts, as far as the forge tells.
        web_url: where a person looks at it, or None.
        scheduled: whether the forge is to merge it by itself: auto-merge is set, or it is on a merge train.
        branch_gone: whether it is open and its source branch was deleted, so that it can't be merged.
        pipeline: the newest pipeline of its head, as far as the forge tells: of a single one, not of those in a list.
        from_fork: whether its source branch is another project's, whatever branch is called so here.
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
    recorded: tuple[Approval, ...] = ()
    rules: tuple[ForgeRule, ...] | None = None
    comments: tuple[Comment, ...] = ()
    merge_commit: str | None = None
    draft: bool = False
    conflicts: bool | None = None
    conflicting: tuple[str, ...] = ()
    web_url: str | None = None
    scheduled: bool = False
    branch_gone: bool = False
    pipeline: CiPipeline | None = None
    from_fork: bool = False

    @property
    def ref(self) -> str:
        """`project!iid`, as people write it."""
        return f"{self.project}!{self.iid}"

    @property
    def conflict(self) -> str:
        """Says that there are conflicts, and in which files: a few of them, where there are many."""
        some = ", ".join(self.conflicting[:_FEW])
        more = f" and {len(self.conflicting) - _FEW} more" if len(self.conflicting) > _FEW else ""
        return f"conflicts with {self.target_branch}{f' in {some}{more}' if some else ''}"


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

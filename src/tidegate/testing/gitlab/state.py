"""What the fake GitLab holds: users, groups, projects, merge requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from tidegate.testing.gitlab.repository import BareRepository

MAINTAINER: Final = 40
_DRAFTS: Final = ("draft:", "[draft]", "(draft)")


@dataclass(slots=True)
class User:
    """A user; a bot is the user of a project's or group's access token."""

    id: int
    username: str
    state: str = "active"
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """What a token may: `scope` is `api`, `read_api` or `job`; a revoked one nothing."""

    user: User
    scope: str = "api"
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """A user in a group."""

    user: User
    level: int = MAINTAINER
    expires: date | None = None


@dataclass(slots=True)
class Group:
    """A group. Whoever is in `a` is in `a/b`, too."""

    id: int
    path: str
    members: list[Membership] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Version:
    """A diff version: the heads as of one push."""

    id: int
    head: str
    base: str
    start: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """A note; `system` ones are GitLab's own reports."""

    id: int
    author: User
    body: str
    at: datetime
    system: bool = False


@dataclass(slots=True)
class CommitStatus:
    """A commit status; `user` wrote it, and only they move it on."""

    id: int
    sha: str
    ref: str
    name: str
    user: User
    state: str
    description: str | None
    target_url: str | None
    at: datetime


@dataclass(slots=True)
class ApprovalRule:
    """Premium: an approval rule.

    Args:
        name: as people call it; of code owners, the pattern.
        required: how many approvals it wants.
        eligible: user names of who may give them; empty for anybody.
        code_owner: whether it comes from CODEOWNERS.
    """

    name: str
    required: int = 1
    eligible: tuple[str, ...] = ()
    code_owner: bool = False

    def approvers(self, request: MergeRequest) -> list[User]:
        """Return those who approved and may by the rule."""
        return [user for user, _ in request.approvals.values() if not self.eligible or user.username in self.eligible]


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone."""

    id: int
    title: str


@dataclass(frozen=True, slots=True)
class Wish:
    """How a merge is asked for.

    Args:
        user: who asks.
        sha: the head that it is asked for.
        message: of the merge commit; "" for GitLab's own.
        squash: the commits become one.
        squash_message: of that one.
        remove_source: the source branch is deleted.
        train: in the merge train's turn.
    """

    user: User
    sha: str
    message: str = ""
    squash: bool = False
    squash_message: str = ""
    remove_source: bool = False
    train: bool = False


@dataclass(slots=True)
class MergeRequest:
    """A merge request."""

    id: int
    iid: int
    author: User
    source: str
    target: str
    title: str
    description: str
    created: datetime
    updated: datetime
    state: str = "opened"
    versions: list[Version] = field(default_factory=list)
    approvals: dict[int, tuple[User, datetime]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    merge_commit: str | None = None
    merged_by: User | None = None
    merged_at: datetime | None = None
    closed_at: datetime | None = None
    checks: int = 0
    """How many more looks see GitLab still working out whether it can be merged."""
    seen_at: tuple[str | None, str | None] = (None, None)
    """Heads of source and target at the last look."""
    prepared: datetime | None = None
    labels: list[str] = field(default_factory=list)
    reviewers: list[User] = field(default_factory=list)
    assignees: list[User] = field(default_factory=list)
    milestone: Milestone | None = None
    squash: bool = False
    remove_source: bool = False
    squash_commit: str | None = None
    scheduled: Wish | None = None
    """What GitLab merges by itself: auto-merge, or its place on the merge train."""
    rebasing: int = 0
    """How many more looks see it being rebased."""
    rebased_by: User | None = None
    error: str | None = None
    """`merge_error`."""
    rules_overwritten: bool = False
    """Premium: whether somebody changed the rules in the merge request."""

    @property
    def head(self) -> str:
        """The head as of the last diff version."""
        return self.versions[-1].head

    @property
    def draft(self) -> bool:
        """Whether the title says that it is not ready."""
        return self.title.lower().startswith(_DRAFTS)


@dataclass(slots=True)
class Project:
    """A project.

    Args:
        known: heads as of the last look at the repository.
        merge_method: `merge`, `rebase_merge` (a merge commit on what is not behind) or `ff`.
        merge_trains: Premium: whether there are merge trains.
        train: numbers of the merge requests on the merge train, in order.
        rebase_looks: how many looks at a merge request see it being rebased.
        milestones: its own, and those of groups above it.
        members: user names of those whom it may be assigned to; None for everybody.
        mergers: who may merge into its branches; None for everybody.
        approvals_required: Premium: how many approvals its rule for anybody wants.
        rules: Premium: its other approval rules.
        statuses: commit statuses, the oldest first.
        pipelines_must_succeed: whether what has a pipeline that did not succeed, or none, is not merged.
        reset_approvals_on_push: Premium: whether a push takes approvals away.
        author_may_approve: whether the author's approval is taken.
        blocked_by: a `detailed_merge_status` that no merge request gets past, e.g. `ci_must_pass`; "" for none.
    """

    id: int
    path: str
    repository: BareRepository
    requests: dict[int, MergeRequest] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    merge_method: str = "merge"
    merge_trains: bool = False
    train: list[int] = field(default_factory=list)
    rebase_looks: int = 1
    milestones: list[Milestone] = field(default_factory=list)
    members: set[str] | None = None
    mergers: set[str] | None = None
    approvals_required: int = 0
    rules: list[ApprovalRule] = field(default_factory=list)
    statuses: list[CommitStatus] = field(default_factory=list)
    pipelines_must_succeed: bool = False
    pipeline_lag: int = 0
    """How many looks after a status was written see its pipeline as still running."""
    lagging: int = 0
    reset_approvals_on_push: bool = False
    author_may_approve: bool = True
    blocked_by: str = ""

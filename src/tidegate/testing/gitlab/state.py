"""What the fake GitLab holds: users, groups, projects, merge requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    pipeline: int


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
    fork: int | None = None
    """Id of the project that its source branch is in; None: its own."""
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


@dataclass(frozen=True, slots=True)
class Protection:
    """A protected branch.

    Args:
        pushers: who may push to it; None for every member.
        mergers: who may merge into it; None for every member.
    """

    id: int
    name: str
    pushers: frozenset[str] | None = None
    mergers: frozenset[str] | None = None


@dataclass(slots=True)
class Pipeline:
    """A pipeline; one of source `external` is what commit statuses come to."""

    id: int
    iid: int
    sha: str
    ref: str
    source: str
    user: User
    at: datetime
    status: str = "created"


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook.

    Args:
        token: the secret token; "" for none.
        signing: the signing token, `whsec_BASE64`; "" for none.
        events: kinds of events that it wants, e.g. `merge_request`, `note`, `push`, `pipeline`.
    """

    id: int
    url: str
    token: str = ""
    signing: str = ""
    events: frozenset[str] = frozenset({"merge_request", "note", "push", "pipeline"})


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
        protected: its protected branches, by name.
        hooks: its webhooks.
        untold: branches whose push no webhook is told of: too many were pushed at once.
        pipelines: its pipelines, the oldest first.
        approvals_required: Premium: how many approvals its rule for anybody wants.
        rules: Premium: its other approval rules.
        statuses: commit statuses, the oldest first.
        pipelines_must_succeed: whether what has a pipeline that did not succeed, or none, is not merged.
        reset_approvals_on_push: Premium: whether a push takes approvals away.
        sha_required: whether a merge must say which head it means.
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
    protected: dict[str, Protection] = field(default_factory=dict)
    hooks: list[Hook] = field(default_factory=list)
    untold: set[str] = field(default_factory=set)
    pipelines: list[Pipeline] = field(default_factory=list)
    approvals_required: int = 0
    rules: list[ApprovalRule] = field(default_factory=list)
    statuses: list[CommitStatus] = field(default_factory=list)
    pipelines_must_succeed: bool = False
    pipeline_lag: int = 0
    """How many looks after a status was written see its pipeline as still running."""
    lagging: int = 0
    reset_approvals_on_push: bool = False
    sha_required: bool = False
    author_may_approve: bool = True
    blocked_by: str = ""

    def protect(
        self, name: str, *, pushers: Iterable[str] | None = None, mergers: Iterable[str] | None = None
    ) -> Protection:
        """Protect a branch: only these users push to it, and only these merge into it; None for everybody."""
        pair = (None if each is None else frozenset(each) for each in (pushers, mergers))
        self.protected[name] = Protection(len(self.protected) + 1, name, *pair)
        return self.protected[name]

    def may_push(self, branch: str, username: str) -> bool:
        """Return whether a user may push to a branch."""
        found = self.protected.get(branch)
        return found is None or found.pushers is None or username in found.pushers

    def may_merge(self, branch: str, username: str) -> bool:
        """Return whether a user may merge into a branch."""
        found = self.protected.get(branch)
        return found is None or found.mergers is None or username in found.mergers

    def head_pipeline(self, request: MergeRequest) -> Pipeline | None:
        """Return the newest pipeline of a merge request's head."""
        return next((one for one in reversed(self.pipelines) if one.sha == request.head), None)

    def status_of(self, pipeline: Pipeline) -> str:
        """Return a pipeline's status: of one with commit statuses, what the newest of each name come to."""
        newest = {one.name: one.state for one in self.statuses if one.pipeline == pipeline.id}
        if not newest:
            return pipeline.status
        found = set(newest.values())
        return next((state for state in ("running", "pending", "failed", "canceled") if state in found), "success")

"""GitLab's answers as values. Only what is used is read; older and newer servers leave fields out or add some."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from urllib.parse import urlsplit

from tidegate.forge.gitlab.fields import Fields, unreadable
from tidegate.forge.gitlab.mergeability import NO_BRANCH
from tidegate.model.merge_request import CiPipeline, MergeRequest, MergeRequestState

_LOCKED: Final = "locked"
"""The state for the moment in which it is being merged."""
_STATES: Final = {
    "opened": MergeRequestState.OPEN,
    _LOCKED: MergeRequestState.OPEN,
    "merged": MergeRequestState.MERGED,
    "closed": MergeRequestState.CLOSED,
}
_OLD_STATUSES: Final = {
    "can_be_merged": "mergeable",
    "cannot_be_merged": "conflict",
    "cannot_be_merged_recheck": "checking",
}
"""`merge_status`, for GitLab before 15.6, which has no `detailed_merge_status`."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A merge request as GitLab tells it.

    Args:
        request: as a value, without approvals, comments and conflicts, which GitLab tells elsewhere or later.
        status: `detailed_merge_status`: an open set of words; `checking` when it says nothing.
        conflicts: whether GitLab has found conflicts.
        source_project: id of the source branch's project: of a fork, or the same.
        error: why the last merge or rebase failed, or "".
        rebasing: whether it is being rebased, where that was asked for.
    """

    request: MergeRequest
    status: str
    conflicts: bool
    source_project: int
    error: str
    rebasing: bool


@dataclass(frozen=True, slots=True)
class Account:
    """Who somebody is.

    Args:
        id: number.
        name: user name.
        state: e.g. `active`, `blocked`.
        is_bot: whether it is a bot, where the answer says so; None where not.
        known_as: other names of theirs, and e-mail addresses, by which commits may name them; in small letters.
    """

    id: int
    name: str
    state: str
    is_bot: bool | None
    known_as: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Given:
    """An approval as GitLab tells it; `at` is None on old servers."""

    by: Account
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Version:
    """A state of the source branch: its head, and since when GitLab knows it."""

    id: int
    head: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """A note; a system note is GitLab's own report of what happened."""

    id: int
    by: str
    at: datetime
    text: str
    is_system: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A group's member; membership ends at the beginning of `expires`."""

    account: Account
    expires: date | None
    membership: str


def merge_request(project: str, fields: Fields) -> Seen:
    """Return the merge request in `fields` (API::Entities::MergeRequest, or the shorter one of lists).

    Raises:
        ForgeUnreadable: it is none, or in a state that nobody knows.
    """
    word = fields.text("state")
    if word not in _STATES:
        raise unreadable(fields.where, f"a merge request's state is {word[:40]!r}")
    state, head = _STATES[word], fields.optional_text("sha") or ""
    merged = fields.optional_text("merge_commit_sha") or fields.optional_text("squash_commit_sha") or head
    status = fields.optional_text("detailed_merge_status")
    old = _OLD_STATUSES.get(fields.optional_text("merge_status") or "", "checking")
    request = MergeRequest(
        project=project,
        iid=fields.number("iid"),
        title=fields.text("title"),
        description=fields.optional_text("description") or "",
        author=account(fields.part("author")).name,
        source_branch=fields.text("source_branch"),
        target_branch=fields.text("target_branch"),
        head=head,
        state=state,
        created_at=fields.time("created_at"),
        merge_commit=(merged or None) if state is MergeRequestState.MERGED else None,
        draft=fields.flag("draft") or fields.flag("work_in_progress"),
        web_url=fields.optional_text("web_url"),
        scheduled=state is MergeRequestState.OPEN and fields.flag("merge_when_pipeline_succeeds"),
        branch_gone=state is MergeRequestState.OPEN and status == NO_BRANCH,
        pipeline=_pipeline(fields),
        from_fork=_is_from_fork(fields),
    )
    return Seen(
        request=request,
        status="checking" if word == _LOCKED else status or old,
        conflicts=fields.flag("has_conflicts"),
        source_project=fields.optional_number("source_project_id") or 0,
        error=fields.optional_text("merge_error") or "",
        rebasing=fields.flag("rebase_in_progress"),
    )


def _is_from_fork(fields: Fields) -> bool:
    """Return whether the source branch is another project's; of a fork that was deleted, GitLab says null."""
    target = fields.optional_number("target_project_id")
    return target is not None and fields.optional_number("source_project_id") != target


def _pipeline(fields: Fields) -> CiPipeline | None:
    """Return the head's pipeline (API::Entities::Ci::Pipeline); none in lists, and for whom GitLab keeps it from."""
    told = fields.optional_part("head_pipeline")
    status = told.optional_text("status") if told else None
    return CiPipeline(status, told.optional_text("web_url")) if told and status else None


def account(fields: Fields) -> Account:
    """Return the account in `fields` (API::Entities::UserBasic, User or Member)."""
    is_bot = None if "bot" not in fields else fields.flag("bot")
    number, name, state = fields.number("id"), fields.text("username"), fields.optional_text("state") or "active"
    return Account(number, name, state, is_bot, _known_as(fields, number, name))


def _known_as(fields: Fields, number: int, name: str) -> frozenset[str]:
    host = _host(fields.optional_text("web_url") or "")
    private = (f"{number}-{name}@users.noreply.{host}", f"{name}@users.noreply.{host}") if host else ()
    told = (fields.optional_text("name"), fields.optional_text("public_email"))
    return frozenset(one.lower() for one in (*told, *private) if one)


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def approvals(fields: Fields) -> tuple[Given, ...]:
    """Return who approved (API::Entities::MergeRequestApprovals)."""
    return tuple(
        Given(account(one.part("user")), one.optional_time("approved_at")) for one in fields.parts("approved_by")
    )


def version(fields: Fields) -> Version:
    """Return a state of the source branch (API::Entities::MergeRequestDiff)."""
    return Version(fields.number("id"), fields.text("head_commit_sha"), fields.time("created_at"))


def note(fields: Fields) -> Note:
    """Return a note (API::Entities::Note)."""
    return Note(
        fields.number("id"),
        account(fields.part("author")).name,
        fields.time("created_at"),
        fields.text("body"),
        fields.flag("system"),
    )


def member(fields: Fields) -> Member:
    """Return a member of a group (API::Entities::Member)."""
    membership = fields.optional_text("membership_state") or "active"
    return Member(account(fields), fields.optional_date("expires_at"), membership)


def compared_paths(fields: Fields) -> frozenset[str]:
    """Return the paths that a comparison names, old and new ones (API::Entities::Compare)."""
    return frozenset(one.text(name) for one in fields.parts("diffs") for name in ("old_path", "new_path"))

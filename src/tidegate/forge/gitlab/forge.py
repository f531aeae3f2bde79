"""GitLabForge: the forge port on GitLab's REST API v4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC
from functools import partial
from typing import Final, TypeVar

from tidegate.errors import TidegateError
from tidegate.errors.forge import (
    ForgeFailed,
    ForgeRefused,
    ForgeUnreachable,
    GroupMissing,
    InvalidUser,
    MergeBlocked,
    MergeRequestExists,
    MergeRequestMissing,
    UserMismatch,
)
from tidegate.errors.git import BranchMissing, InvalidBranch
from tidegate.forge.finished import not_open
from tidegate.forge.gitlab.answers import Answers
from tidegate.forge.gitlab.client import GitLabClient, merge_request_path
from tidegate.forge.gitlab.mergeability import CONFLICT, FINE, PASSING
from tidegate.forge.gitlab.merging import Merging, head_moved
from tidegate.forge.gitlab.notes import StatusNotes, all_notes
from tidegate.forge.gitlab.opening import Openings
from tidegate.forge.gitlab.parse import Note, approvals, member, merge_request, note
from tidegate.forge.gitlab.people import People, TokenUsers, members_today
from tidegate.forge.gitlab.rules import read_approvals, recorded_approvals
from tidegate.forge.gitlab.tokens import Tokens
from tidegate.http import Retry, Sender
from tidegate.model.merge_request import PLAIN, Comment, MergeRequest, MergeRequestOptions, MergeRequestState
from tidegate.ports.clock import Clock
from tidegate.ports.forge import NewMergeRequest, Unreadable

_T = TypeVar("_T")

_PAUSES: Final = (0.5, 2.0, 5.0)
_UNSURE: Final = (ForgeUnreachable, ForgeFailed, MergeRequestExists, MergeBlocked)
"""After these it is not known what is done: look for it before it is repeated."""
_LONGEST_NAME: Final = 200
_STATES: Final = {
    None: "all",
    MergeRequestState.OPEN: "opened",
    MergeRequestState.MERGED: "merged",
    MergeRequestState.CLOSED: "closed",
}


class GitLabForge:
    """Merge requests on a GitLab server; fulfils the port `Forge`. Safe for use by many threads at once.

    Whoever a token belongs to acts: notes, merges and new merge requests are the token's user's, whoever is named as
    acting. An approval is only given for the very person that the token belongs to.

    Args:
        url: address of GitLab.
        tokens: which token is for which project.
        http: sends the requests.
        clock: for pauses, and for what day it is.
        retry: how often to try what has not been answered; None for the usual.
        patience: seconds to wait at most until GitLab has worked out whether something can be merged.
        notes: is told of the notes that are read; None for nobody.
    """

    def __init__(
        self,
        url: str,
        tokens: Tokens,
        http: Sender,
        clock: Clock,
        *,
        retry: Retry | None = None,
        patience: float = 60,
        notes: StatusNotes | None = None,
    ) -> None:
        self._url = url
        self._tokens = tokens
        self._http = http
        self._clock = clock
        self._retry = retry or Retry(sleep=clock.sleep)
        self._patience = patience
        self._people = People()
        self._status_notes = notes or StatusNotes()
        self._answers = Answers()
        self._users = TokenUsers()
        self._openings = Openings()
        self._fine: dict[tuple[str, int], str] = {}

    def merge_requests(
        self,
        project: str,
        *,
        state: MergeRequestState | None = MergeRequestState.OPEN,
        source_branch: str | None = None,
        approved: bool = False,
        with_approvals: bool = False,
        unreadable: Unreadable | None = None,  # noqa: ARG002 - the port's; GitLab keeps no single damaged record
    ) -> tuple[MergeRequest, ...]:
        """Return the project's merge requests in `state` (None: all), by number; `conflicts` is not asked for.

        No list of GitLab's has approvals: they cost one call for each merge request, and one more for each that has
        some. Whether there are any is a filter of the list.
        """
        query = {"state": _STATES[state], "scope": "all", "order_by": "created_at", "sort": "asc"}
        if source_branch is not None:
            query["source_branch"] = source_branch
        if approved:
            query["approved_by_ids"] = "Any"
        try:
            found = self._list(project, query)
        except ForgeRefused:
            if query.pop("approved_by_ids", None) is None:
                raise
            found = self._list(project, query)  # a server that can't tell: then all may have some
        if source_branch is not None:  # for GitLab, a fork's of the same name is one, too
            found = [one for one in found if not one.from_fork]
        return tuple(self._approved(self._api(project), one) for one in found) if with_approvals else tuple(found)

    def merge_request(self, project: str, iid: int, *, with_notes: bool = True) -> MergeRequest:
        """Return one merge request; `conflicts` is None while GitLab has not worked it out."""
        api = self._api(project)
        seen = merge_request(project, api.get(*merge_request_path(project, iid), missing=_missing(project, iid)))
        self._fine[project, iid] = seen.request.head if seen.status == FINE else ""
        is_open = seen.request.state is MergeRequestState.OPEN
        conflicts = seen.conflicts or seen.status == CONFLICT if is_open and seen.status not in PASSING else None
        found = replace(self._approved(api, seen.request), conflicts=conflicts)
        if not with_notes:
            return found
        path, me = merge_request_path(project, iid), partial(self._users.of, api)
        notes = tuple(all_notes(api, path))
        self._status_notes.look(path, notes, me)
        return replace(
            found,
            comments=tuple(Comment(one.by, one.at, one.text) for one in notes if not one.is_system),
            recorded=recorded_approvals(api, self._people, found, notes, me),
        )

    def open(self, project: str, new: NewMergeRequest) -> MergeRequest:
        """Open a merge request, or return the open one that has these branches.

        GitLab lets no two be open with the same branches, and takes one whose branches do not exist: what the caller
        has not looked at is looked at before.
        """
        _check_user(new.author)
        if new.source_branch == new.target_branch:
            raise InvalidBranch("a branch can't be merged into itself", where=project, hint="name two branches")
        api = self._api(project)
        branches = {"source_branch": new.source_branch, "target_branch": new.target_branch}

        def find() -> MergeRequest | None:
            found = self._list(project, {"state": "opened", "scope": "all", **branches})
            return next((one for one in found if not one.from_fork), None)

        def create() -> MergeRequest:
            head = "" if new.is_fresh else self._heads(api, project, new)
            body = {
                **branches,
                "title": new.title,
                "description": new.description,
                **self._openings.fields(api, project, new.options),
            }
            made = merge_request(project, api.send("POST", "projects", project, "merge_requests", body=body)).request
            return made if made.head else replace(made, head=head)

        return self._have(find, create, look_first=not new.is_fresh)

    def describe(self, project: str, iid: int, *, title: str, description: str) -> MergeRequest:
        """Change title and description of an open merge request."""
        wanted = {"title": title, "description": description}

        def find() -> MergeRequest | None:
            found = self._open(project, iid, with_approvals=False)
            return found if (found.title, found.description) == (title, description) else None

        return self._have(find, lambda: self._change(project, iid, wanted))

    def comment(self, project: str, iid: int, *, user: str, text: str) -> bool:
        """Add a note, unless the token's user has left this very text there already; return whether it was added.

        GitLab takes the same note twice. When two runs leave it at the same moment, the younger one is taken back.
        """
        _check_user(user)
        api = self._api(project)
        path = (*merge_request_path(project, iid), "notes")
        mine: list[int] = []

        def find() -> bool | None:
            me = self._users.of(api)
            same = sorted(
                one.id for one in self._notes(api, project, iid) if one.by == me and _normal(one.text) == _normal(text)
            )
            for younger in [one for one in mine if same and one > same[0]]:
                api.send("DELETE", *path, str(younger))
                mine.remove(younger)
            return True if same else None

        def add() -> None:
            mine.append(note(api.send("POST", *path, body={"body": text})).id)

        self._have(find, add)
        return bool(mine)

    def approve(self, project: str, iid: int, *, user: str, head: str | None = None) -> MergeRequest:
        """Give the approval of the token's user, who must be `user`, to the present head.

        An approval that they gave to an older head is taken back first: GitLab would keep it as it is.
        """
        api = self._as(project, user)

        def find() -> MergeRequest | None:
            found = self._open(project, iid)
            if head is not None and head != found.head:
                raise head_moved(found, head)
            return found if any(one.user == user and one.head == found.head for one in found.approvals) else None

        def give() -> None:
            found = self._open(project, iid)
            if self._has_approved(api, project, iid, user):
                api.send("POST", *merge_request_path(project, iid), "unapprove")
            api.send("POST", *merge_request_path(project, iid), "approve", body={"sha": head or found.head})

        return self._have(find, give)

    def unapprove(self, project: str, iid: int, *, user: str) -> MergeRequest:
        """Take the approval of the token's user, who must be `user`, back; nothing happens when there is none."""
        api = self._as(project, user)

        def find() -> MergeRequest | None:
            found = self._open(project, iid)
            return None if self._has_approved(api, project, iid, user) else found

        return self._have(find, lambda: _nothing(api.send("POST", *merge_request_path(project, iid), "unapprove")))

    def close(self, project: str, iid: int, *, user: str) -> MergeRequest:
        """Close without merging; nothing happens when it is closed already."""
        _check_user(user)

        def find() -> MergeRequest | None:
            found = self._read(project, iid, with_approvals=False)
            if found.state is MergeRequestState.MERGED:
                raise not_open(found)
            return found if found.state is MergeRequestState.CLOSED else None

        return self._have(find, lambda: self._change(project, iid, {"state_event": "close"}))

    def merge(
        self,
        project: str,
        iid: int,
        *,
        head: str,
        message: str,
        user: str,
        options: MergeRequestOptions = PLAIN,
        files: Mapping[str, bytes] | None = None,  # noqa: ARG002 - the port's; GitLab can't be told what must come out
    ) -> MergeRequest:
        """Merge as the project's merge method wants, guarded by `head`: see `Merging`."""
        _check_user(user)
        api, missing = self._api(project), _missing(project, iid)
        is_fine = self._fine.pop((project, iid), None) == head
        merging = Merging(
            api, self._clock, project, iid, head, self._patience, missing, options=options, is_fine=is_fine
        )
        return merging.merge(message)

    def unschedule(self, project: str, iid: int) -> MergeRequest:
        """Cancel auto-merge, or take it off the merge train; nothing happens when neither is so."""

        def find() -> MergeRequest | None:
            found = self._read(project, iid, with_approvals=False)
            return None if found.scheduled else found

        path = (*merge_request_path(project, iid), "cancel_merge_when_pipeline_succeeds")
        return self._have(find, lambda: _nothing(self._api(project).send("POST", *path)))

    def members(self, group: str) -> frozenset[str]:
        """Return the user names in `group`, with those who inherit it, without bots, blocked and expired ones."""
        missing = GroupMissing(
            f"GitLab has no group {group!r}, or this token can't see it",
            hint="check the path, and that the token's user may see the group (a project's own token may not)",
        )
        found = self._api(None).list("groups", group, "members", "all", missing=missing)
        return members_today(map(member, found), self._clock.now().astimezone(UTC).date())

    def _api(self, project: str | None) -> GitLabClient:
        return GitLabClient(self._url, self._tokens.of(project), self._http, self._retry, self._answers)

    def _as(self, project: str, user: str) -> GitLabClient:
        """Return calls in the name of `user`.

        Raises:
            UserMismatch: the token is another user's.
        """
        _check_user(user)
        api = self._api(project)
        me = self._users.of(api)
        if me != user:
            raise UserMismatch(
                f"the token from {api.token.source} is {me}'s: it can't approve for {user}",
                where=project,
                hint=f"{user} approves on the merge request's page, or sets GITLAB_TOKEN to a token of their own",
            )
        return api

    def _list(self, project: str, query: dict[str, str]) -> list[MergeRequest]:
        rows = self._api(project).list("projects", project, "merge_requests", query=query)
        found = {one.iid: one for one in (merge_request(project, row).request for row in rows)}
        return [found[iid] for iid in sorted(found)]

    def _read(self, project: str, iid: int, *, with_approvals: bool = True) -> MergeRequest:
        api = self._api(project)
        seen = merge_request(project, api.get(*merge_request_path(project, iid), missing=_missing(project, iid)))
        return self._approved(api, seen.request) if with_approvals else seen.request

    def _open(self, project: str, iid: int, *, with_approvals: bool = True) -> MergeRequest:
        found = self._read(project, iid, with_approvals=with_approvals)
        if found.state is not MergeRequestState.OPEN:
            raise not_open(found)
        return found

    def _change(self, project: str, iid: int, body: dict[str, object] | dict[str, str]) -> MergeRequest:
        api = self._api(project)
        answer = api.send("PUT", *merge_request_path(project, iid), body=body, missing=_missing(project, iid))
        return merge_request(project, answer).request

    def _has_approved(self, api: GitLabClient, project: str, iid: int, user: str) -> bool:
        """Return whether GitLab keeps an approval of `user`, of whatever head and void or not."""
        return any(one.by.name == user for one in approvals(api.get(*merge_request_path(project, iid), "approvals")))

    def _approved(self, api: GitLabClient, request: MergeRequest) -> MergeRequest:
        return read_approvals(api, self._people, request)

    def _notes(self, api: GitLabClient, project: str, iid: int) -> list[Note]:
        found = all_notes(api, merge_request_path(project, iid), missing=_missing(project, iid))
        return [one for one in found if not one.is_system]

    def _heads(self, api: GitLabClient, project: str, new: NewMergeRequest) -> str:
        """Return the source branch's head; both branches are there."""
        heads: list[str] = []
        for branch in (new.source_branch, new.target_branch):
            missing = BranchMissing(f"there is no branch {branch!r}", where=project, hint="push it first")
            found = api.get("projects", project, "repository", "branches", branch, missing=missing)
            heads.append(found.part("commit").text("id"))
        return heads[0]

    def _have(self, find: Callable[[], _T | None], act: Callable[[], _T | None], *, look_first: bool = True) -> _T:
        """Return what is there; where nothing is, act, and look again whenever it is not known what became of it."""
        failed: TidegateError | None = None
        for pause in (*_PAUSES, None):
            found = find() if look_first else None
            look_first = True
            if found is not None:
                return found
            if pause is None:
                break
            try:
                found = act()
            except _UNSURE as error:
                failed = error
                self._clock.sleep(pause)
            if found is not None:
                return found
        raise failed or ForgeFailed("GitLab took it and does not show it", where=self._url, hint="look at it in GitLab")


def _missing(project: str, iid: int) -> MergeRequestMissing:
    return MergeRequestMissing(f"there is no merge request !{iid}", where=project, hint="see `tidegate mr list`")


def _check_user(name: str) -> None:
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise InvalidUser(f"{name[:80]!r} is not a user's name", hint="give a name of printable characters")


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _nothing(_: object) -> None:
    return None

"""Rebasing on GitLab: it goes on in the background, and what comes out is a new head, to be decided on anew."""

from __future__ import annotations

from typing import Final, NoReturn

from tidegate.errors import TidegateError
from tidegate.errors.forge import ForgeFailed, ForgeUnreachable, HeadMoved, MergeabilityUnknown, MergeConflict
from tidegate.forge.gitlab.client import GitLabClient, merge_request_path
from tidegate.forge.gitlab.parse import Seen, merge_request
from tidegate.model.merge_request import MergeRequest
from tidegate.ports.clock import Clock

_PAUSES: Final = (0.5, 2.0, 5.0)
"""Before looking what became of a rebase whose answer was lost; so often it is asked for."""
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 4.0
_UNSURE: Final = (ForgeUnreachable, ForgeFailed)
"""After these it may be under way: that is seen by looking."""


def rebase(api: GitLabClient, clock: Clock, request: MergeRequest, patience: float) -> NoReturn:
    """Have a merge request rebased, and wait for it.

    Args:
        api: calls with the project's token.
        clock: for pauses.
        request: as it was looked at.
        patience: seconds to wait at most until GitLab is done.

    Raises:
        HeadMoved: it is rebased, or somebody pushed: nothing that was decided about the old head holds for the new one.
        MergeConflict: GitLab can't rebase it.
        MergeabilityUnknown: it takes longer than `patience`.
        ForgeForbidden: the token may not push to the branch.
        ForgeFailed, ForgeUnreachable: nothing came of it, however often it was asked for.
    """
    path = merge_request_path(request.project, request.iid)
    failed: TidegateError | None = None
    for pause in _PAUSES:
        try:
            api.send("PUT", *path, "rebase")
        except _UNSURE as error:
            failed = error
            clock.sleep(pause)
        error_told = _ended(api, clock, request, patience).error
        if error_told and failed is None:
            raise MergeConflict(
                f"GitLab can't rebase it onto {request.target_branch}: {error_told}",
                where=request.ref,
                hint=f"rebase {request.source_branch} by hand and push, or promote again",
            )
    raise failed or ForgeFailed("GitLab takes the rebase and does nothing", where=request.ref, hint="try again later")


def _ended(api: GitLabClient, clock: Clock, request: MergeRequest, patience: float) -> Seen:
    """Return the merge request, at the same head, once no rebase is under way.

    Raises:
        HeadMoved: it has another head.
        MergeabilityUnknown: it takes longer than `patience`.
    """
    path = merge_request_path(request.project, request.iid)
    waited, pause = 0.0, _FIRST_PAUSE
    while True:
        seen = merge_request(request.project, api.get(*path, query={"include_rebase_in_progress": "true"}))
        if seen.request.head != request.head:
            raise HeadMoved(
                f"{request.source_branch} was rebased onto {request.target_branch}: {seen.request.head[:12]}",
                where=request.ref,
                hint="look at the merge request again: what was decided was about the older commit",
            )
        if not seen.rebasing:
            return seen
        if waited >= patience:
            raise MergeabilityUnknown(
                f"after {waited:.0f} s GitLab is still rebasing it",
                where=request.ref,
                hint="deliver again later; if it stays, GitLab's background jobs are late",
            )
        clock.sleep(pause)
        waited, pause = waited + pause, min(2 * pause, _LONGEST_PAUSE)

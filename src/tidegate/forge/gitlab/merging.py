"""Merging on GitLab: guarded by the head, once GitLab knows whether it can be; read again after each refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tidegate.errors import TidegateError
from tidegate.errors.forge import (
    ForgeFailed,
    ForgeUnreachable,
    HeadMoved,
    MergeabilityUnknown,
    MergeBlocked,
    MergeConflict,
    MergeRequestNotOpen,
)
from tidegate.errors.git import BranchMissing
from tidegate.forge.gitlab.client import GitLabClient
from tidegate.forge.gitlab.mergeability import CONFLICT, PASSING, obstacle
from tidegate.forge.gitlab.parse import Seen, compared_paths, merge_request
from tidegate.model.merge_request import MergeRequest, MergeRequestState
from tidegate.ports.clock import Clock

_ATTEMPTS: Final = 4
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 4.0
_FINE: Final = "mergeable"
_UNSURE: Final = (ForgeUnreachable, ForgeFailed, MergeBlocked, HeadMoved)
"""After these the merge request is read again: it may be merged, or have another head, or just need a moment."""


@dataclass(frozen=True, slots=True)
class Merging:
    """One merge.

    Args:
        api: calls with the project's token.
        clock: for pauses.
        project: project path.
        iid: the merge request's number.
        head: the only head at which it may be merged.
        patience: seconds to wait at most until GitLab has worked out whether it can be merged.
        missing: raised when there is no such merge request.
    """

    api: GitLabClient
    clock: Clock
    project: str
    iid: int
    head: str
    patience: float
    missing: TidegateError

    def merge(self, message: str) -> MergeRequest:
        """Merge, and return the merged merge request; one that is merged at this head already is returned as it is.

        Raises:
            HeadMoved, MergeConflict, MergeRequestNotOpen: as the port says.
            BranchMissing: the source branch is gone.
            MergeBlocked: GitLab wants something else first.
            MergeabilityUnknown: GitLab has not worked it out in time.
        """
        refusal: TidegateError | None = None
        pause = _FIRST_PAUSE
        for _ in range(_ATTEMPTS):
            seen = self._settled()
            if seen.request.state is MergeRequestState.MERGED:
                return seen.request
            if refusal is not None and isinstance(refusal, MergeBlocked) and seen.status != _FINE:
                raise self._obstacle(seen)
            if seen.conflicts or seen.status == CONFLICT:
                raise self._obstacle(seen)
            try:
                answer = self.api.send("PUT", *self._path, "merge", body=self._wish(message), missing=self.missing)
            except _UNSURE as error:
                refusal = error
            else:
                merged = merge_request(self.project, answer).request
                if merged.state is MergeRequestState.MERGED:
                    return merged
            self.clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        seen = self._settled()
        if seen.request.state is MergeRequestState.MERGED:
            return seen.request
        raise refusal if refusal is not None and seen.status == _FINE else self._obstacle(seen)

    @property
    def _path(self) -> tuple[str, ...]:
        return ("projects", self.project, "merge_requests", str(self.iid))

    def _wish(self, message: str) -> dict[str, object]:
        return {"sha": self.head, "merge_commit_message": message}

    def _settled(self) -> Seen:
        """Return the merge request, merged at the head or open, once GitLab knows whether it can be merged."""
        waited, pause = 0.0, _FIRST_PAUSE
        while True:
            seen = merge_request(self.project, self.api.get(*self._path, missing=self.missing))
            self._check(seen.request)
            if seen.request.state is not MergeRequestState.OPEN or seen.status not in PASSING:
                return seen
            if waited >= self.patience:
                raise MergeabilityUnknown(
                    f"after {waited:.0f} s GitLab still says {seen.status!r}",
                    where=seen.request.ref,
                    hint="deliver again later; if it stays, GitLab's background jobs are late",
                )
            self.clock.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, _LONGEST_PAUSE)

    def _check(self, request: MergeRequest) -> None:
        is_at_head = request.head == self.head
        if request.state is MergeRequestState.CLOSED or (request.state is MergeRequestState.MERGED and not is_at_head):
            raise not_open(request)
        if not is_at_head:
            raise HeadMoved(
                f"{request.source_branch} is at {request.head[:12]}, not at {self.head[:12]}",
                where=request.ref,
                hint="look at the merge request again: approvals of the older commit may not count",
            )

    def _obstacle(self, seen: Seen) -> TidegateError:
        """Return why it is not merged."""
        request = seen.request
        gone = BranchMissing(
            f"there is no branch {request.source_branch!r}", where=request.ref, hint="push it again, or promote again"
        )
        source = str(seen.source_project) if seen.source_project else self.project
        self.api.get("projects", source, "repository", "branches", request.source_branch, missing=gone)
        if seen.conflicts or seen.status == CONFLICT:
            return MergeConflict(
                f"{request.source_branch} conflicts with {request.target_branch}{self._both_changed(request)}",
                where=request.ref,
                hint=f"merge {request.target_branch} into {request.source_branch} by hand and push, or promote again",
            )
        what, hint = obstacle(seen.status, seen.error)
        return MergeBlocked(f"GitLab does not merge it: {what}", where=request.ref, hint=hint)

    def _both_changed(self, request: MergeRequest) -> str:
        """Return ` in FILES`: what both sides changed. GitLab's API does not name the files that conflict."""
        ours, theirs = (
            compared_paths(
                self.api.get("projects", self.project, "repository", "compare", query={"from": start, "to": end})
            )
            for start, end in ((request.target_branch, request.head), (request.head, request.target_branch))
        )
        both = sorted(ours & theirs)
        return f" in {', '.join(both)}" if both else ""


def not_open(request: MergeRequest) -> MergeRequestNotOpen:
    """Return the error for a merge request that is merged or closed."""
    return MergeRequestNotOpen(
        f"the merge request is {request.state.value}", where=request.ref, hint="promote again to get a new one"
    )

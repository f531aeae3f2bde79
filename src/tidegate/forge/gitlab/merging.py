"""Merging on GitLab: guarded by the head, once GitLab knows whether it can be; read again after each refusal.

Where the options say so, GitLab is only asked to merge later: when the pipeline has succeeded, or on a merge train.
"""

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
)
from tidegate.errors.git import BranchMissing
from tidegate.forge.finished import not_open
from tidegate.forge.gitlab.client import GitLabClient, merge_request_path
from tidegate.forge.gitlab.mergeability import CONFLICT, FINE, NEED_REBASE, OF_PIPELINES, PASSING, obstacle
from tidegate.forge.gitlab.parse import Seen, compared_paths, merge_request
from tidegate.forge.gitlab.rebasing import rebase
from tidegate.model.merge_request import MergeRequest, MergeRequestOptions, MergeRequestState
from tidegate.ports.clock import Clock

_ATTEMPTS: Final = 4
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 4.0
_PIPELINE_LAG: Final = 3.0
"""Seconds. Tidegate's own status was written a moment ago, and GitLab counts it in the background."""
_OLD_NAMES: Final = {False: "merge_when_pipeline_succeeds", True: "when_pipeline_succeeds"}
"""What `auto_merge` was called before GitLab 17.11: for a merge, and for a merge train."""
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
        options: how to merge.
        is_fine: GitLab said a moment ago that it can be merged at `head`, so that it need not be asked first.
    """

    api: GitLabClient
    clock: Clock
    project: str
    iid: int
    head: str
    patience: float
    missing: TidegateError
    options: MergeRequestOptions
    is_fine: bool = False

    def merge(self, message: str) -> MergeRequest:
        """Merge, and return the merged merge request; one that is merged at this head already is returned as it is.

        What GitLab is to merge later is returned open, and scheduled.

        Raises:
            HeadMoved, MergeConflict, MergeRequestNotOpen: as the port says.
            BranchMissing: the source branch is gone.
            MergeBlocked: GitLab wants something else first.
            MergeabilityUnknown: GitLab has not worked it out in time.
        """
        refusal: TidegateError | None = None
        pause, lag, look = _FIRST_PAUSE, _PIPELINE_LAG, not self.is_fine or self.options.scheduled
        for _ in range(_ATTEMPTS):
            if look:
                found, lag = self._look(refusal, lag), 0.0
                if found is not None:
                    return found
            look = True
            try:
                answer = self._ask(message)
            except _UNSURE as error:
                refusal = error
            else:
                if answer is not None and self._is_done(answer):
                    return answer.request
            self.clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        seen = self._settled()
        if self._is_done(seen):
            return seen.request
        raise refusal if refusal is not None and seen.status == FINE else self._obstacle(seen)

    def _look(self, refusal: TidegateError | None, lag: float) -> MergeRequest | None:
        """Return the merge request when there is nothing left to ask for; None when it is to be asked for.

        Args:
            refusal: what GitLab said when it was asked before; it is asked again only for what can be merged now.
            lag: as for `_settled`.
        """
        seen = self._settled(lag)
        if self._is_done(seen):
            return seen.request
        if seen.status == NEED_REBASE and self.options.rebase:
            rebase(self.api, self.clock, seen.request, self.patience)
        refused = isinstance(refusal, MergeBlocked) and seen.status != FINE
        if refused or seen.conflicts or seen.status == CONFLICT:
            raise self._obstacle(seen)
        return None

    @property
    def _path(self) -> tuple[str, ...]:
        return merge_request_path(self.project, self.iid)

    def _is_done(self, seen: Seen) -> bool:
        """Return whether it is merged, or GitLab is to merge it by itself as the options ask for."""
        return seen.request.state is MergeRequestState.MERGED or (self.options.scheduled and seen.request.scheduled)

    def _ask(self, message: str) -> Seen | None:
        """Ask for the merge, or for its place on the merge train, which is not told by the answer."""
        wish: dict[str, object] = {"sha": self.head}
        if self.options.squash:
            wish["squash"] = True
        if self.options.auto_merge:  # two names: that of 17.11 and later, and the older one
            wish |= {"auto_merge": True, _OLD_NAMES[self.options.merge_train]: True}
        if self.options.merge_train:
            train = ("projects", self.project, "merge_trains", "merge_requests", str(self.iid))
            self.api.send("POST", *train, body=wish, missing=self.missing)
            return None
        wish["merge_commit_message"] = message
        if self.options.squash:
            wish["squash_commit_message"] = message
        if self.options.remove_source_branch:
            wish["should_remove_source_branch"] = True
        return merge_request(self.project, self.api.send("PUT", *self._path, "merge", body=wish, missing=self.missing))

    def _settled(self, lag: float = 0) -> Seen:
        """Return the merge request, merged at the head or open, once GitLab knows whether it can be merged.

        Args:
            lag: seconds to wait at most for a pipeline that is said not to have succeeded.
        """
        waited, pause = 0.0, _FIRST_PAUSE
        while True:
            seen = merge_request(self.project, self.api.get(*self._path, missing=self.missing))
            self._check(seen.request)
            is_late = seen.status in OF_PIPELINES and waited < lag and not self.options.scheduled
            if seen.request.state is not MergeRequestState.OPEN or (seen.status not in PASSING and not is_late):
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
            raise head_moved(request, self.head)

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


def head_moved(request: MergeRequest, head: str) -> HeadMoved:
    """Return the error for a merge request that is not at `head`."""
    return HeadMoved(
        f"{request.source_branch} is at {request.head[:12]}, not at {head[:12]}",
        where=request.ref,
        hint="somebody has pushed: look at the merge request again; approvals of the older commit may not count",
    )

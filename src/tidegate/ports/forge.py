"""The forge port: merge requests and who may approve them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tidegate.errors import TidegateError
from tidegate.model.merge_request import PLAIN, MergeRequest, MergeRequestOptions, MergeRequestState

Unreadable: TypeAlias = Callable[[TidegateError], None]
"""Who is told why a merge request can't be read."""


@dataclass(frozen=True, slots=True)
class NewMergeRequest:
    """What a merge request is opened with.

    Args:
        source_branch: a branch that has been pushed.
        target_branch: the branch it is to be merged into.
        title: one line.
        description: Markdown.
        author: the acting person, where the forge can't tell by the credentials (local forge).
        options: labels, reviewers and the like. What people change of them later stays as they have it.
        is_fresh: the caller has just read the branches, and that nothing is open from one to the other, so that a
            forge need not look first.
    """

    source_branch: str
    target_branch: str
    title: str
    description: str
    author: str
    options: MergeRequestOptions = PLAIN
    is_fresh: bool = False


class Forge(Protocol):
    """Merge requests of the forge's projects. Answers are read anew at each call.

    Raises everywhere: `ProjectMissing`, `ForgeUnauthorized`, `ForgeUnreachable` of `tidegate.errors.forge`.
    """

    def merge_requests(
        self,
        project: str,
        *,
        state: MergeRequestState | None = MergeRequestState.OPEN,
        source_branch: str | None = None,
        approved: bool = False,
        with_approvals: bool = False,
        unreadable: Unreadable | None = None,
    ) -> tuple[MergeRequest, ...]:
        """Return the project's merge requests in `state` (None: all), by number, without comments.

        However many there are, it takes a forge few calls; with approvals it may take one or two for each.

        Args:
            source_branch: only those from this branch of the project, none from a fork's branch of the same name.
            approved: only those that somebody has approved. A forge that can't tell returns the others, too.
            with_approvals: with their approvals; else a forge may leave them out.
            unreadable: told why one can't be read, which is left out then; None: that is raised.
        """
        ...

    def merge_request(self, project: str, iid: int, *, with_notes: bool = True) -> MergeRequest:
        """Return one merge request with its approvals and comments.

        Args:
            with_notes: with comments, and the approvals that they record; else a forge may leave them out.

        Raises:
            MergeRequestMissing: there is none of that number.
        """
        ...

    def open(self, project: str, new: NewMergeRequest) -> MergeRequest:
        """Open a merge request, or return the open one that has these branches (two openers get the same one).

        Raises:
            BranchMissing: a branch does not exist.
            InvalidBranch: both are the same.
        """
        ...

    def describe(self, project: str, iid: int, *, title: str, description: str) -> MergeRequest:
        """Change title and description of an open merge request."""
        ...

    def comment(self, project: str, iid: int, *, user: str, text: str) -> bool:
        """Add a note, unless `user` has left this very text there already: two runs at once leave one note.

        Returns:
            Whether it was added now.
        """
        ...

    def approve(self, project: str, iid: int, *, user: str, head: str | None = None) -> MergeRequest:
        """Give `user`'s approval to the present head.

        Args:
            head: the only head that they approve; None: whichever it is.

        Raises:
            HeadMoved: the branch has another head.
            MergeRequestNotOpen: it is merged or closed.
        """
        ...

    def unapprove(self, project: str, iid: int, *, user: str) -> MergeRequest:
        """Take `user`'s approval back; nothing happens when there is none."""
        ...

    def close(self, project: str, iid: int, *, user: str) -> MergeRequest:
        """Close without merging; nothing happens when it is closed already.

        Raises:
            MergeRequestNotOpen: it is merged.
        """
        ...

    def merge(
        self,
        project: str,
        iid: int,
        *,
        head: str,
        message: str,
        user: str,
        options: MergeRequestOptions = PLAIN,
        files: Mapping[str, bytes] | None = None,
    ) -> MergeRequest:
        """Merge, guarded: only if the source branch's head is `head`. Merged at that head already, it stays as it is.

        Where `options` ask for auto-merge or a merge train, and the forge has to wait for something, what is returned
        is still open, and scheduled.

        Args:
            message: the merge commit's whole message with trailers.
            options: how to merge. Approvals may be left out of what is returned.
            files: path → bytes that the merge must make, for a forge that can be guarded by that: it merges nothing
                else. Another forge merges, and the caller looks at what it made.

        Raises:
            HeadMoved: the branch has another head; also when it has been rebased, to be decided on anew.
            TargetMoved: the merge would make other bytes than `files`.
            MergeConflict: it can't be merged without a person; names the files.
            MergeRequestNotOpen: it is closed.
        """
        ...

    def unschedule(self, project: str, iid: int) -> MergeRequest:
        """Keep the forge from merging by itself what is scheduled; nothing happens when it is not."""
        ...

    def members(self, group: str) -> frozenset[str]:
        """Return the user names in `group`.

        Raises:
            GroupMissing: the forge knows no such group.
        """
        ...

"""FakeForge: the forge port in memory, over the repositories of `FakeRemotes`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from tidegate.errors.forge import (
    GroupMissing,
    HeadMoved,
    InvalidUser,
    MergeConflict,
    MergeRequestMissing,
    MergeRequestNotOpen,
    ProjectMissing,
    TargetMoved,
)
from tidegate.errors.git import BranchMissing
from tidegate.model.merge_request import PLAIN, Approval, Comment, MergeRequest, MergeRequestOptions, MergeRequestState
from tidegate.ports.clock import Clock
from tidegate.ports.forge import NewMergeRequest, Unreadable
from tidegate.testing.remotes import FakeRemote, FakeRemotes


class FakeForge:
    """Merge requests in memory; fulfils the port `Forge`.

    Args:
        remotes: the repositories, which the fake repositories share.
        clock: for times.
        groups: group → user names.

    Attributes:
        pipelines_end: whether what waits for a pipeline is merged at once.
    """

    def __init__(self, remotes: FakeRemotes, clock: Clock, groups: Mapping[str, Collection[str]]) -> None:
        self._remotes = remotes
        self._clock = clock
        self.pipelines_end = True
        self._groups = {group: frozenset(users) for group, users in groups.items()}
        self._requests: dict[str, dict[int, MergeRequest]] = {}

    def merge_requests(
        self,
        project: str,
        *,
        state: MergeRequestState | None = MergeRequestState.OPEN,
        source_branch: str | None = None,
        approved: bool = False,
        with_approvals: bool = False,
        unreadable: Unreadable | None = None,  # noqa: ARG002 - the port's; in memory all can be read
    ) -> tuple[MergeRequest, ...]:
        """Return the merge requests in `state` (None: all), by number; without approvals where nobody asks for them."""
        remote = self._remote(project)
        found = [self._keep(_live(remote, one)) for _, one in sorted(self._requests.get(project, {}).items())]
        return tuple(
            request if with_approvals else replace(request, approvals=())
            for request in found
            if (state is None or request.state is state)
            and source_branch in {None, request.source_branch}
            and (request.approvals or not approved)
        )

    def merge_request(self, project: str, iid: int, *, with_notes: bool = True) -> MergeRequest:
        """Return one merge request, and remember the head that was seen."""
        request = self._look(project, iid)
        return request if with_notes else replace(request, comments=())

    def _look(self, project: str, iid: int) -> MergeRequest:
        remote = self._remote(project)
        if iid not in self._requests.get(project, {}):
            raise MergeRequestMissing(f"there is no merge request !{iid}", where=project, hint="list them")
        request = self._keep(_live(remote, self._requests[project][iid]))
        target = remote.branches.get(request.target_branch)
        if request.state is not MergeRequestState.OPEN or target is None:
            return request
        files = remote.merge(target, request.head)[1]
        return replace(request, conflicts=files != (), conflicting=files)

    def open(self, project: str, new: NewMergeRequest) -> MergeRequest:
        """Open a merge request, or return the open one that has these branches."""
        remote = self._remote(project)
        with remote.lock:
            head = _branch(remote, project, new.source_branch)
            _branch(remote, project, new.target_branch)
            for known in self.merge_requests(project):
                if (known.source_branch, known.target_branch) == (new.source_branch, new.target_branch):
                    return known
            request = MergeRequest(
                project=project,
                iid=len(self._requests.get(project, {})) + 1,
                title=new.title,
                description=new.description,
                author=_user(new.author),
                source_branch=new.source_branch,
                target_branch=new.target_branch,
                head=head,
                state=MergeRequestState.OPEN,
                created_at=self._clock.now(),
                draft=_is_draft(new.title),
            )
            return self._keep(request)

    def describe(self, project: str, iid: int, *, title: str, description: str) -> MergeRequest:
        """Change title and description of an open merge request."""
        request = self._open(project, iid)
        return self._keep(replace(request, title=title, description=description, draft=_is_draft(title)))

    def comment(self, project: str, iid: int, *, user: str, text: str) -> bool:
        """Add a note, once."""
        request = self.merge_request(project, iid)
        note = Comment(_user(user), self._clock.now(), text)
        if any((one.user, one.text) == (note.user, note.text) for one in request.comments):
            return False
        self._keep(replace(request, comments=(*request.comments, note)))
        return True

    def approve(self, project: str, iid: int, *, user: str, head: str | None = None) -> MergeRequest:
        """Give `user`'s approval to the present head."""
        _user(user)
        request = self._open(project, iid)
        if head is not None and head != request.head:
            raise _moved(request, head)
        if any(one.user == user and one.head == request.head for one in request.approvals):
            return request
        others = tuple(one for one in request.approvals if one.user != user)
        approval = Approval(user, self._clock.now(), request.head)
        return self._keep(replace(request, approvals=(*others, approval)))

    def unapprove(self, project: str, iid: int, *, user: str) -> MergeRequest:
        """Take `user`'s approval back."""
        _user(user)
        request = self._open(project, iid)
        return self._keep(replace(request, approvals=tuple(one for one in request.approvals if one.user != user)))

    def close(self, project: str, iid: int, *, user: str) -> MergeRequest:
        """Close without merging."""
        _user(user)
        if self.merge_request(project, iid).state is MergeRequestState.CLOSED:
            return self.merge_request(project, iid)
        return self._keep(replace(self._open(project, iid), state=MergeRequestState.CLOSED))

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
        """Merge with a merge commit, guarded by `head`. What is to be scheduled waits until `pipelines_end`."""
        remote = self._remote(project)
        with remote.lock:
            request = self.merge_request(project, iid)
            if request.state is MergeRequestState.MERGED and request.head == head:
                return request
            request = self._open(project, iid)
            if options.scheduled and not self.pipelines_end:
                return self._keep(replace(request, scheduled=True))
            if _branch(remote, project, request.source_branch) != head:
                raise _moved(request, head)
            target = _branch(remote, project, request.target_branch)
            merged = target
            if head not in remote.ancestors(target):
                made, conflicts = remote.merge(target, head)
                if conflicts or remote.merge_base(target, head) is None:
                    raise MergeConflict(
                        f"{request.source_branch} conflicts with {request.target_branch} in {', '.join(conflicts)}",
                        where=request.ref,
                        hint="merge by hand",
                    )
                moved = [path for path, data in (files or {}).items() if made.get(path) != data]
                if moved:
                    raise TargetMoved(f"it would make another {', '.join(moved)}", where=request.ref, hint="look again")
                merged = remote.add(made, (target, head), _user(user), message, self._clock.now())
                remote.move(request.target_branch, merged, target)
            return self._keep(replace(request, state=MergeRequestState.MERGED, merge_commit=merged))

    def unschedule(self, project: str, iid: int) -> MergeRequest:
        """Take a merge request off the schedule."""
        return self._keep(replace(self._open(project, iid), scheduled=False))

    def members(self, group: str) -> frozenset[str]:
        """Return the user names in `group`."""
        if group not in self._groups:
            raise GroupMissing(f"there is no group {group!r}", hint="configure it")
        return self._groups[group]

    def _remote(self, project: str) -> FakeRemote:
        if project not in self._remotes.by_project:
            raise ProjectMissing(f"the forge has no project {project!r}", hint="create it")
        return self._remotes.remote(project)

    def _open(self, project: str, iid: int) -> MergeRequest:
        request = replace(self.merge_request(project, iid), conflicts=None, conflicting=())
        if request.state is not MergeRequestState.OPEN:
            raise MergeRequestNotOpen(f"the merge request is {request.state.value}", where=request.ref, hint="open one")
        return request

    def _keep(self, request: MergeRequest) -> MergeRequest:
        kept = replace(request, conflicts=None, conflicting=())
        self._requests.setdefault(request.project, {})[request.iid] = kept
        return kept


def _user(name: str) -> str:
    if not name.strip() or not name.isprintable():
        raise InvalidUser(f"{name!r} is not a user's name", hint="give a name of printable characters")
    return name


def _is_draft(title: str) -> bool:
    return title.lower().startswith("draft:")


def _moved(request: MergeRequest, head: str) -> HeadMoved:
    what = f"{request.source_branch} is not at {head[:12]}"
    return HeadMoved(what, where=request.ref, hint="somebody has pushed: look again")


def _branch(remote: FakeRemote, project: str, name: str) -> str:
    if name not in remote.branches:
        raise BranchMissing(f"there is no branch {name!r}", where=project, hint="push it first")
    return remote.branches[name]


def _live(remote: FakeRemote, request: MergeRequest) -> MergeRequest:
    head, target = remote.branches.get(request.source_branch), remote.branches.get(request.target_branch)
    if request.state is MergeRequestState.OPEN and target and (head or request.head) in remote.ancestors(target):
        merged = replace(request, state=MergeRequestState.MERGED, head=head or request.head, branch_gone=False)
        return replace(merged, merge_commit=target)
    request = replace(request, branch_gone=request.state is MergeRequestState.OPEN and head is None)
    if request.state is not MergeRequestState.OPEN or head is None or head == request.head:
        return request
    return replace(request, head=head, approvals=tuple(one for one in request.approvals if one.head != head))

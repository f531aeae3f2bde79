"""LocalForge: merge requests with nothing but git. Whoever may push to the repository is trusted with its records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, TypeVar

from tidegate.errors.forge import (
    ForgeUnauthorized,
    ForgeUnreachable,
    GroupMissing,
    HeadMoved,
    InvalidUser,
    ProjectMissing,
)
from tidegate.errors.git import (
    BranchMissing,
    GitFailed,
    GitUnauthorized,
    InvalidBranch,
    LeaseLost,
    PushRefused,
    RemoteUnreachable,
    RepositoryMissing,
)
from tidegate.forge.finished import not_open
from tidegate.forge.ledger import Event, Ledger
from tidegate.forge.local_merge import WantedMerge, conflicts, merge_onto
from tidegate.forge.records import is_draft
from tidegate.git.compare import arrival
from tidegate.git.identity import Identity
from tidegate.git.message import one_line, plain
from tidegate.git.mirrors import Mirrors
from tidegate.git.names import branch_ref
from tidegate.git.push import RefUpdate
from tidegate.git.remote import ProjectRemotes
from tidegate.model.merge_request import PLAIN, Approval, Comment, MergeRequest, MergeRequestOptions, MergeRequestState
from tidegate.ports.clock import Clock
from tidegate.ports.forge import NewMergeRequest, Unreadable

_T = TypeVar("_T")

_ATTEMPTS: Final = 40
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.25
_LONGEST_NAME: Final = 200


class LocalForge:
    """Merge requests kept in each project's own repository; fulfils the port `Forge`.

    Every change is a compare-and-swap on the repository's refs; a lost one is read again and tried again, bounded.

    Args:
        remotes: where the projects are.
        mirrors: the cache.
        identity: committer of events and merges; the acting user is their author.
        clock: for times, and for pauses between attempts.
        groups: group → user names.
    """

    def __init__(
        self,
        remotes: ProjectRemotes,
        mirrors: Mirrors,
        identity: Identity,
        clock: Clock,
        groups: Mapping[str, Collection[str]],
    ) -> None:
        self._remotes = remotes
        self._mirrors = mirrors
        self._identity = identity
        self._clock = clock
        self._groups = {group: frozenset(users) for group, users in groups.items()}

    def merge_requests(
        self,
        project: str,
        *,
        state: MergeRequestState | None = MergeRequestState.OPEN,
        source_branch: str | None = None,
        approved: bool = False,
        with_approvals: bool = False,  # noqa: ARG002 - the port's; here they cost nothing and are always told
        unreadable: Unreadable | None = None,
    ) -> tuple[MergeRequest, ...]:
        """Return the project's merge requests in `state` (None: all), by number; `conflicts` is not computed.

        What plain git did to them is recorded, as by `merge_request`.
        """
        ledger = self._read(project)
        return tuple(
            request
            for request in self._caught_up(ledger, ledger.requests(unreadable))
            if (state is None or request.state is state)
            and source_branch in {None, request.source_branch}
            and (request.approvals or not approved)
        )

    def merge_request(
        self,
        project: str,
        iid: int,
        *,
        with_notes: bool = True,  # noqa: ARG002 - the port's; here they cost nothing and are always told
    ) -> MergeRequest:
        """Return one merge request with its comments, and whether it has conflicts while it is open.

        A push that it finds is recorded, so that approvals from before it stay void when the branch is pushed back;
        so is a merge that a person made with plain git.
        """
        ledger = self._read(project)
        (request,) = self._caught_up(ledger, (ledger.request(iid),))
        target = ledger.branch(request.target_branch)
        if request.state is not MergeRequestState.OPEN or target is None:
            return request
        files = conflicts(ledger.mirror, target, request.head)
        return replace(request, conflicts=files != (), conflicting=files)

    def open(self, project: str, new: NewMergeRequest) -> MergeRequest:
        """Open a merge request, or return the open one that has these branches."""
        if branch_ref(new.source_branch) == branch_ref(new.target_branch):
            raise InvalidBranch("a branch can't be merged into itself", where=project, hint="name two branches")
        author = _user(new.author)

        def attempt(ledger: Ledger) -> MergeRequest:
            head = _branch(ledger, new.source_branch)
            _branch(ledger, new.target_branch)
            branches = (new.source_branch, new.target_branch)
            for known in ledger.requests():
                if known.state is MergeRequestState.OPEN and branches == (known.source_branch, known.target_branch):
                    return known
            title = one_line(new.title)
            request = MergeRequest(
                project=project,
                iid=ledger.next_iid(),
                title=title,
                description=plain(new.description),
                author=author,
                source_branch=new.source_branch,
                target_branch=new.target_branch,
                head=head,
                state=MergeRequestState.OPEN,
                created_at=self._clock.now(),
                draft=is_draft(title),
            )
            return self._write(ledger, request, f"Open !{request.iid}", author)

        return self._repeat(project, attempt)

    def describe(self, project: str, iid: int, *, title: str, description: str) -> MergeRequest:
        """Change title and description of an open merge request."""

        def attempt(ledger: Ledger) -> MergeRequest:
            request = _open(ledger.request(iid))
            text = one_line(title)
            changed = replace(request, title=text, description=plain(description), draft=is_draft(text))
            return self._write(ledger, changed, f"Describe !{iid}", self._identity.name, before=request)

        return self._repeat(project, attempt)

    def comment(self, project: str, iid: int, *, user: str, text: str) -> bool:
        """Add a note; the same user's same text is there once, also when two add it at the same moment."""
        note = Comment(_user(user), self._clock.now(), plain(text))

        def attempt(ledger: Ledger) -> bool:
            request = ledger.request(iid)
            if any((one.user, one.text) == (note.user, note.text) for one in request.comments):
                return False
            self._write(ledger, replace(request, comments=(*request.comments, note)), f"Comment on !{iid}", user)
            return True

        return self._repeat(project, attempt)

    def approve(self, project: str, iid: int, *, user: str, head: str | None = None) -> MergeRequest:
        """Give `user`'s approval to the present head; it takes the place of one that they gave to an older head."""
        _user(user)

        def attempt(ledger: Ledger) -> MergeRequest:
            request = _open(ledger.request(iid))
            if head is not None and head != request.head:
                raise _moved(request, request.head, head)
            if any(one.user == user and one.head == request.head for one in request.approvals):
                return request
            others = tuple(one for one in request.approvals if one.user != user)
            changed = replace(request, approvals=(*others, Approval(user, self._clock.now(), request.head)))
            return self._write(ledger, changed, f"Approve !{iid}", user)

        return self._repeat(project, attempt)

    def unapprove(self, project: str, iid: int, *, user: str) -> MergeRequest:
        """Take `user`'s approval back; nothing happens when there is none."""
        _user(user)

        def attempt(ledger: Ledger) -> MergeRequest:
            request = _open(ledger.request(iid))
            others = tuple(one for one in request.approvals if one.user != user)
            return self._write(ledger, replace(request, approvals=others), f"Unapprove !{iid}", user, before=request)

        return self._repeat(project, attempt)

    def close(self, project: str, iid: int, *, user: str) -> MergeRequest:
        """Close without merging; nothing happens when it is closed already."""
        _user(user)

        def attempt(ledger: Ledger) -> MergeRequest:
            request = ledger.request(iid)
            if request.state is MergeRequestState.CLOSED:
                return request
            changed = replace(_open(request), state=MergeRequestState.CLOSED)
            return self._write(ledger, changed, f"Close !{iid}", user)

        return self._repeat(project, attempt)

    def merge(
        self,
        project: str,
        iid: int,
        *,
        head: str,
        message: str,
        user: str,
        options: MergeRequestOptions = PLAIN,  # noqa: ARG002 - the configuration allows none here
        files: Mapping[str, bytes] | None = None,
    ) -> MergeRequest:
        """Merge with a merge commit, guarded by `head` and `files`.

        Target branch and record move together or not at all. A head that the target branch has already (a person
        merged it by hand) is recorded as merged.
        """
        _user(user)

        def attempt(ledger: Ledger) -> MergeRequest:
            request = ledger.request(iid)
            if request.state is MergeRequestState.MERGED and request.head == head:
                return request
            _open(request)
            source, target = _branch(ledger, request.source_branch), _branch(ledger, request.target_branch)
            if source != head:
                raise _moved(request, source, head)
            # The unchanged source branch is named in the push, so that the push fails when it moves meanwhile.
            guard = RefUpdate(branch_ref(request.source_branch), head, head)
            wanted = WantedMerge(
                message, files or {}, self._identity.acting_for(user), self._identity, self._clock.now()
            )
            merged, moves = merge_onto(ledger.mirror, request, target, wanted)
            changed = replace(request, state=MergeRequestState.MERGED, merge_commit=merged)
            return self._write(ledger, changed, f"Merge !{iid}", user, others=(guard, *moves))

        return self._repeat(project, attempt)

    def unschedule(self, project: str, iid: int) -> MergeRequest:
        """Return the merge request: nothing is ever scheduled here."""
        return self.merge_request(project, iid)

    def members(self, group: str) -> frozenset[str]:
        """Return the user names in `group`."""
        if group not in self._groups:
            known = ", ".join(sorted(self._groups)) or "none"
            raise GroupMissing(f"there is no group {group!r}", hint=f"configured groups: {known}")
        return self._groups[group]

    def _caught_up(self, ledger: Ledger, requests: Sequence[MergeRequest]) -> Iterator[MergeRequest]:
        """Yield merge requests as they are now; what plain git did to open ones is recorded."""
        arrived = ledger.arrived(requests)
        for request in requests:
            left = request.state is MergeRequestState.OPEN and not ledger.records_head(request)
            yield self._record(ledger, request) if left or request.iid in arrived else request

    def _record(self, seen: Ledger, request: MergeRequest) -> MergeRequest:
        """Record that the branch has moved, or is in its target branch; return the merge request to go on with."""

        def attempt(ledger: Ledger) -> MergeRequest:
            found = ledger.request(request.iid)
            merged = _if_merged(ledger, found)
            if merged is not None:
                return self._write(ledger, merged, f"Merge !{found.iid} by hand", self._identity.name)
            if found.state is MergeRequestState.OPEN and not ledger.records_head(found):
                self._write(ledger, found, f"Push to !{found.iid}", self._identity.name)
            return found

        try:
            return self._repeat(seen.project, attempt)
        except (ForgeUnauthorized, PushRefused, GitFailed):
            # Who may only read looks without leaving a trace; whoever delivers may write, and looks here, too.
            return _if_merged(seen, request) or request

    def _read(self, project: str) -> Ledger:
        with _spoken(project):
            return Ledger.read(project, self._mirrors.mirror(self._remotes.remote(project)))

    def _write(
        self,
        ledger: Ledger,
        request: MergeRequest,
        text: str,
        user: str,
        *,
        before: MergeRequest | None = None,
        others: tuple[RefUpdate, ...] = (),
    ) -> MergeRequest:
        if request != before:
            with _spoken(ledger.project):
                ledger.write(Event(request, text, user, self._clock.now()), self._identity, others)
        return request

    def _repeat(self, project: str, attempt: Callable[[Ledger], _T]) -> _T:
        """Make attempts on fresh readings until one is not overtaken by somebody else's."""
        pause = _FIRST_PAUSE
        for _ in range(_ATTEMPTS - 1):
            try:
                return attempt(self._read(project))
            except LeaseLost:
                # The clock's fraction of a second differs between contenders, and is the jitter.
                self._clock.sleep(pause * (0.5 + self._clock.now().microsecond / 1_000_000))
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        return attempt(self._read(project))


def _open(request: MergeRequest) -> MergeRequest:
    if request.state is not MergeRequestState.OPEN:
        raise not_open(request)
    return request


def _moved(request: MergeRequest, present: str, head: str) -> HeadMoved:
    """Return the error for a merge request whose branch is at `present`, and not at `head`."""
    return HeadMoved(
        f"{request.source_branch} is at {present[:12]}, not at {head[:12]}",
        where=request.ref,
        hint="somebody has pushed: look at the merge request again; approvals of the older commit may not count",
    )


def _if_merged(ledger: Ledger, request: MergeRequest) -> MergeRequest | None:
    """Return an open merge request as merged when its target branch has its head; else None."""
    target = ledger.branch(request.target_branch)
    if target is None or request.iid not in ledger.arrived([request]):
        return None
    commit = arrival(ledger.mirror, request.head, target)
    return replace(request, state=MergeRequestState.MERGED, merge_commit=commit, branch_gone=False)


def _branch(ledger: Ledger, name: str) -> str:
    head = ledger.branch(name)
    if head is None:
        raise BranchMissing(f"there is no branch {name!r}", where=ledger.project, hint="push it first")
    return head


def _user(name: str) -> str:
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME or set(name) & set("<>"):
        raise InvalidUser(f"{name[:80]!r} is not a user's name", hint="give a name of printable characters")
    return name


@contextmanager
def _spoken(project: str) -> Iterator[None]:
    """Let git's failures be the forge's."""
    try:
        yield
    except RepositoryMissing as error:
        raise ProjectMissing(
            f"the forge has no project {project!r}", where=error.where, hint="create its repository: git init --bare"
        ) from error
    except GitUnauthorized as error:
        raise ForgeUnauthorized(error.what, where=error.where, hint=error.hint) from error
    except RemoteUnreachable as error:
        raise ForgeUnreachable(error.what, where=error.where, hint=error.hint) from error

"""Ledger: a project's merge requests in the refs of its own git repository, so that a mirror of it is a backup.

- `refs/tidegate/merge-requests/N`: a chain of commits, one per event, authored by who acted; the tree holds
  `merge-request.json`, the whole record as of that event.
- `refs/merge-requests/N/head`: the source branch's head as last recorded (the name that GitLab uses too).

A head is recorded with every event, and when one who may write looks, or lists, and finds it moved. An approval that
was given to a head is void once another head was recorded after it: pushing the branch back does not bring it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from tidegate.errors.forge import MergeRequestMissing, MergeRequestUnreadable
from tidegate.forge.records import FILE, from_json, to_json, unreadable_record
from tidegate.git.compare import merge_base
from tidegate.git.fast_import import NewCommit, write_commit
from tidegate.git.identity import Identity
from tidegate.git.message import compose
from tidegate.git.mirror import Mirror
from tidegate.git.push import RefUpdate
from tidegate.git.trees import LARGEST_FILE
from tidegate.model.merge_request import MergeRequest, MergeRequestState
from tidegate.ports.forge import Unreadable

_EVENTS: Final = re.compile(r"refs/tidegate/merge-requests/([1-9][0-9]{0,8})")


def _events_ref(iid: int) -> str:
    return f"refs/tidegate/merge-requests/{iid}"


def _head_ref(iid: int) -> str:
    return f"refs/merge-requests/{iid}/head"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a merge request.

    Args:
        request: the merge request after it.
        text: one line, e.g. `Approve !3`.
        user: who did it.
        at: when.
    """

    request: MergeRequest
    text: str
    user: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ledger:
    """The merge requests of one project as of one reading of its refs.

    Args:
        project: the project's path.
        mirror: the mirror of its repository.
        refs: all refs, full name → id.
    """

    project: str
    mirror: Mirror
    refs: Mapping[str, str]

    @classmethod
    def read(cls, project: str, mirror: Mirror) -> Ledger:
        """Return the ledger as it is on the remote now."""
        return cls(project, mirror, mirror.refresh())

    def branch(self, name: str) -> str | None:
        """Return the head of branch `name`, or None."""
        return self.refs.get(f"refs/heads/{name}")

    def next_iid(self) -> int:
        """Return the number that the next merge request gets."""
        return max(self._iids(), default=0) + 1

    def requests(self, unreadable: Unreadable | None = None) -> tuple[MergeRequest, ...]:
        """Return all merge requests by number, open ones with their branch's present head.

        Args:
            unreadable: told why a record can't be read, which is left out then; None: that is raised.

        Raises:
            MergeRequestUnreadable: a record can't be read.
        """
        return tuple(self._load(sorted(self._iids()), unreadable))

    def request(self, iid: int) -> MergeRequest:
        """Return one merge request.

        Raises:
            MergeRequestMissing: there is none of that number.
            MergeRequestUnreadable: its record can't be read.
        """
        if _events_ref(iid) not in self.refs:
            raise MergeRequestMissing(
                f"there is no merge request !{iid}", where=self.project, hint="see `tidegate mr list`"
            )
        (request,) = self._load([iid], None)
        return request

    def write(self, event: Event, committer: Identity, others: Iterable[RefUpdate] = ()) -> None:
        """Record an event, all or nothing with `others`.

        Raises:
            LeaseLost: the merge request, or one of `others`, changed since this ledger was read.
        """
        request = event.request
        events, head = _events_ref(request.iid), _head_ref(request.iid)
        known = self.refs.get(events)
        message = compose(event.text, "", {})
        author = committer.acting_for(event.user)
        record = write_commit(
            self.mirror, NewCommit(known, {FILE: to_json(request)}, message, author, committer, event.at)
        )
        updates = [RefUpdate(events, record, known), *others]
        if self.refs.get(head) != request.head:
            updates.append(RefUpdate(head, request.head, self.refs.get(head)))
        self.mirror.push(updates)

    def _iids(self) -> list[int]:
        return [int(match[1]) for match in map(_EVENTS.fullmatch, self.refs) if match]

    def _load(self, iids: Sequence[int], unreadable: Unreadable | None) -> Iterator[MergeRequest]:
        names = [f"{self.refs[_events_ref(iid)]}:{FILE}" for iid in iids]
        sizes = [info.size if info else 0 for info in self.mirror.ask(lambda reader: reader.info(names))]
        small = [name for name, size in zip(names, sizes, strict=True) if size <= LARGEST_FILE]
        records = dict(zip(small, self.mirror.ask(lambda reader: reader.contents(small)), strict=True))
        for iid, name, size in zip(iids, names, sizes, strict=True):
            try:
                if size > LARGEST_FILE:
                    raise unreadable_record(f"{self.project}!{iid}", f"it has {size:,} bytes")
                yield self._live(from_json(self.project, iid, records[name]))
            except MergeRequestUnreadable as damaged:
                if unreadable is None:
                    raise
                unreadable(damaged)

    def arrived(self, requests: Iterable[MergeRequest]) -> frozenset[int]:
        """Return the numbers of the open ones among `requests` whose head their target branch has already."""
        waiting: dict[str, list[MergeRequest]] = {}
        for request in requests:
            target = self.branch(request.target_branch)
            if request.state is MergeRequestState.OPEN and target is not None:
                waiting.setdefault(target, []).append(request)
        return frozenset(one.iid for target, some in waiting.items() for one in self._in_branch(target, some))

    def _in_branch(self, target: str, requests: Sequence[MergeRequest]) -> Iterator[MergeRequest]:
        recorded = {_head_ref(one.iid): one for one in requests if self.records_head(one)}
        if recorded:  # one question for all
            said = self.mirror.run("for-each-ref", "--format=%(refname)", f"--merged={target}", *recorded)
            yield from (recorded[ref] for ref in said.text.split())
        for moved in requests:
            if not self.records_head(moved) and merge_base(self.mirror, target, moved.head) == moved.head:
                yield moved

    def records_head(self, request: MergeRequest) -> bool:
        """Return whether the head of an open merge request, as it is now, is the one that was recorded last."""
        return self.refs.get(_head_ref(request.iid)) == request.head

    def _live(self, request: MergeRequest) -> MergeRequest:
        """Return an open merge request at its branch's head; approvals of it from before it was left are void."""
        head = self.branch(request.source_branch)
        if request.state is not MergeRequestState.OPEN or head == request.head:
            return request
        if head is None:
            return replace(request, branch_gone=True)
        return replace(request, head=head, approvals=tuple(one for one in request.approvals if one.head != head))

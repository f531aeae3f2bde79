"""The record of a local forge's merge request: `merge-request.json`, schema version 1, to and from values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tidegate.errors.forge import MergeRequestUnreadable
from tidegate.model.merge_request import Approval, Comment, MergeRequest, MergeRequestState

FILE: Final = "merge-request.json"
SCHEMA_VERSION: Final = 1
_DRAFTS: Final = ("draft:", "[draft]", "(draft)")
"""How GitLab lets a title say that the merge request is not ready."""


def to_json(request: MergeRequest) -> bytes:
    """Return the record of `request`: what was said and done, not what can be computed."""
    record = {
        "schemaVersion": SCHEMA_VERSION,
        "iid": request.iid,
        "title": request.title,
        "description": request.description,
        "author": request.author,
        "sourceBranch": request.source_branch,
        "targetBranch": request.target_branch,
        "head": request.head,
        "state": request.state.value,
        "createdAt": _time(request.created_at),
        "mergeCommit": request.merge_commit,
        "approvals": [{"user": one.user, "at": _time(one.at), "head": one.head} for one in request.approvals],
        "comments": [{"user": one.user, "at": _time(one.at), "text": one.text} for one in request.comments],
    }
    return (json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def from_json(project: str, iid: int, data: bytes | None) -> MergeRequest:
    """Return the merge request that a record tells.

    Args:
        project: the project that it was found in.
        iid: the number in the name of its ref.
        data: the record's bytes; None when the file is not there.

    Raises:
        MergeRequestUnreadable: not a record, of another schema version, or of another merge request.
    """
    where = f"{project}!{iid}"
    if data is None:
        raise unreadable_record(where, f"it has no {FILE}")
    try:
        record = _Fields(json.loads(data))
        version = record.number("schemaVersion")
        if version != SCHEMA_VERSION:
            raise unreadable_record(where, f"its schema version is {version}; this program reads {SCHEMA_VERSION}")
        request = _request(project, record)
    except (ValueError, OverflowError, RecursionError) as error:
        raise unreadable_record(where, str(error)) from error
    if request.iid != iid:
        raise unreadable_record(where, f"it says that it is !{request.iid}")
    return request


def unreadable_record(where: str, why: str) -> MergeRequestUnreadable:
    """Return the error for a record of the merge request `where` (`project!iid`)."""
    return MergeRequestUnreadable(
        f"the record of the merge request can't be read: {why}",
        where=where,
        hint=f"see git show refs/tidegate/merge-requests/{where.rpartition('!')[2]}; update Tidegate if it is newer",
    )


def _request(project: str, record: _Fields) -> MergeRequest:
    title = record.text("title")
    return MergeRequest(
        project=project,
        iid=record.number("iid"),
        title=title,
        description=record.text("description"),
        author=record.text("author"),
        source_branch=record.text("sourceBranch"),
        target_branch=record.text("targetBranch"),
        head=record.text("head"),
        state=MergeRequestState(record.text("state")),
        created_at=record.time("createdAt"),
        approvals=tuple(
            Approval(one.text("user"), one.time("at"), one.text("head")) for one in record.list("approvals")
        ),
        comments=tuple(Comment(one.text("user"), one.time("at"), one.text("text")) for one in record.list("comments")),
        merge_commit=record.optional_text("mergeCommit"),
        draft=is_draft(title),
    )


def is_draft(title: str) -> bool:
    """Return whether a title says that the merge request is not ready."""
    return title.lower().startswith(_DRAFTS)


@dataclass(frozen=True, slots=True)
class _Fields:
    """A JSON object, asked for fields of a type; every miss is a ValueError that names the field."""

    value: object

    def _get(self, name: str) -> object:
        if not isinstance(self.value, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004 - a miss is one kind of error here
        if name not in self.value:
            raise ValueError(f"{name} is missing")
        return self.value[name]

    def text(self, name: str) -> str:
        found = self._get(name)
        if not isinstance(found, str):
            raise ValueError(f"{name} is not a text")  # noqa: TRY004 - likewise
        return found

    def optional_text(self, name: str) -> str | None:
        return None if self._get(name) is None else self.text(name)

    def number(self, name: str) -> int:
        found = self._get(name)
        if not isinstance(found, int) or isinstance(found, bool):
            raise ValueError(f"{name} is not a number")  # noqa: TRY004 - likewise
        return found

    def time(self, name: str) -> datetime:
        moment = datetime.fromisoformat(self.text(name))
        if moment.tzinfo is None:
            raise ValueError(f"{name} has no time zone")
        return moment.astimezone(UTC)

    def list(self, name: str) -> tuple[_Fields, ...]:
        found = self._get(name)
        if not isinstance(found, list):
            raise ValueError(f"{name} is not a list")  # noqa: TRY004 - likewise
        return tuple(_Fields(one) for one in found)

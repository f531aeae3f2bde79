"""The fake's commit statuses, as GitLab's `Ci::CreateCommitStatusService` has them.

A pending or running status of the same user, name and ref is moved on. Setting it to its own state, or a running one to
pending, is refused, and changes nothing of it. After one that has ended, another is made.
"""

from __future__ import annotations

from typing import Final

from tidegate.testing.gitlab.entities import commit_status
from tidegate.testing.gitlab.fake import FakeGitLab
from tidegate.testing.gitlab.merge_requests import project
from tidegate.testing.gitlab.messages import Answer, Call, Json, no, not_found
from tidegate.testing.gitlab.state import CommitStatus, Project

PARAMETERS: Final = frozenset({"state", "ref", "name", "context", "target_url", "description", "pipeline_id"})
LIST_PARAMETERS: Final = frozenset({"name", "ref", "all", "stage", "pipeline_id"})
_EVENTS: Final = {"pending": "enqueue", "running": "run", "success": "success", "failed": "drop", "canceled": "cancel"}
_ACTIVE: Final = ("pending", "running")
_LONGEST: Final = 255


def put(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST statuses/:sha."""
    home = project(gitlab, call)
    sha, state = call.path["sha"], call.text("state")
    if state not in _EVENTS:
        return Answer(400, {"error": "state does not have a valid value"})
    if not home.repository.has(sha):
        raise not_found("Commit")
    for field in ("target_url", "description"):
        if len(call.text(field)) > _LONGEST:
            raise no(400, {field: ["is too long (maximum is 255 characters)"]})
    moved = _moved(gitlab, home, call, state)
    for one in home.pipelines:
        if one.id == moved.pipeline:
            gitlab.tell_pipeline(home, one)
    return Answer(201, commit_status(moved, gitlab.url))


def _moved(gitlab: FakeGitLab, home: Project, call: Call, state: str) -> CommitStatus:
    sha, ref, user = call.path["sha"], call.text("ref"), call.access.user
    home.lagging = home.pipeline_lag
    name = call.text("name") or call.text("context") or "default"
    for one in home.statuses:
        if (one.sha, one.ref, one.name, one.user) == (sha, ref, name, user) and one.state in _ACTIVE:
            if state == one.state or (state, one.state) == ("pending", "running"):
                event = _EVENTS[state]
                raise no(
                    400,
                    f"Cannot transition status via :{event} from :{one.state} "
                    f'(Reason(s): Status cannot transition via "{event}")',
                )
            one.state = state
            one.description = call.text("description") or one.description
            one.target_url = call.text("target_url") or one.target_url
            return one
    made = CommitStatus(
        id=next(gitlab.numbers),
        sha=sha,
        ref=ref,
        name=name,
        user=user,
        state=state,
        description=call.text("description") or None,
        target_url=call.text("target_url") or None,
        at=gitlab.now(),
        pipeline=_pipeline(gitlab, home, call),
    )
    home.statuses.append(made)
    return made


def _pipeline(gitlab: FakeGitLab, home: Project, call: Call) -> int:
    """Return the pipeline that a status belongs to: the one named, else the commit's newest of that ref, else a new."""
    for number in call.numbers("pipeline_id"):
        return number
    sha, ref = call.path["sha"], call.text("ref")
    for one in reversed(home.pipelines):
        if (one.sha, one.ref) == (sha, ref):
            return one.id
    return gitlab.pipeline(home, sha, ref, call.access.user, source="external").id


def show(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET repository/commits/:sha/statuses: the newest of each name and ref."""
    home = project(gitlab, call)
    found: dict[tuple[str, str], CommitStatus] = {}
    for one in home.statuses:
        wanted = (call.query.get("name", one.name), call.query.get("ref", one.ref))
        if one.sha == call.path["sha"] and (one.name, one.ref) == wanted:
            found[one.name, one.ref] = one
    rows: list[Json] = [commit_status(one, gitlab.url) for one in found.values()]
    return Answer(body=rows)

"""The fake's calls about merge requests. Order of checks and statuses as in GitLab's `lib/api/merge_requests.rb`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tidegate.testing.gitlab import entities
from tidegate.testing.gitlab.fake import FakeGitLab
from tidegate.testing.gitlab.messages import (
    NO_CONTENT,
    Answer,
    Call,
    Json,
    no,
    not_found,
    parameter_missing,
    unauthorized,
)
from tidegate.testing.gitlab.state import MergeRequest, Note, Project, User

LIST_PARAMETERS: Final = frozenset(
    {"state", "scope", "order_by", "sort", "source_branch", "target_branch", "iids", "approved_by_ids"}
)
_DRESS: Final = frozenset(
    {"title", "description", "labels", "reviewer_ids", "assignee_ids", "milestone_id", "squash", "remove_source_branch"}
)
CREATE_PARAMETERS: Final = _DRESS | {"source_branch", "target_branch"}
UPDATE_PARAMETERS: Final = _DRESS | {"state_event", "add_labels", "remove_labels"}
SHOW_PARAMETERS: Final = frozenset({"include_rebase_in_progress"})


def project(gitlab: FakeGitLab, call: Call) -> Project:
    """Return the call's project, by path or number, with what was pushed since."""
    name = call.path["id"]
    found = [one for one in gitlab.projects.values() if name in {one.path, str(one.id)}]
    if not found:
        raise not_found("Project")
    gitlab.refresh(found[0])
    return found[0]


def found(gitlab: FakeGitLab, call: Call) -> tuple[Project, MergeRequest]:
    """Return the project and the merge request that a call names."""
    home = project(gitlab, call)
    iid = call.path["merge_request_iid"]
    if not iid.isdecimal() or int(iid) not in home.requests:
        raise not_found()
    return home, home.requests[int(iid)]


def shown(gitlab: FakeGitLab, home: Project, one: MergeRequest, *, looks: bool = False) -> dict[str, Json]:
    """Return a merge request as it is told alone; with `looks`, GitLab gets on with working out what it must."""
    return entities.merge_request(home, one, gitlab.status(home, one, looks=looks), gitlab.url)


def list_all(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET merge_requests."""
    home = project(gitlab, call)
    rows = sorted(home.requests.values(), key=lambda one: one.iid, reverse=call.query.get("sort") != "asc")
    tests: dict[str, Callable[[MergeRequest, str], bool]] = {
        "state": lambda one, value: value in {"all", one.state},
        "source_branch": lambda one, value: one.source == value,
        "target_branch": lambda one, value: one.target == value,
        "approved_by_ids": _is_approved_by,
    }
    for name, test in tests.items():
        value = call.query.get(name)
        rows = [one for one in rows if value is None or test(one, value)]
    body: list[Json] = [entities.merge_request_basic(home, one, gitlab.status(home, one), gitlab.url) for one in rows]
    return Answer(body=body)


def _is_approved_by(one: MergeRequest, value: str) -> bool:
    if value in {"Any", "None"}:
        return bool(one.approvals) == (value == "Any")
    return int(value) in one.approvals


def create(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST merge_requests."""
    home = project(gitlab, call)
    for name in ("title", "source_branch", "target_branch"):
        if not call.text(name):
            raise parameter_missing(name)
    source, target = call.text("source_branch"), call.text("target_branch")
    if source == target:
        raise no(422, ["You can't use same project/branch for source and target"])
    for one in home.requests.values():
        if (one.state, one.source, one.target, one.fork) == ("opened", source, target, None):
            raise no(409, [f"Another open merge request already exists for this source branch: !{one.iid}"])
    now = gitlab.now()
    request = MergeRequest(
        id=next(gitlab.numbers),
        iid=len(home.requests) + 1,
        author=call.access.user,
        source=source,
        target=target,
        title=call.text("title"),
        description=call.text("description"),
        created=now,
        updated=now,
    )
    _dress(gitlab, home, request, call)
    gitlab.open(home, request)
    gitlab.refresh(home)
    return Answer(201, shown(gitlab, home, request))


def show(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET merge_requests/:iid. Looking is what makes GitLab work out whether it can be merged."""
    home, request = found(gitlab, call)
    gitlab.finish_rebase(home, request)
    gitlab.advance(home)
    body = shown(gitlab, home, request, looks=True)
    if call.flag("include_rebase_in_progress"):
        body["rebase_in_progress"] = request.rebasing > 0
    return Answer(body=body)


def update(gitlab: FakeGitLab, call: Call) -> Answer:
    """PUT merge_requests/:iid."""
    home, request = found(gitlab, call)
    if not {*call.body, *call.query}:
        return Answer(400, {"error": "title, description, state_event are missing, at least one must be provided"})
    _dress(gitlab, home, request, call)
    event = call.text("state_event")
    if event == "close" and request.state == "opened":
        request.state, request.closed_at = "closed", gitlab.now()
        gitlab.note(request, call.access.user, "closed", system=True)
    elif event == "reopen" and request.state == "closed":
        request.state, request.closed_at = "opened", None
    request.updated = gitlab.now()
    gitlab.tell(home, request, event or "update", call.access.user)
    return Answer(body=shown(gitlab, home, request))


def _dress(gitlab: FakeGitLab, home: Project, request: MergeRequest, call: Call) -> None:
    """Set what people see of a merge request besides its branches."""
    if call.has("title"):
        request.title = call.text("title")
    if call.has("description"):
        request.description = call.text("description")
    if call.has("labels"):
        request.labels = [name for name in call.text("labels").split(",") if name]
    request.labels += [name for name in call.text("add_labels").split(",") if name and name not in request.labels]
    request.labels = [name for name in request.labels if name not in call.text("remove_labels").split(",")]
    people = {one.id: one for one in members(gitlab, home)}
    if call.has("reviewer_ids"):
        request.reviewers = [people[number] for number in call.numbers("reviewer_ids") if number in people]
    if call.has("assignee_ids"):
        request.assignees = [people[number] for number in call.numbers("assignee_ids") if number in people]
    if call.has("milestone_id"):
        wanted = call.numbers("milestone_id")
        request.milestone = next((one for one in home.milestones if one.id in wanted), None)
    if call.has("squash"):
        request.squash = call.flag("squash")
    if call.has("remove_source_branch"):
        request.remove_source = call.flag("remove_source_branch")


def members(gitlab: FakeGitLab, home: Project) -> list[User]:
    """Return who is in a project."""
    return [one for one in gitlab.users.values() if home.members is None or one.username in home.members]


def list_versions(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET versions, the newest first."""
    _, request = found(gitlab, call)
    rows: list[Json] = [entities.version(one, request) for one in reversed(request.versions)]
    return Answer(body=rows)


def show_approvals(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET approvals."""
    home, request = found(gitlab, call)
    return Answer(body=_approvals(gitlab, home, request, call))


def show_approval_state(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET approval_state; Premium only."""
    home, request = found(gitlab, call)
    return Answer(body=entities.approval_state(request, home, gitlab.url))


def show_approval_settings(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET /projects/:id/approvals; Premium only, and for those who may change it."""
    home = project(gitlab, call)
    return Answer(body={"reset_approvals_on_push": home.reset_approvals_on_push})


def approve(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST approve. Anybody may on Free; nobody may twice."""
    home, request = found(gitlab, call)
    user = call.access.user
    may = user.id not in request.approvals and (home.author_may_approve or user is not request.author)
    if request.state != "opened" or not may:
        raise unauthorized()
    check_sha(call, request)
    request.approvals[user.id] = (user, gitlab.now())
    gitlab.note(request, user, "approved this merge request", system=True)
    gitlab.tell(home, request, "approved" if gitlab.is_approved(home, request) else "approval", user)
    return Answer(201, _approvals(gitlab, home, request, call))


def unapprove(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST unapprove."""
    home, request = found(gitlab, call)
    was_approved = gitlab.is_approved(home, request)
    if request.approvals.pop(call.access.user.id, None) is None:
        raise not_found()
    gitlab.note(request, call.access.user, "unapproved this merge request", system=True)
    lost = was_approved and not gitlab.is_approved(home, request)
    gitlab.tell(home, request, "unapproved" if lost or not gitlab.premium else "unapproval", call.access.user)
    return Answer(201, _approvals(gitlab, home, request, call))


def reset_approvals(gitlab: FakeGitLab, call: Call) -> Answer:
    """PUT reset_approvals: for bots alone."""
    home, request = found(gitlab, call)
    if not call.access.user.bot:
        raise unauthorized()
    request.approvals.clear()
    gitlab.tell(home, request, "unapproved", call.access.user)
    return Answer(202, {"message": "202 Accepted"})


def list_notes(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET notes."""
    home, request = found(gitlab, call)
    notes = request.notes if call.query.get("sort") == "asc" else request.notes[::-1]
    rows: list[Json] = [entities.note(one, request, home, gitlab.url) for one in notes]
    return Answer(body=rows)


def add_note(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST notes. The same text twice makes two."""
    home, request = found(gitlab, call)
    if not call.text("body"):
        raise parameter_missing("body")
    made = gitlab.note(request, call.access.user, call.text("body"))
    gitlab.tell_note(home, request, made)
    return Answer(201, entities.note(made, request, home, gitlab.url))


def change_note(gitlab: FakeGitLab, call: Call) -> Answer:
    """PUT notes/:id."""
    home, request = found(gitlab, call)
    old = _own_note(request, call)
    new = Note(old.id, old.author, call.text("body"), old.at)
    request.notes[request.notes.index(old)] = new
    return Answer(body=entities.note(new, request, home, gitlab.url))


def delete_note(gitlab: FakeGitLab, call: Call) -> Answer:
    """DELETE notes/:id."""
    _, request = found(gitlab, call)
    request.notes.remove(_own_note(request, call))
    return Answer(NO_CONTENT)


def _own_note(request: MergeRequest, call: Call) -> Note:
    for one in request.notes:
        if str(one.id) == call.path["note_id"]:
            if one.author is not call.access.user or one.system:
                raise no(403, "403 Forbidden")
            return one
    raise not_found("Note")


def check_sha(call: Call, request: MergeRequest) -> None:
    """See that the head is what the caller takes it for."""
    if call.text("sha") not in {"", request.head}:
        raise no(409, f"SHA does not match HEAD of source branch: {request.head}")


def _approvals(gitlab: FakeGitLab, home: Project, request: MergeRequest, call: Call) -> dict[str, Json]:
    required = None
    if gitlab.premium:
        required = max([home.approvals_required, *(rule.required for rule in home.rules)])
    return entities.approvals(request, call.access.user, required, gitlab.url)

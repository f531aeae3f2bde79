"""The calls that the fake GitLab answers. What it has no route or parameter for, it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from tidegate.testing.gitlab import entities, merging, statuses
from tidegate.testing.gitlab import merge_requests as mr
from tidegate.testing.gitlab.fake import FakeGitLab
from tidegate.testing.gitlab.messages import Answer, Call, Json, not_found
from tidegate.testing.gitlab.state import Membership

PREFIX: Final = "/api/v4"
_PAGED: Final = frozenset({"page", "per_page"})
_REQUESTS: Final = "/projects/{id}/merge_requests"
_REQUEST: Final = f"{_REQUESTS}/{{merge_request_iid}}"
_TRAIN: Final = "/projects/{id}/merge_trains/merge_requests/{merge_request_iid}"


@dataclass(frozen=True, slots=True)
class Route:
    """One call.

    Args:
        method: e.g. `GET`.
        template: path below `/api/v4`, as GitLab's OpenAPI file writes it.
        handle: answers it.
        params: of the query for GET, else of the body.
        premium: whether only Premium has it.
        job: whether a CI job's token may call it.
    """

    method: str
    template: str
    handle: Callable[[FakeGitLab, Call], Answer]
    params: frozenset[str] = frozenset()
    premium: bool = False
    job: bool = False

    def fits(self, method: str, segments: list[str]) -> dict[str, str] | None:
        """Return what the template's braces stand for, or None when it is another call."""
        wanted = self.template.strip("/").split("/")
        if method != self.method or len(wanted) != len(segments):
            return None
        pairs = list(zip(wanted, segments, strict=True))
        if any(not one.startswith("{") and one != other for one, other in pairs):
            return None
        return {one.strip("{}"): unquote(other) for one, other in pairs if one.startswith("{")}


def _me(gitlab: FakeGitLab, call: Call) -> Answer:
    return Answer(body=entities.user_public(call.access.user, gitlab.url))


def _user(gitlab: FakeGitLab, call: Call) -> Answer:
    found = [one for one in gitlab.users.values() if str(one.id) == call.path["id"]]
    if not found:
        raise not_found("User")
    return Answer(body=entities.user_public(found[0], gitlab.url))


def _users(gitlab: FakeGitLab, call: Call) -> Answer:
    wanted = call.query.get("username")
    rows: list[Json] = [
        entities.user_basic(one, gitlab.url) for one in gitlab.users.values() if wanted in {None, one.username}
    ]
    return Answer(body=rows)


def _project_users(gitlab: FakeGitLab, call: Call) -> Answer:
    wanted = call.query.get("search", "").lower()
    found = [one for one in mr.members(gitlab, mr.project(gitlab, call)) if wanted in one.username.lower()]
    rows: list[Json] = [entities.user_basic(one, gitlab.url) for one in found]
    return Answer(body=rows)


def _milestones(gitlab: FakeGitLab, call: Call) -> Answer:
    project, wanted = mr.project(gitlab, call), call.query.get("title")
    found = [one for one in project.milestones if wanted in {None, one.title}]
    rows: list[Json] = [entities.milestone(one, project) for one in found]
    return Answer(body=rows)


def _members(gitlab: FakeGitLab, call: Call) -> Answer:
    path = call.path["id"]
    if path not in gitlab.groups:
        raise not_found("Group")
    # The nearest group's membership is the one that is told of a user.
    found: dict[str, Membership] = {}
    for group in sorted(gitlab.groups.values(), key=lambda one: len(one.path)):
        if f"{path}/".startswith(f"{group.path}/"):
            found.update({one.user.username: one for one in group.members})
    rows: list[Json] = [entities.member(one, gitlab.url) for one in found.values()]
    return Answer(body=rows)


def _branch(gitlab: FakeGitLab, call: Call) -> Answer:
    project = mr.project(gitlab, call)
    heads, name = project.repository.heads(), call.path["branch"]
    if name not in heads:
        raise not_found("Branch")
    return Answer(body=entities.branch(name, heads[name], project.repository))


def _compare(gitlab: FakeGitLab, call: Call) -> Answer:
    repository = mr.project(gitlab, call).repository
    heads = repository.heads()
    start, end = (heads.get(call.query[name], call.query[name]) for name in ("from", "to"))
    return Answer(body=entities.comparison(repository.changed(start, end)))


def _version(_: FakeGitLab, __: Call) -> Answer:
    return Answer(body={"version": "18.4.0", "revision": "0000000"})


ROUTES: Final = (
    Route("GET", "/version", _version),
    Route("GET", "/user", _me),
    Route("GET", "/users/{id}", _user),
    Route("GET", "/groups/{id}/members/all", _members, _PAGED),
    Route("GET", "/projects/{id}", mr.show_project),
    Route("GET", "/projects/{id}/repository/branches/{branch}", _branch, job=True),
    Route("GET", "/projects/{id}/repository/compare", _compare, frozenset({"from", "to"})),
    Route("GET", _REQUESTS, mr.list_all, _PAGED | mr.LIST_PARAMETERS, job=True),
    Route("POST", _REQUESTS, mr.create, mr.CREATE_PARAMETERS),
    Route("GET", _REQUEST, mr.show, mr.SHOW_PARAMETERS, job=True),
    Route("PUT", _REQUEST, mr.update, mr.UPDATE_PARAMETERS),
    Route("PUT", f"{_REQUEST}/merge", merging.merge, merging.MERGE_PARAMETERS),
    Route("PUT", f"{_REQUEST}/rebase", merging.rebase, frozenset({"skip_ci"})),
    Route("POST", f"{_REQUEST}/cancel_merge_when_pipeline_succeeds", merging.cancel),
    Route("POST", _TRAIN, merging.join_train, merging.TRAIN_PARAMETERS, premium=True),
    Route("GET", "/projects/{id}/users", _project_users, _PAGED | {"search"}),
    Route("GET", "/projects/{id}/milestones", _milestones, _PAGED | {"title", "include_ancestors"}),
    Route("GET", f"{_REQUEST}/versions", mr.list_versions, _PAGED),
    Route("GET", f"{_REQUEST}/approvals", mr.show_approvals),
    Route("GET", "/projects/{id}/approvals", mr.show_approval_settings, premium=True),
    Route("POST", "/projects/{id}/statuses/{sha}", statuses.put, statuses.PARAMETERS),
    Route("GET", "/projects/{id}/repository/commits/{sha}/statuses", statuses.show, _PAGED | statuses.LIST_PARAMETERS),
    Route("GET", "/users", _users, _PAGED | {"username"}),
    Route("GET", f"{_REQUEST}/approval_state", mr.show_approval_state, premium=True),
    Route("POST", f"{_REQUEST}/approve", mr.approve, frozenset({"sha"})),
    Route("POST", f"{_REQUEST}/unapprove", mr.unapprove),
    Route("GET", f"{_REQUEST}/notes", mr.list_notes, _PAGED | {"sort", "order_by"}, job=True),
    Route("POST", f"{_REQUEST}/notes", mr.add_note, frozenset({"body"})),
    Route("PUT", f"{_REQUEST}/notes/{{note_id}}", mr.change_note, frozenset({"body"})),
    Route("DELETE", f"{_REQUEST}/notes/{{note_id}}", mr.delete_note),
)

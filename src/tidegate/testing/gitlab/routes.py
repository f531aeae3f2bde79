"""The calls that the fake GitLab answers. What it has no route or parameter for, it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from tidegate.testing.gitlab import administration as admin
from tidegate.testing.gitlab import commits, entities, merging, pipelines, statuses
from tidegate.testing.gitlab import merge_requests as mr
from tidegate.testing.gitlab.fake import FakeGitLab
from tidegate.testing.gitlab.messages import Answer, Call, Json, not_found
from tidegate.testing.gitlab.repository_entities import user_basic

PREFIX: Final = "/api/v4"
_PAGED: Final = frozenset({"page", "per_page"})
_PROJECT: Final = "/projects/{id}"
_REPOSITORY: Final = f"{_PROJECT}/repository"
_FILE: Final = f"{_REPOSITORY}/files/{{file_path}}"
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
    rows: list[Json] = [user_basic(one, gitlab.url) for one in gitlab.users.values() if wanted in {None, one.username}]
    return Answer(body=rows)


def _project_users(gitlab: FakeGitLab, call: Call) -> Answer:
    wanted = call.query.get("search", "").lower()
    found = [one for one in mr.members(gitlab, mr.project(gitlab, call)) if wanted in one.username.lower()]
    rows: list[Json] = [user_basic(one, gitlab.url) for one in found]
    return Answer(body=rows)


def _milestones(gitlab: FakeGitLab, call: Call) -> Answer:
    project, wanted = mr.project(gitlab, call), call.query.get("title")
    found = [one for one in project.milestones if wanted in {None, one.title}]
    rows: list[Json] = [entities.milestone(one, project) for one in found]
    return Answer(body=rows)


def _version(_: FakeGitLab, __: Call) -> Answer:
    return Answer(body={"version": "18.4.0", "revision": "0000000"})


ROUTES: Final = (
    Route("GET", "/version", _version),
    Route("GET", "/user", _me),
    Route("GET", "/users/{id}", _user),
    Route("POST", "/groups", admin.create_group, frozenset({"name", "path", "parent_id"})),
    Route("GET", "/groups/{id}", admin.show_group),
    Route("DELETE", "/groups/{id}", admin.delete_group),
    Route("GET", "/groups/{id}/members/all", admin.list_members, _PAGED),
    Route("POST", "/groups/{id}/members", admin.add_member, admin.MEMBER_PARAMETERS),
    Route("POST", "/projects", admin.create_project, admin.PROJECT_PARAMETERS),
    Route("GET", _PROJECT, admin.show_project),
    Route("GET", f"{_PROJECT}/hooks", admin.list_hooks, _PAGED),
    Route("POST", f"{_PROJECT}/hooks", admin.add_hook, admin.HOOK_PARAMETERS),
    Route("GET", f"{_PROJECT}/protected_branches", admin.list_protected, _PAGED),
    Route("POST", f"{_PROJECT}/protected_branches", admin.protect, admin.PROTECTION_PARAMETERS),
    Route("GET", f"{_PROJECT}/protected_branches/{{name}}", admin.show_protected),
    Route("DELETE", f"{_PROJECT}/protected_branches/{{name}}", admin.unprotect),
    Route("GET", f"{_REPOSITORY}/branches", commits.list_branches, _PAGED),
    Route("POST", f"{_REPOSITORY}/branches", commits.create_branch, frozenset({"branch", "ref"})),
    Route("GET", f"{_REPOSITORY}/branches/{{branch}}", commits.show_branch, job=True),
    Route("DELETE", f"{_REPOSITORY}/branches/{{branch}}", commits.delete_branch),
    Route("GET", f"{_REPOSITORY}/compare", commits.compare, frozenset({"from", "to"})),
    Route("GET", f"{_REPOSITORY}/commits", commits.list_commits, _PAGED | commits.LIST_PARAMETERS),
    Route("POST", f"{_REPOSITORY}/commits", commits.create_commit, commits.COMMIT_PARAMETERS),
    Route("GET", f"{_REPOSITORY}/commits/{{sha}}", commits.show_commit, job=True),
    Route("GET", f"{_REPOSITORY}/tree", commits.list_tree, _PAGED | {"path", "ref", "recursive"}),
    Route("GET", _FILE, commits.show_file, frozenset({"ref"}), job=True),
    Route("POST", _FILE, commits.create_file, commits.FILE_PARAMETERS),
    Route("PUT", _FILE, commits.update_file, commits.FILE_PARAMETERS),
    Route("DELETE", _FILE, commits.delete_file, commits.WHERE_PARAMETERS),
    Route("GET", f"{_PROJECT}/pipelines", pipelines.list_all, _PAGED | pipelines.LIST_PARAMETERS),
    Route("POST", f"{_PROJECT}/pipeline", pipelines.create, frozenset({"ref", "variables", "inputs"})),
    Route("GET", f"{_PROJECT}/pipelines/{{pipeline_id}}", pipelines.show),
    Route("GET", f"{_REQUEST}/pipelines", pipelines.list_of_request),
    Route("POST", f"{_REQUEST}/pipelines", pipelines.create_of_request),
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
    Route("PUT", f"{_REQUEST}/reset_approvals", mr.reset_approvals),
    Route("GET", f"{_REQUEST}/notes", mr.list_notes, _PAGED | {"sort", "order_by"}, job=True),
    Route("POST", f"{_REQUEST}/notes", mr.add_note, frozenset({"body"})),
    Route("PUT", f"{_REQUEST}/notes/{{note_id}}", mr.change_note, frozenset({"body"})),
    Route("DELETE", f"{_REQUEST}/notes/{{note_id}}", mr.delete_note),
)

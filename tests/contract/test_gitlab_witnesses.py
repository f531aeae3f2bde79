"""What keeps the fake GitLab honest: GitLab's own OpenAPI file, and a client that is not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import gitlab
import gitlab.exceptions
import pytest

from support.git_worlds import commit_files, git
from support.gitlab_contract import needs_contract, openapi
from support.gitlab_world import PROJECT, GitLabWorld, gitlab_world
from tidegate.model import MergeRequestOptions
from tidegate.ports import NewMergeRequest
from tidegate.testing.gitlab.routes import PREFIX, ROUTES, Route
from tidegate.testing.gitlab.state import Milestone

BEYOND: Final = {
    "GET /user",
    "GET /users",
    "GET /users/{id}",
    "GET /projects/{id}/approvals",
    "GET /groups/{id}/members/all",
    "GET /projects/{id}/milestones",
    "POST /projects/{id}/merge_trains/merge_requests/{merge_request_iid}",
    "GET /projects/{id}/merge_requests/{merge_request_iid}/notes",
    "POST /projects/{id}/merge_requests/{merge_request_iid}/notes",
    "PUT /projects/{id}/merge_requests/{merge_request_iid}/notes/{note_id}",
    "DELETE /projects/{id}/merge_requests/{merge_request_iid}/notes/{note_id}",
}
"""Calls that GitLab documents and the OpenAPI file, which is cut, has not."""
ENTITIES: Final = {
    "/version": "API_Entities_Metadata",
    "/user": "API_Entities_User",
    "/users/{id}": "API_Entities_User",
    "/projects/{id}": "API_Entities_ProjectWithAccess",
    "/projects/{id}/repository/branches/{branch}": "API_Entities_Branch",
    "/projects/{id}/repository/compare": "API_Entities_Compare",
    "/projects/{id}/repository/commits/{sha}/statuses": "API_Entities_CommitStatus",
    "/projects/{id}/users": "API_Entities_UserBasic",
    "/projects/{id}/milestones": "API_Entities_Milestone",
    "/projects/{id}/merge_requests": "API_Entities_MergeRequestBasic",
    "/projects/{id}/merge_requests/{merge_request_iid}": "API_Entities_MergeRequest",
    "/projects/{id}/merge_requests/{merge_request_iid}/versions": "API_Entities_MergeRequestDiff",
    "/projects/{id}/merge_requests/{merge_request_iid}/approvals": "EE_API_Entities_ApprovalState",
    "/projects/{id}/merge_requests/{merge_request_iid}/approval_state": "EE_API_Entities_MergeRequestApprovalState",
}


def name(route: Route) -> str:
    return f"{route.method} {route.template}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitLabWorld]:
    with gitlab_world(tmp_path / "remotes") as served:
        commit_files(tmp_path / "remotes" / f"{PROJECT}.git", "promote", {"a.yaml": b"a: 2\n"})
        yield served


@needs_contract
def test_the_fake_has_no_call_and_no_parameter_that_gitlab_has_not() -> None:
    document = openapi()
    for route in ROUTES:
        operation = document["paths"].get(PREFIX + route.template, {}).get(route.method.lower())
        assert (operation is None) == (name(route) in BEYOND), name(route)
        if operation is None:
            continue
        known = {one["name"].removesuffix("[]") for one in operation.get("parameters", []) if one["in"] == "query"}
        for one in operation.get("parameters", []):
            if one["in"] == "body":
                known |= set(document["definitions"][one["schema"]["$ref"].rpartition("/")[2]]["properties"])
        assert route.params <= known, name(route)


@needs_contract
def test_the_fake_tells_no_field_that_gitlab_does_not(world: GitLabWorld) -> None:
    definitions = openapi()["definitions"]
    world.gitlab.premium = True
    world.gitlab.project(PROJECT).milestones.append(Milestone(7, "2024.2"))
    head = world.forge().open(PROJECT, NewMergeRequest("promote", "main", "t", "d", "robot")).head
    world.forge("ada").approve(PROJECT, 1, user="ada")
    api = world.forge()._api(PROJECT)
    api.send("POST", "projects", PROJECT, "statuses", head, body={"state": "pending", "name": "n", "ref": "promote"})
    for route in ROUTES:
        if route.method != "GET" or route.template not in ENTITIES:
            continue
        numbers = {"id": PROJECT, "merge_request_iid": "1", "branch": "promote", "sha": head}
        if route.template == "/users/{id}":
            numbers["id"] = str(world.gitlab.users["ada"].id)
        parts = [numbers.get(one.strip("{}"), one) for one in route.template.strip("/").split("/")]
        query = {"from": "main", "to": "promote"} if route.template.endswith("compare") else {}
        value: Any = api.get(*parts, query=query).value
        rows = value if isinstance(value, list) else [value]
        assert rows, route.template
        for row in rows:
            _check(row, definitions[ENTITIES[route.template]], definitions, route.template)


def _check(row: dict[str, Any], entity: dict[str, Any], definitions: dict[str, Any], where: str) -> None:
    assert set(row) <= set(entity["properties"]), where
    for field, value in row.items():
        described = entity["properties"][field]
        reference = described.get("$ref") or described.get("items", {}).get("$ref")
        for one in value if isinstance(value, list) else [value]:
            if reference and isinstance(one, dict):
                _check(one, definitions[reference.rpartition("/")[2]], definitions, f"{where} {field}")


def as_user(world: GitLabWorld, username: str) -> gitlab.Gitlab:
    return gitlab.Gitlab(world.gitlab.url, private_token=world.gitlab.token(username), retry_transient_errors=False)


def test_python_gitlab_and_our_client_see_the_same(world: GitLabWorld) -> None:
    with as_user(world, "mallory") as client, as_user(world, "ada") as other:
        project = client.projects.get(PROJECT)
        made = project.mergerequests.create(
            {"source_branch": "promote", "target_branch": "main", "title": "By hand", "description": "why"}
        )
        forge = world.forge()
        ours = forge.merge_request(PROJECT, made.iid)
        assert (ours.author, ours.title, ours.head) == ("mallory", "By hand", made.sha)
        with pytest.raises(gitlab.exceptions.GitlabCreateError) as caught:
            project.mergerequests.create({"source_branch": "promote", "target_branch": "main", "title": "Again"})
        assert caught.value.response_code == 409
        forge.comment(PROJECT, made.iid, user="robot", text="a note")
        assert [one.body for one in made.notes.list(get_all=True) if not one.system] == ["a note"]

        theirs = other.projects.get(PROJECT).mergerequests.get(made.iid)
        theirs.approve(made.sha)
        assert [one["user"]["username"] for one in made.approvals.get().approved_by] == ["ada"]
        assert [(one.user, one.head) for one in forge.merge_request(PROJECT, made.iid).approvals] == [("ada", made.sha)]
        with pytest.raises(gitlab.exceptions.GitlabMRClosedError):
            made.merge(sha="0" * 40)
        made.merge(merge_commit_message="Merge by hand\n")
        merged = forge.merge_request(PROJECT, made.iid)
        assert merged.merge_commit == project.mergerequests.get(made.iid).merge_commit_sha
        assert merged.merge_commit == git("rev-parse", "main", cwd=world.gitlab.root / f"{PROJECT}.git")
        assert [one.iid for one in project.mergerequests.list(state="merged", get_all=True)] == [made.iid]


def test_python_gitlab_meets_the_same_states_of_a_commit(world: GitLabWorld) -> None:
    with as_user(world, "mallory") as client, as_user(world, "ada") as other:
        project = client.projects.get(PROJECT)
        head = project.branches.get("promote").commit["id"]
        statuses = project.commits.get(head, lazy=True).statuses
        wanted = {"state": "pending", "name": "build", "ref": "promote", "description": "first"}
        statuses.create(wanted)
        for state in ("pending", "running"):
            if state == "running":
                statuses.create({**wanted, "state": state})
            with pytest.raises(gitlab.exceptions.GitlabCreateError, match="Cannot transition status via") as caught:
                statuses.create({**wanted, "description": "other words"})
            assert caught.value.response_code == 400
        assert [(one.status, one.description) for one in statuses.list(get_all=True)] == [("running", "first")]
        statuses.create({**wanted, "state": "success"})
        statuses.create(wanted)  # after the end, anew
        other.projects.get(PROJECT).commits.get(head, lazy=True).statuses.create({**wanted, "name": "other"})
        found = {(one.name, one.status, one.author["username"]) for one in statuses.list(get_all=True)}
        assert found == {("build", "pending", "mallory"), ("other", "pending", "ada")}


def test_python_gitlab_and_our_client_ask_alike_for_labels_rebases_and_auto_merge(world: GitLabWorld) -> None:
    home = world.gitlab.project(PROJECT)
    repository = world.gitlab.root / f"{PROJECT}.git"
    with as_user(world, "mallory") as client:
        project = client.projects.get(PROJECT)
        made = project.mergerequests.create(
            {"source_branch": "promote", "target_branch": "main", "title": "T", "labels": "a,b", "squash": True}
        )
        assert (made.labels, made.squash) == (["a", "b"], True)
        (found,) = project.mergerequests.list(state="opened", approved_by_ids="None", get_all=True)
        assert found.iid == made.iid
        assert [one.iid for one in world.forge().merge_requests(PROJECT, approved=True)] == []

        home.merge_method = "rebase_merge"
        commit_files(repository, "main", {"b.yaml": b"b: 2\n"})
        assert project.mergerequests.get(made.iid).detailed_merge_status == "need_rebase"
        with pytest.raises(gitlab.exceptions.GitlabMRClosedError):
            made.merge()
        made.rebase()
        rebased = project.mergerequests.get(made.iid, include_rebase_in_progress=True)
        assert (rebased.rebase_in_progress, rebased.merge_error) == (False, None)
        assert rebased.sha == world.forge().merge_request(PROJECT, made.iid).head
        assert rebased.sha != made.sha

        home.blocked_by = "ci_still_running"
        rebased.merge(merge_when_pipeline_succeeds=True)
        assert world.forge().merge_request(PROJECT, made.iid).scheduled
        rebased.cancel_merge_when_pipeline_succeeds()
        assert not world.forge().merge_request(PROJECT, made.iid).scheduled
        options = MergeRequestOptions(auto_merge=True)
        world.forge().merge(PROJECT, made.iid, head=rebased.sha, message="m", user="robot", options=options)
        assert project.mergerequests.get(made.iid).merge_when_pipeline_succeeds
        home.blocked_by = ""
        assert project.mergerequests.get(made.iid).state == "merged"

"""What keeps the fake GitLab honest: GitLab's own OpenAPI file, and a client that is not ours."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any, Final

import gitlab
import gitlab.exceptions
import pytest
import uvicorn

from support.git_worlds import commit_files, git
from support.gitlab_contract import needs_contract, recorded
from support.gitlab_openapi import BEYOND, operation, parameters, strangers
from support.gitlab_world import PROJECT, GitLabWorld, gitlab_world
from tidegate.model import MergeRequestOptions
from tidegate.testing.clock import FakeClock
from tidegate.testing.gitlab import Answer, Call, FakeGitLab, application
from tidegate.testing.gitlab.messages import Exchange
from tidegate.testing.gitlab.routes import ROUTES
from tidegate.testing.gitlab.state import Access, User

REQUEST: Final = "/projects/{id}/merge_requests/{merge_request_iid}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitLabWorld]:
    with gitlab_world(tmp_path / "remotes") as served:
        commit_files(tmp_path / "remotes" / f"{PROJECT}.git", "promote", {"a.yaml": b"a: 2\n"})
        yield served


@needs_contract
def test_the_fake_has_no_call_and_no_parameter_that_gitlab_has_not() -> None:
    for route in ROUTES:
        name = f"{route.method} {route.template}"
        assert route.params <= set(parameters(name)), name
        if name in BEYOND:
            with pytest.raises(KeyError):
                operation(name)  # the file has it: it is to be looked up there


def call(method: str, template: str, body: dict[str, Any] | None = None) -> Call:
    return Call(method, template, {}, {}, body or {}, Access(User(1, "ada")))


@needs_contract
@pytest.mark.parametrize(
    ("exchange", "told"),
    [
        (Exchange(call("GET", "/projects/{id}/promotions"), None), "no such call"),
        (Exchange(call("PUT", f"{REQUEST}/merge", {"shaa": "1"}), None), "parameter shaa"),
        (Exchange(call("POST", "/projects/{id}/statuses/{sha}", {"state": "odd"}), None), "state is 'odd', not one of"),
        (Exchange(call("PUT", f"{REQUEST}/merge", {"squash": "perhaps"}), None), "squash is neither true nor false"),
        (Exchange(call("GET", REQUEST), Answer(body={"odd": 1})), "answer's odd"),
        (Exchange(call("GET", REQUEST), Answer(body={"iid": "1"})), "answer's iid is str, not integer"),
        (Exchange(call("GET", REQUEST), Answer(body={"draft": "x"})), "answer's draft is str, not boolean"),
        (Exchange(call("GET", REQUEST), Answer(body={"author": {"odd": 1}})), "answer's author.odd"),
        (Exchange(call("GET", "/users"), Answer(body=[{"odd": 1}])), "answer's odd"),
    ],
)
def test_the_witness_sees_what_gitlab_has_not(exchange: Exchange, told: str, tmp_path: Path) -> None:
    fake = FakeGitLab(tmp_path, FakeClock())
    fake.exchanges.append(exchange)
    (found,) = strangers(fake)
    assert told in found


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


def test_python_gitlab_writes_files_and_both_read_the_commits(world: GitLabWorld) -> None:
    repository = world.gitlab.root / f"{PROJECT}.git"
    with as_user(world, "mallory") as client:
        project = client.projects.get(PROJECT)
        actions = [
            {"action": "update", "file_path": "a.yaml", "content": "a: 3\n"},
            {"action": "create", "file_path": "folder/c.yaml", "content": "c: 1\n"},
            {"action": "delete", "file_path": "b.yaml"},
        ]
        made = project.commits.create(
            {"branch": "by-hand", "start_branch": "main", "commit_message": "By hand\n\nwhy", "actions": actions}
        )
        assert (made.title, made.author_name) == ("By hand", "mallory")
        assert git("rev-parse", "by-hand", cwd=repository) == made.id
        assert git("ls-tree", "-r", "--name-only", "by-hand", cwd=repository).split() == ["a.yaml", "folder/c.yaml"]
        assert project.files.get("folder/c.yaml", ref="by-hand").decode() == b"c: 1\n"
        assert [one["path"] for one in project.repository_tree(ref="by-hand", get_all=True)] == ["a.yaml", "folder"]
        changed = project.commits.list(query_parameters={"ref_name": "by-hand", "path": "b.yaml"}, get_all=True)
        assert [one.title for one in changed] == ["By hand", "Change"]
        assert project.commits.get(made.id).parent_ids == [git("rev-parse", "main", cwd=repository)]

        file = project.files.get("a.yaml", ref="by-hand")
        file.content = "a: 4\n"
        file.save(branch="by-hand", commit_message="Once more")
        assert git("show", "by-hand:a.yaml", cwd=repository) == "a: 4"
        with pytest.raises(gitlab.exceptions.GitlabUpdateError, match="has changed since you started editing"):
            project.files.update("a.yaml", {**WRITE, "content": "a: 5\n", "last_commit_id": made.parent_ids[0]})
        asked = project.mergerequests.create({"source_branch": "by-hand", "target_branch": "main", "title": "T"})
        ours = world.forge().merge_request(PROJECT, asked.iid)
        assert ours.head == project.branches.get("by-hand").commit["id"]
        project.branches.delete("by-hand")
        assert "by-hand" not in {one.name for one in project.branches.list(get_all=True)}


WRITE = {"branch": "by-hand", "commit_message": "m"}


@needs_contract
def test_the_fake_s_other_answers_have_the_fields_of_recorded_ones(world: GitLabWorld) -> None:
    world.gitlab.projects[PROJECT].protect("main", pushers=("ada",))
    world.gitlab.user("ada")
    with as_user(world, "mallory") as client:
        project = client.projects.get(PROJECT)
        file = project.files.get("a.yaml", ref="main")
        (protected,) = project.protectedbranches.list(get_all=True)
        (row, *_) = project.repository_tree(get_all=True)
    known = recorded("danger-js/getFileContents.json")[0]["response"]
    own = {"project_id"}  # python-gitlab's, not GitLab's
    assert set(file.attributes) - own <= set(known)
    shape = recorded("gitlab4j/protected-branch.json")
    levels = {name for one in shape["push_access_levels"] + shape["merge_access_levels"] for name in one}
    assert set(protected.attributes) - own <= set(shape)
    assert {name for one in protected.push_access_levels for name in one} <= levels
    assert set(row) == set(recorded("gitlab4j/tree.json")[0])


def test_python_gitlab_sets_up_what_our_client_finds(world: GitLabWorld) -> None:
    for name in ("ada", "grace"):
        world.gitlab.user(name)
    with as_user(world, "owner") as client:
        people = {one.username: one.id for one in client.users.list(get_all=True)}
        top = client.groups.create({"name": "Teams", "path": "teams"})
        below = client.groups.create({"name": "Approvers", "path": "approvers", "parent_id": top.id})
        top.members.create({"user_id": people["ada"], "access_level": 40})
        below.members.create({"user_id": people["grace"], "access_level": 30, "expires_at": "2024-04-30"})
        with pytest.raises(gitlab.exceptions.GitlabCreateError, match="Member already exists"):
            below.members.create({"user_id": people["grace"], "access_level": 30})
        assert {one.username for one in client.groups.get("teams/approvers").members_all.list(get_all=True)} == {
            "ada",
            "grace",
        }
        assert world.forge().members("teams/approvers") == {"ada"}  # grace's membership has ended

        made = client.projects.create({"name": "new", "namespace_id": below.id, "initialize_with_readme": True})
        assert made.path_with_namespace == "teams/approvers/new"
        assert world.forge().merge_requests("teams/approvers/new") == ()
        made.protectedbranches.create({"name": "main", "push_access_level": 0, "merge_access_level": 40})
        assert made.protectedbranches.get("main").push_access_levels[0]["access_level"] == 0
        with pytest.raises(gitlab.exceptions.GitlabCreateError, match="not allowed to push into this branch"):
            made.commits.create({"branch": "main", "commit_message": "m", "actions": []})
        client.groups.delete(top.id)
        with pytest.raises(gitlab.exceptions.GitlabGetError, match="404 Project Not Found"):
            client.projects.get(made.id)


def test_a_protected_branch_takes_no_push_by_git_either(world: GitLabWorld, tmp_path: Path) -> None:
    world.gitlab.projects[PROJECT].protect("main", pushers={"ada"})
    url = world.gitlab.url.replace("//", f"//oauth2:{world.gitlab.token('mallory')}@") + f"/{PROJECT}.git"
    git("clone", "--quiet", url, str(tmp_path / "clone"), cwd=tmp_path)
    for branch, works in (("main", False), ("feature", True)):
        done = subprocess.run(
            ["git", "push", "origin", f"HEAD:{branch}-x" if works else "origin/promote:main"],
            cwd=tmp_path / "clone",
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == works, done.stderr
        if not works:
            assert "GitLab: You are not allowed to push code to protected branches" in done.stderr
            assert "pre-receive hook declined" in done.stderr


def test_python_gitlab_sees_the_pipelines_that_our_statuses_make(world: GitLabWorld) -> None:
    home = world.gitlab.projects[PROJECT]
    home.pipelines_must_succeed = True
    with as_user(world, "mallory") as client:
        project = client.projects.get(PROJECT)
        made = project.mergerequests.create({"source_branch": "promote", "target_branch": "main", "title": "T"})
        assert project.mergerequests.get(made.iid).detailed_merge_status == "ci_must_pass"
        statuses = project.commits.get(made.sha, lazy=True).statuses
        statuses.create({"state": "running", "name": "tidegate/deliver", "ref": "promote"})
        (pipeline,) = made.pipelines.list(get_all=True)
        assert (pipeline.source, pipeline.status) == ("external", "running")
        assert project.mergerequests.get(made.iid).head_pipeline["id"] == pipeline.id
        statuses.create({"state": "success", "name": "tidegate/deliver", "ref": "promote"})
        assert project.pipelines.get(pipeline.id).status == "success"
        assert project.mergerequests.get(made.iid).detailed_merge_status == "mergeable"
        newer = project.pipelines.create({"ref": "promote"})
        assert [one.id for one in project.pipelines.list(get_all=True)] == [newer.id, pipeline.id]
        assert project.mergerequests.get(made.iid).detailed_merge_status == "ci_still_running"


def test_an_asgi_server_serves_the_same(world: GitLabWorld) -> None:
    configuration = uvicorn.Config(application(world.gitlab), port=0, lifespan="off", log_config=None)
    server = uvicorn.Server(configuration)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        own, world.gitlab.url = world.gitlab.url, f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            with as_user(world, "mallory") as client:
                project = client.projects.get(PROJECT)
                project.mergerequests.create({"source_branch": "promote", "target_branch": "main", "title": "T"})
                assert [one.title for one in project.mergerequests.list(get_all=True)] == ["T"]
                assert project.files.get("a.yaml", ref="promote").decode() == b"a: 2\n"
        finally:
            world.gitlab.url, server.should_exit = own, True
            thread.join()
    assert world.forge().merge_request(PROJECT, 1).title == "T"

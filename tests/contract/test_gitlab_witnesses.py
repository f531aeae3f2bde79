"""What keeps the fake GitLab honest: GitLab's own OpenAPI file, and a client that is not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import gitlab
import gitlab.exceptions
import pytest

from support.git_worlds import commit_files, git
from support.gitlab_contract import needs_contract
from support.gitlab_openapi import BEYOND, operation, parameters, strangers
from support.gitlab_world import PROJECT, GitLabWorld, gitlab_world
from tidegate.model import MergeRequestOptions
from tidegate.testing.clock import FakeClock
from tidegate.testing.gitlab import Answer, Call, FakeGitLab
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

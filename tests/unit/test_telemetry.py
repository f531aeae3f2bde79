"""Who listens hears of requests to forge and registries and of git commands; nobody is told of a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.configs import load_text
from support.git_worlds import bare_repository
from support.listening import Listener
from support.scripted_http import Received, Reply, ScriptedServer
from tidegate.bootstrap import open_images, open_worlds
from tidegate.errors.forge import ForgeUnauthorized
from tidegate.errors.git import RepositoryMissing
from tidegate.errors.http import HostUnreachable
from tidegate.forge.gitlab.requests import subject_of as forge_subject
from tidegate.git import Git, Mirrors, Remote
from tidegate.git.told import ToldOfGit
from tidegate.http import Client, Request
from tidegate.http.told import ToldOf
from tidegate.model import ImageRef
from tidegate.ports.telemetry import Ending, Kind, Operation
from tidegate.registry.requests import subject_of as registry_subject
from tidegate.server.call_metrics import CallMetrics
from tidegate.testing.clock import FakeClock
from tidegate.testing.images import build_image

ROOT = build_image("inventory").root
CONFIGURATION = """\
version: 1
forge: {type: %s}
registries:
  dev: {host: dev.example, endpoint: "%s"}
environments:
  dev: {registry: dev, repo: platform/gitops, path: "clusters/dev/{service}", deploy: auto}
services:
  inventory: {image: team/inventory}
"""


@pytest.mark.parametrize(
    ("method", "path", "subject"),
    [
        ("HEAD", "/v2/team/inventory/manifests/1.1.3", "manifests"),
        ("GET", "/v2/blobs/uploads/manifests/latest", "manifests"),
        ("GET", "/v2/team/inventory/blobs/sha256:0", "blobs"),
        ("POST", "/v2/team/inventory/blobs/uploads/", "uploads"),
        ("POST", "/v2/a/blobs/uploads/?mount=sha256:0&from=b", "uploads"),
        ("PUT", "/v2/a/blobs/uploads/8f1c?digest=sha256:0", "uploads"),
        ("GET", "/v2/a/tags/list?n=1000", "tags"),
        ("GET", "/harbor/v2/a/referrers/sha256:0", "referrers"),
        ("GET", "/v2/", "ping"),
        ("GET", "/token?scope=repository:a:pull", "token"),
        ("POST", "/v2/auth", "token"),
        ("PUT", "/bucket/8f1c?signature=5", "uploads"),
    ],
)
def test_a_registrys_request_has_one_of_few_names(method: str, path: str, subject: str) -> None:
    assert registry_subject(Request(method, f"https://registry.example{path}")) == subject


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("projects/platform%2Fgitops/merge_requests/4/notes/17", "projects/merge_requests/notes"),
        ("projects/platform%2Fgitops/repository/branches/notes?x=1", "projects/repository/branches"),
        ("projects/approvals/approvals", "projects/approvals"),
        ("groups/platform%2Fsre/members/all?per_page=100", "groups/members/all"),
        ("user", "user"),
        ("projects/1/what-is-new/secret-name", "other"),
    ],
)
def test_a_forges_request_has_one_of_few_names(path: str, subject: str) -> None:
    assert forge_subject(Request("GET", f"https://git.example/gitlab/api/v4/{path}")) == subject


def test_how_a_request_ended_is_told() -> None:
    listener = Listener()
    statuses = iter((201, 404, 429, 503))
    with ScriptedServer(lambda _: Reply(next(statuses))) as server, Client("test/1") as client:
        told = ToldOf(client, listener, Kind.REGISTRY, lambda _: "manifests", "dev")
        for _ in range(4):
            told.send(Request("GET", f"{server.url.replace('//', '//me:s3cret@')}/v2/a?token=s3cret")).close()
    with pytest.raises(HostUnreachable):
        told.send(Request("GET", f"{server.url}/v2/a"))
    assert listener.words == [
        "registry dev GET manifests 2xx",
        "registry dev GET manifests 404",
        "registry dev GET manifests 429",
        "registry dev GET manifests 5xx",
        "registry dev GET manifests http/unreachable",
    ]
    assert [ending.failed for _, ending in listener.heard] == [False, False, True, True, True]
    assert listener.heard[0][0].details == {"http.request.method": "GET", "url.full": f"{server.url}/v2/a"}
    assert listener.heard[0][1].details == {"http.response.status_code": 201}


def test_a_request_that_could_wait_is_told_when_it_is_sent() -> None:
    listener = Listener()
    with ScriptedServer(lambda _: Reply(200)) as server, Client("test/1") as client:
        begun = ToldOf(client, listener, Kind.REGISTRY, lambda _: "blobs").begin(Request("GET", f"{server.url}/v2/a"))
        assert listener.heard == []
        begun.answer().close()
    assert [ending.outcome for _, ending in listener.heard] == ["2xx"]


def test_git_commands_are_told(tmp_path: Path) -> None:
    listener = Listener()
    bare = bare_repository(tmp_path, "app", {"a.yaml": b"a: 1\n"})
    git = ToldOfGit(Git.find(), listener)
    with Mirrors(git, tmp_path / "cache") as mirrors:
        mirrors.mirror(Remote.parse(str(bare))).refresh()
        with pytest.raises(RepositoryMissing):
            mirrors.mirror(Remote.parse(str(tmp_path / "none"))).refresh()
    assert listener.words == [
        "git init ok",
        "git fetch ok",
        "git for-each-ref ok",
        "git init ok",
        "git fetch git/repository-missing",
    ]
    assert listener.heard[1][0].details == {"url.full": str(bare)}


def test_a_registry_with_its_token_server_is_told_by_the_accounts_name(tmp_path: Path) -> None:
    listener = Listener()

    def answer(request: Received) -> Reply:
        if request.path.startswith("/token"):
            return Reply(200, b'{"token": "t"}')
        if "Authorization" not in request.fields:
            realm = f'Bearer realm="{server.url}/token",service="here"'
            return Reply(401, fields={"WWW-Authenticate": realm})
        fields = {"Docker-Content-Digest": str(ROOT.digest), "Content-Type": ROOT.media_type}
        return Reply(200, fields={**fields, "Content-Length": str(len(ROOT.data))})

    with ScriptedServer(answer) as server:
        configuration = load_text(tmp_path, CONFIGURATION % ("local, path: ./forge", server.url))
        with open_images(configuration, {}, listener) as images:
            assert images.digest(ImageRef.parse("dev.example/team/inventory:1.0.0")) == ROOT.digest
    assert listener.words == [
        "registry dev HEAD manifests 401",
        "registry dev GET token 2xx",
        "registry dev HEAD manifests 2xx",
    ]
    assert all("s3cret" not in str(each) and "scope" not in str(each) for each in listener.heard)


def test_a_gitlab_is_told(tmp_path: Path) -> None:
    listener = Listener()
    with ScriptedServer(lambda _: Reply(401)) as server:
        configuration = load_text(tmp_path, CONFIGURATION % (f"gitlab, url: {server.url}", "oci-layout:./registry"))
        environ = {"GITLAB_TOKEN": "s3cret", "TIDEGATE_CACHE": str(tmp_path / "cache"), "PATH": "/usr/bin:/bin"}
        worlds = open_worlds(configuration, environ, FakeClock(), "", telemetry=listener)
        with worlds as new_world, pytest.raises(ForgeUnauthorized):
            new_world().forge.merge_request("platform/gitops", 4)
    assert listener.words == ["forge GET projects/merge_requests 401"]
    assert "s3cret" not in str(listener.heard)


def test_calls_are_counted_and_other_things_are_not() -> None:
    moments = iter((10.0, 10.3, 20.0, 20.1))
    calls = CallMetrics(lambda: next(moments))
    for outcome in ("2xx", "429"):
        calls.begin(Operation(Kind.REGISTRY, "GET blobs", "dev", {"url.full": "http://a/b"}))(Ending(outcome))
    calls.begin(Operation(Kind.KEY, "service"))(Ending("looked"))
    labels = {"kind": "registry", "account": "dev", "operation": "GET blobs"}
    assert calls.registry.get_sample_value("tidegate_calls_total", {**labels, "outcome": "429"}) == 1
    assert calls.registry.get_sample_value("tidegate_call_seconds_count", labels) == 2
    assert calls.registry.get_sample_value("tidegate_call_seconds_sum", labels) == pytest.approx(0.4)
    kinds = {sample.labels.get("kind") for family in calls.registry.collect() for sample in family.samples}
    assert kinds == {"registry"}

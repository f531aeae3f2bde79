"""Which token goes where, and that it goes nowhere else."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from support.configs import SMALL, load_text
from support.scripted_http import Received, Reply, ScriptedServer
from tidegate.config import GitLabForge as GitLabSettings
from tidegate.errors.config import ConfigInvalid
from tidegate.errors.forge import ForgeUnreadable, JobTokenReadsOnly, TokenMissing
from tidegate.forge.gitlab.client import GitLabClient
from tidegate.forge.gitlab.remotes import GitLabRemotes
from tidegate.forge.gitlab.tokens import Token, Tokens
from tidegate.http import Client, Retry

STAGING = "platform/gitops-staging"
OWN = {STAGING: "STAGING_TOKEN"}


def test_the_order_of_tokens(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    environ = {"CI_JOB_TOKEN": "of-job"}
    assert Tokens(environ).of("a/b") == Token("of-job", "CI_JOB_TOKEN", is_job=True)
    environ["GITLAB_TOKEN"] = "usual"
    assert Tokens(environ).of("a/b") == Token("usual", "GITLAB_TOKEN")
    environ["TIDEGATE_GITLAB_TOKEN_FILE"] = str(file)
    assert Tokens(environ).of("a/b") == Token("from-file", str(file))
    environ["STAGING_TOKEN"] = "own"
    assert Tokens(environ, OWN).of(STAGING) == Token("own", "STAGING_TOKEN")
    assert Tokens(environ, OWN).of("a/b").value == "from-file"
    assert Tokens(environ, OWN).of(None).value == "from-file"


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "there is no token"),
        ({"TIDEGATE_GITLAB_TOKEN_FILE": "/nowhere/token", "GITLAB_TOKEN": "x"}, "No such file"),
        ({"GITLAB_TOKEN": "s3cret\nline"}, "no token"),
        ({"GITLAB_TOKEN": "s3crét"}, "no token"),
        ({"GITLAB_TOKEN": "s3cret" * 1000}, "no token"),
    ],
)
def test_no_token_is_told(environ: dict[str, str], told: str) -> None:
    with pytest.raises(TokenMissing, match=told) as caught:
        Tokens(environ).of("a/b")
    assert "s3cr" not in str(caught.value)


def test_a_project_s_own_token_that_is_missing_is_not_replaced() -> None:
    with pytest.raises(TokenMissing, match="STAGING_TOKEN is empty or not set"):
        Tokens({"GITLAB_TOKEN": "usual"}, OWN).of(STAGING)


def test_a_token_is_never_shown() -> None:
    tokens = Tokens({"GITLAB_TOKEN": "s3cret"})
    remotes = GitLabRemotes("https://gitlab.example.com", tokens)
    for thing in (tokens, tokens.of("a/b"), remotes, remotes.remote("a/b")):
        assert "s3cret" not in repr(thing)


def test_git_gets_the_project_s_token_in_a_header() -> None:
    remotes = GitLabRemotes(
        "https://gitlab.example.com/git", Tokens({"CI_JOB_TOKEN": "job", "STAGING_TOKEN": "own"}, OWN)
    )
    for project, pair in {STAGING: b"oauth2:own", "a/b": b"gitlab-ci-token:job"}.items():
        remote = remotes.remote(project)
        assert remote.url == f"https://gitlab.example.com/git/{project}.git"
        assert remote.authorization == f"Basic {base64.b64encode(pair).decode()}"
    assert GitLabRemotes("https://gitlab.example.com", Tokens({})).remote("a/b").authorization is None


def client(url: str, token: Token, http: Client) -> GitLabClient:
    return GitLabClient(url, token, http, Retry(sleep=lambda _: None))


@pytest.mark.parametrize("token", [Token("s3cret", "GITLAB_TOKEN"), Token("s3cret", "CI_JOB_TOKEN", is_job=True)])
def test_a_token_does_not_follow_to_another_host(token: Token) -> None:
    with ScriptedServer(lambda _: Reply(200, b'{"a": 1}')) as other:

        def script(request: Received) -> Reply:
            assert "s3cret" in "".join(request.fields.values())
            return Reply(302, fields={"Location": f"{other.url}/elsewhere"})

        with ScriptedServer(script) as server, Client("tests") as http:
            assert client(server.url, token, http).get("user").value == {"a": 1}
        assert other.lines == ["GET /elsewhere"]
        assert "s3cret" not in str(other.requests)


def test_a_job_s_token_writes_nothing() -> None:
    with ScriptedServer(lambda _: None) as server, Client("tests") as http:
        with pytest.raises(JobTokenReadsOnly, match="only read") as caught:
            client(server.url, Token("s3cret", "CI_JOB_TOKEN", is_job=True), http).send("POST", "projects", "a/b")
        assert server.requests == []
    assert "GITLAB_TOKEN" in (caught.value.hint or "")


def test_a_page_is_followed_by_its_parameters_never_by_its_address() -> None:
    def script(request: Received) -> Reply:
        if "cursor=x" in request.path:
            return Reply(200, b'[{"id": 2}]')
        return Reply(200, b'[{"id": 1}]', {"Link": '<https://evil.example/?cursor=x&per_page=100>; rel="next"'})

    with ScriptedServer(script) as server, Client("tests") as http:
        found = client(server.url, Token("t", "t"), http).list("projects", "a/b", "notes")
        assert [one.number("id") for one in found] == [1, 2]
        assert server.lines[1] == "GET /api/v4/projects/a%2Fb/notes?per_page=100&cursor=x"


def test_pages_can_be_told_by_number_alone() -> None:
    def script(request: Received) -> Reply:
        is_last = request.path.endswith("&page=2")
        return Reply(200, b'[{"id": 2}]' if is_last else b'[{"id": 1}]', {"X-Next-Page": "" if is_last else "2"})

    with ScriptedServer(script) as server, Client("tests") as http:
        found = client(server.url, Token("t", "t"), http).list("projects", "a/b", "notes")
        assert [one.number("id") for one in found] == [1, 2]


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"\xff", b"[" * 100_000])
def test_a_page_for_people_is_told(body: bytes) -> None:
    with ScriptedServer(lambda _: Reply(200, body)) as server, Client("tests") as http:
        with pytest.raises(ForgeUnreadable, match="no JSON") as caught:
            client(server.url, Token("t", "t"), http).get("user")
        assert "login page" in (caught.value.hint or "")


def test_the_configuration_names_variables_not_tokens(tmp_path: Path) -> None:
    local = "{type: local, path: ./forge, groups: {ops: [alice, bob]}}"
    assert local in SMALL
    url = "url: https://gitlab.example.com"
    text = SMALL.replace(local, f"{{type: gitlab, {url}, tokens: {{{STAGING}: STAGING_TOKEN}}}}")
    assert load_text(tmp_path, text).forge == GitLabSettings("https://gitlab.example.com", OWN)
    for wrong in (
        SMALL.replace(local, f"{{type: gitlab, {url}, tokens: {{a/b: glpat-s3cret}}}}"),
        SMALL.replace(local, "{type: local, path: ./forge, tokens: {a/b: X}}"),
    ):
        with pytest.raises(ConfigInvalid) as caught:
            load_text(tmp_path, wrong)
        assert caught.value.findings[0].key.startswith("forge.tokens")
        assert "s3cret" not in str([one.what for one in caught.value.findings])

"""`tidegate auth status`: which source of credentials is used, and what the registry says to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import Ended, tidegate
from support.scripted_http import Received, Reply, ScriptedServer

BASIC = f"Basic {base64.b64encode(b'robot:s3cret-word').decode()}"


class Gate:
    """A registry that lets `robot` in; others as `otherwise` says."""

    def __init__(self) -> None:
        self.otherwise = Reply(401, b"who?", {"WWW-Authenticate": 'Basic realm="r"'})

    def __call__(self, request: Received) -> Reply:
        assert request.line == "GET /v2/"
        return Reply(200, b"{}") if request.fields.get("Authorization") == BASIC else self.otherwise


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def server(gate: Gate) -> Iterator[ScriptedServer]:
    with ScriptedServer(gate) as server:
        yield server


def status(
    folder: Path, server: ScriptedServer, *arguments: str, keys: str = "", environ: dict[str, str] | None = None
) -> Ended:
    (folder / "tidegate.yaml").write_text(
        f"""\
version: 1
forge: {{type: local, path: ./forge}}
registries:
  dev: {{host: dev.example, endpoint: "oci-layout:./dev"}}
  prd: {{host: {server.host}, insecure: true{keys}}}
environments:
  live: {{registry: prd, repo: platform/live, path: "apps/{{service}}"}}
services: {{}}
"""
    )
    docker = {"DOCKER_CONFIG": str(folder / "docker")}
    return tidegate("-C", folder, "auth", "status", *arguments, environ={**docker, **(environ or {})})


def answer(folder: Path, server: ScriptedServer, keys: str = "", environ: dict[str, str] | None = None) -> object:
    """Return (source, user name, answer, code of the fault) for prd."""
    ended = status(folder, server, "prd", "--check", "-o", "json", keys=keys, environ=environ)
    (found,) = json.loads(ended.out)["registries"]
    assert "s3cret-word" not in ended.out + ended.err
    return found["source"], found["username"], found["answer"], found["fault"] and found["fault"]["code"]


def test_the_table(tmp_path: Path, server: ScriptedServer) -> None:
    environ = {"TIDEGATE_REGISTRY_PRD_USERNAME": "robot", "TIDEGATE_REGISTRY_PRD_PASSWORD": "s3cret-word"}
    ended = status(tmp_path, server, environ=environ)
    assert (ended.code, ended.err) == (0, "")
    rows = [line.split("  ") for line in ended.out.splitlines()]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows] == [
        ["REGISTRY", "HOST", "CREDENTIALS", "USER"],
        ["dev", "dev.example", "a folder: none needed"],
        ["prd", server.host, "TIDEGATE_REGISTRY_PRD_USERNAME", "robot"],
    ]
    assert server.requests == [], "nobody is asked without --check"
    checked = status(tmp_path, server, "--check", environ=environ)
    assert checked.out.splitlines()[2].endswith("robot  accepted")
    assert status(tmp_path, server, "-o", "name", environ=environ).out.splitlines()[0] == "dev="


def test_the_order_of_sources(tmp_path: Path, server: ScriptedServer) -> None:
    """Each source in turn is taken away, and the next one answers."""
    (tmp_path / "docker").mkdir()
    file = tmp_path / "docker" / "config.json"
    file.write_text(json.dumps({"auths": {server.host: {"auth": BASIC.removeprefix("Basic ")}}}))
    (tmp_path / "pw").write_text("s3cret-word\n")
    environ = {
        "PRD_PW": "s3cret-word",
        "TIDEGATE_REGISTRY_PRD_USERNAME": "robot",
        "TIDEGATE_REGISTRY_PRD_PASSWORD": "s3cret-word",
        "CI_REGISTRY": server.host,
        "CI_REGISTRY_USER": "robot",
        "CI_REGISTRY_PASSWORD": "s3cret-word",
    }
    by_variable = ", credentials: {username: robot, password_env: PRD_PW}"
    by_file = ", credentials: {username: robot, password_file: pw}"
    assert answer(tmp_path, server, by_variable, environ) == ("PRD_PW", "robot", "accepted", None)
    assert answer(tmp_path, server, by_file, environ) == (str(tmp_path / "pw"), "robot", "accepted", None)
    own = ("TIDEGATE_REGISTRY_PRD_USERNAME", "robot", "accepted", None)
    assert answer(tmp_path, server, "", environ) == own
    del environ["TIDEGATE_REGISTRY_PRD_USERNAME"], environ["TIDEGATE_REGISTRY_PRD_PASSWORD"]
    assert answer(tmp_path, server, "", environ) == (str(file), "robot", "accepted", None)
    file.unlink()
    assert answer(tmp_path, server, "", environ) == ("CI_REGISTRY_USER", "robot", "accepted", None)
    environ["CI_REGISTRY"] = "elsewhere.example"
    assert answer(tmp_path, server, "", environ) == (None, None, "refused", "registry/unauthorized")


def test_wrong_credentials_end_with_4_and_name_their_source(tmp_path: Path, server: ScriptedServer) -> None:
    environ = {"TIDEGATE_REGISTRY_PRD_USERNAME": "robot", "TIDEGATE_REGISTRY_PRD_PASSWORD": "wrong-word"}
    ended = status(tmp_path, server, "--check", environ=environ)
    assert ended.code == 4
    assert ended.out.splitlines()[2].endswith("robot  refused")
    assert ended.err.startswith(f"prd: {server.url}: the registry does not accept these credentials → check TIDE")
    assert "wrong-word" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        (", credentials: {username: robot, password_env: PW}", "the variable PW is not set"),
        (", credentials: {username_env: USER_NAME, password_env: PW}", "the variable USER_NAME is not set"),
        (", credentials: {username: robot, password_file: nowhere}", "nowhere can't be read: No such file"),
        (", credentials: {username: robot, password_file: two}", "two is not one line"),
        (", credentials: {username: robot, password_file: empty}", "empty is not one line"),
        (", credentials: {username: robot, password_file: latin}", "latin is not UTF-8"),
    ],
)
def test_what_is_configured_and_can_not_be_read(tmp_path: Path, server: ScriptedServer, keys: str, what: str) -> None:
    (tmp_path / "two").write_text("s3cret-word\nmore\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "latin").write_bytes(b"s3cret-word\xff")
    environ = {"CI_REGISTRY": server.host, "CI_REGISTRY_USER": "robot", "CI_REGISTRY_PASSWORD": "s3cret-word"}
    ended = status(tmp_path, server, keys=keys, environ=environ)
    assert ended.code == 4
    assert what in ended.err
    assert "✗ unreadable" in ended.out
    assert "s3cret-word" not in ended.out + ended.err
    asked = status(tmp_path, server, "prd", "--check", keys=keys, environ=environ)
    assert (asked.code, asked.out.splitlines()[1].split()[2:]) == (4, ["✗", "unreadable", "not", "asked"])
    assert server.requests == []


def test_a_registry_that_asks_nobody(tmp_path: Path, gate: Gate, server: ScriptedServer) -> None:
    gate.otherwise = Reply(200, b"{}")
    assert answer(tmp_path, server) == (None, None, "open to anybody", None)


def test_a_registry_that_gives_anybody_a_token(tmp_path: Path, server: ScriptedServer) -> None:
    def script(request: Received) -> Reply:
        if request.path.startswith("/token"):
            return Reply(200, b'{"token": "t"}')
        if request.fields.get("Authorization") == "Bearer t":
            return Reply(200)
        return Reply(401, fields={"WWW-Authenticate": f'Bearer realm="{server.url}/token"'})

    server.script = script
    assert answer(tmp_path, server) == (None, None, "open to anybody", None)


def test_nobody_elsewhere_asks_for_credentials(tmp_path: Path, gate: Gate, server: ScriptedServer) -> None:
    elsewhere = Reply(401, fields={"WWW-Authenticate": f'Bearer realm="{server.url}/token"'})
    with ScriptedServer(lambda _: elsewhere) as there:
        gate.otherwise = Reply(307, fields={"Location": f"{there.url}/v2/"})
        keys = {"TIDEGATE_REGISTRY_PRD_USERNAME": "robot", "TIDEGATE_REGISTRY_PRD_PASSWORD": "s3cret-word"}
        source, _, found, code = answer(tmp_path, server, environ=keys)
        assert (source, found, code) == ("TIDEGATE_REGISTRY_PRD_USERNAME", "unknown", "registry/refused")
        assert there.lines == ["GET /v2/"]
        assert "Authorization" not in there.requests[0].fields
    assert server.lines == ["GET /v2/"]


@pytest.mark.parametrize(
    ("reply", "code"), [(Reply(503), "registry/failed"), (Reply(429), "registry/throttled")], ids=["503", "429"]
)
def test_a_registry_in_trouble(tmp_path: Path, gate: Gate, server: ScriptedServer, reply: Reply, code: str) -> None:
    gate.otherwise = reply
    assert answer(tmp_path, server) == (None, None, "unknown", code)


def test_a_registry_that_does_not_answer(tmp_path: Path) -> None:
    with ScriptedServer(Gate()) as server:
        pass
    ended = status(tmp_path, server, "--check")
    assert ended.code == 1
    assert "no connection" in ended.err


def test_a_registry_that_is_not_configured(tmp_path: Path, server: ScriptedServer) -> None:
    ended = status(tmp_path, server, "prod")
    assert ended.code == 2
    assert "config/registry-unknown" in ended.err
    assert "known: dev, prd" in ended.err


def test_any_host_may_be_asked_for_without_a_configuration(tmp_path: Path, server: ScriptedServer) -> None:
    (tmp_path / "docker").mkdir()
    entry = {"auth": base64.b64encode(b"robot:s3cret-word").decode()}
    (tmp_path / "docker" / "config.json").write_text(json.dumps({"auths": {server.host: entry}}))
    environ = {"DOCKER_CONFIG": str(tmp_path / "docker")}
    ended = tidegate("-C", tmp_path, "auth", "status", server.host, "--check", environ=environ)
    assert (ended.code, ended.out.splitlines()[1].split()[-2:]) == (0, ["robot", "accepted"])
    refused = tidegate("-C", tmp_path, "auth", "status", "prd", environ=environ)
    assert (refused.code, "config/registry-unknown" in refused.err, "name a host" in refused.err) == (2, True, True)
    missing = tidegate("-C", tmp_path, "auth", "status", environ=environ)
    assert "config/missing" in missing.err
    assert "tidegate auth status registry.example.com" in missing.err, "no file is needed to ask for a host"


@pytest.mark.parametrize("name", ["http://r.example:5000", "r.example/app", "r.example:x", "r.example "])
def test_what_is_no_host_is_not_asked(tmp_path: Path, name: str) -> None:
    ended = tidegate("-C", tmp_path, "auth", "status", name, "--check", environ={"HOME": str(tmp_path)})
    assert (ended.code, "config/registry-unknown" in ended.err, "without http://" in ended.err) == (2, True, True)


def test_a_file_that_is_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    environ = {"DOCKER_CONFIG": str(tmp_path)}
    ended = tidegate("-C", tmp_path, "auth", "status", "r.example", environ=environ)
    assert (ended.code, f"r.example: {tmp_path / 'config.json'}: Docker's" in ended.err) == (4, True)
    told = tidegate("-C", tmp_path, "auth", "status", "r.example", "-o", "json", environ=environ)
    assert json.loads(told.out)["registries"][0]["fault"]["where"] == str(tmp_path / "config.json")

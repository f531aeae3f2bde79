"""Where credentials come from: variables, Docker's file, helpers. And what a 401 asks for."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors.registry import CredentialsUnreadable
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.auth.challenge import parse_challenges
from tidegate.registry.auth.credentials import Credentials
from tidegate.registry.auth.sources import CredentialStore

HOST = "registry.example.com:5000"
AUTH = base64.b64encode(b"me:s3:cret").decode()


def _find(folder: Path, config: object = None, environment: Mapping[str, str] | None = None) -> Credentials | None:
    if config is not None:
        (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    store = CredentialStore({"DOCKER_CONFIG": str(folder), **(environment or {})}, folder / "home")
    return store.find(RegistryAccount("my-dev", HOST), ("127.0.0.1:5000", HOST))


def _helper(folder: Path, name: str, script: str) -> Mapping[str, str]:
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def test_none_anywhere(tmp_path: Path) -> None:
    assert _find(tmp_path) is None
    assert _find(tmp_path, {}) is None
    assert _find(tmp_path, {"auths": {"other.example.com": {"auth": AUTH}}, "credHelpers": None}) is None


def test_variables_come_first(tmp_path: Path) -> None:
    names = {"TIDEGATE_REGISTRY_MY_DEV_USERNAME": "me", "TIDEGATE_REGISTRY_MY_DEV_PASSWORD": "pw"}
    found = _find(tmp_path, {"auths": {HOST: {"auth": AUTH}}}, names)
    assert found == Credentials("me", "pw", "TIDEGATE_REGISTRY_MY_DEV_USERNAME")
    assert found.basic == f"Basic {base64.b64encode(b'me:pw').decode()}"
    assert "pw" not in repr(found)
    for half in ({}, {"TIDEGATE_REGISTRY_MY_DEV_PASSWORD": ""}):
        with pytest.raises(CredentialsUnreadable, match="MY_DEV_PASSWORD is not set"):
            _find(tmp_path, None, {"TIDEGATE_REGISTRY_MY_DEV_USERNAME": "me", **half})
    nobody = _find(tmp_path, None, dict.fromkeys(names, ""))
    assert nobody is not None
    assert nobody.source == str(tmp_path / "config.json"), "an empty variable is none: nobody is called nothing"


@pytest.mark.parametrize("key", [HOST, f"https://{HOST}", f"http://{HOST}/v1/", "127.0.0.1:5000"])
def test_docker_logins_by_host(tmp_path: Path, key: str) -> None:
    found = _find(tmp_path, {"auths": {key: {"auth": AUTH}}})
    assert found == Credentials("me", "s3:cret", str(tmp_path / "config.json"), life=900)


def test_a_login_by_the_very_name_comes_before_an_older_spelling(tmp_path: Path) -> None:
    old = base64.b64encode(b"me:old").decode()
    entries = [(f"https://{HOST}/v1/", {"auth": old}), (HOST, {"auth": AUTH})]
    for order in (entries, entries[::-1]):
        found = _find(tmp_path, {"auths": dict(order)})
        assert found is not None
        assert found.secret == "s3:cret"


def test_an_empty_helper_keeps_a_host_from_the_store(tmp_path: Path) -> None:
    path = _helper(tmp_path, "all", """echo '{"Username":"all","Secret":"s"}'""")
    store = {"credsStore": "all"}
    assert _find(tmp_path, store, path) is not None
    assert _find(tmp_path, {**store, "credHelpers": {HOST: ""}}, path) is None
    assert _find(tmp_path, {**store, "credHelpers": {"elsewhere.example": ""}}, path) is not None


def test_other_spellings_of_a_login(tmp_path: Path) -> None:
    plain = _find(tmp_path, {"auths": {HOST: {"username": "me", "password": "pw"}}})
    assert plain is not None
    assert (plain.username, plain.secret) == ("me", "pw")
    token = _find(tmp_path, {"auths": {HOST: {"auth": AUTH, "identitytoken": "tok"}}})
    assert token is not None
    assert (token.secret, token.is_identity_token) == ("tok", True)
    assert _find(tmp_path, {"auths": {HOST: {}}}) is None


def test_docker_hub_has_a_key_of_its_own(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    config = {"auths": {"https://index.docker.io/v1/": {"auth": AUTH}}}
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(config))
    found = CredentialStore({}, tmp_path).find(
        RegistryAccount("hub", "docker.io"), ("registry-1.docker.io", "docker.io")
    )
    assert found is not None
    assert found.username == "me"


@pytest.mark.parametrize(
    "config", ["{", "[]", {"auths": {HOST: {"auth": "%%%"}}}, {"auths": {HOST: {"auth": "bm9jb2xvbg=="}}}]
)
def test_a_broken_file_is_reported_without_its_content(tmp_path: Path, config: object) -> None:
    with pytest.raises(CredentialsUnreadable) as caught:
        _find(tmp_path, config)
    assert str(tmp_path) in str(caught.value.where)
    assert "bm9j" not in str(caught.value)


def test_a_helper_is_asked_by_standard_input(tmp_path: Path) -> None:
    script = f"""echo "$*" > {tmp_path}/args; read host; echo '{{"Username":"'$host'","Secret":"pw"}}'"""
    path = _helper(tmp_path, "test", script)
    for config in ({"credHelpers": {HOST: "test"}, "auths": {HOST: {}}}, {"credsStore": "test"}):
        found = _find(tmp_path, config, path)
        assert found is not None
        assert found.username in {HOST, "127.0.0.1:5000"}
        assert found.secret == "pw"
        assert (tmp_path / "args").read_text() == "get\n"


def test_a_helper_may_give_an_identity_token_or_nothing(tmp_path: Path) -> None:
    path = _helper(tmp_path, "token", """echo '{"Username":"<token>","Secret":"tok"}'""")
    found = _find(tmp_path, {"credHelpers": {HOST: "token"}}, path)
    assert found == Credentials("", "tok", "docker-credential-token", is_identity_token=True, life=900)
    path = _helper(tmp_path, "empty", "echo credentials not found in native keychain; exit 1")
    assert _find(tmp_path, {"credsStore": "empty", "auths": {HOST: {}}}, path) is None


def test_within_dockers_file_auths_come_first_then_the_hosts_helper_then_the_store(tmp_path: Path) -> None:
    for name in ("own", "all"):
        path = _helper(tmp_path, name, f"""echo '{{"Username":"{name}","Secret":"pw"}}'""")
    sources = {"auths": {HOST: {"auth": AUTH}}, "credHelpers": {HOST: "own"}, "credsStore": "all"}
    for name, username in (("auths", "me"), ("credHelpers", "own"), ("credsStore", "all")):
        found = _find(tmp_path, sources, path)
        assert found is not None
        assert found.username == username
        del sources[name]
    assert _find(tmp_path, sources, path) is None


@pytest.mark.parametrize(
    "script",
    [
        "echo s3cret >&2; echo s3cret; exit 3",
        "echo s3cret",
        """echo '{"Secret":"s3cret"}'""",
        "head -c 100000 /dev/zero | tr '\\0' '['",
    ],
)
def test_a_helper_that_fails_is_reported_without_what_it_said(tmp_path: Path, script: str) -> None:
    path = _helper(tmp_path, "bad", script)
    with pytest.raises(CredentialsUnreadable, match="docker-credential-bad") as caught:
        _find(tmp_path, {"credHelpers": {HOST: "bad"}}, path)
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("name", "what"),
    [("not-there", "can't be run"), ("../evil", "names the"), ("-x", "names the"), ("a b", "names the")],
)
def test_helpers_that_can_not_be_run(tmp_path: Path, name: str, what: str) -> None:
    with pytest.raises(CredentialsUnreadable, match=what):
        _find(tmp_path, {"credHelpers": {HOST: name}}, {"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (['Basic realm="a b"'], [("basic", {"realm": "a b"})]),
        (["Basic"], [("basic", {})]),
        (
            ['Bearer realm="https://auth/token",service="r",scope="repository:a/b:pull,push"'],
            [("bearer", {"realm": "https://auth/token", "service": "r", "scope": "repository:a/b:pull,push"})],
        ),
        (
            ['Basic realm="x", Bearer realm="y" , SERVICE=z'],
            [("basic", {"realm": "x"}), ("bearer", {"realm": "y", "service": "z"})],
        ),
        (["Negotiate abc==, Basic realm=r"], [("negotiate", {}), ("basic", {"realm": "r"})]),
        (["Basic", "Bearer realm=r"], [("basic", {}), ("bearer", {"realm": "r"})]),
        ([r'Bearer realm="a\"b\\c"'], [("bearer", {"realm": 'a"b\\c'})]),
        (['Bearer realm="a",realm="b"'], [("bearer", {"realm": "a"})]),
        (['realm="no scheme"', "", ",, ,"], []),
        (['Bearer realm="unfinished'], [("bearer", {})]),
    ],
)
def test_what_a_challenge_says(fields: list[str], expected: list[tuple[str, dict[str, str]]]) -> None:
    assert [(found.scheme, found.parameters) for found in parse_challenges(fields)] == expected


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_challenge_is_too_strange(text: str) -> None:
    for challenge in parse_challenges([text]):
        assert challenge.scheme == challenge.scheme.lower()


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["realm", "service", "scope"]), st.text(max_size=40), min_size=1))
def test_a_quoted_value_comes_back(values: dict[str, str]) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    field = "Bearer " + ", ".join(f"{name}={quoted(value)}" for name, value in values.items())
    assert [dict(found.parameters) for found in parse_challenges([field])] == [values]

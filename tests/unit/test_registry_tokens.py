"""What a registry asks for as Authorization, and what it gets: tokens, passwords, nothing."""

from __future__ import annotations

import pytest

from support.remote_registry import BASIC, FOUND, ME, ROOT, TokenServer, remote_registry
from support.scripted_http import Received, Reply, ScriptedServer, by_line
from tidegate.errors import TidegateError
from tidegate.errors.http import AddressRefused
from tidegate.errors.registry import RegistryFailed, RegistryUnauthorized
from tidegate.http import Client, Origin, Retry, Timeouts
from tidegate.registry.auth.authorization import Authorizer
from tidegate.registry.auth.credentials import Credentials
from tidegate.registry.auth.tokens import token_request
from tidegate.registry.remote.calls import Calls
from tidegate.registry.remote.registry import RemoteRegistry


@pytest.mark.parametrize("credentials", [None, ME])
def test_a_token_is_asked_for_once_and_sent_from_then_on(credentials: Credentials | None) -> None:
    script = TokenServer()
    with remote_registry(script, lambda: credentials) as (registry, server):
        script.url = server.url
        for _ in range(3):
            assert registry.resolve("team/app", "1.0.0") == ROOT.descriptor
        assert len(server.requests) == 1 + 1 + 3
    asked = script.asked[0]
    assert asked.path == "/token?x=1&service=reg%2C+istry&scope=repository%3Ateam%2Fapp%3Apull"
    assert asked.fields.get("Authorization") == (BASIC if credentials else None)


@pytest.mark.parametrize(
    "life", [10**400, float("inf"), float("nan"), -(10**400), 1e308], ids=lambda life: str(life)[:9]
)
def test_a_token_of_a_life_without_end_is_one_of_a_day_at_most(life: float) -> None:
    now = [0.0]
    script = TokenServer(life=life)
    with ScriptedServer(script) as server, Client("test/1", timeouts=Timeouts(5, 10)) as client:
        script.url = server.url
        authorizer = Authorizer(
            Origin.of(server.url), client, lambda: None, hint=lambda: "here", monotonic=lambda: now[0]
        )
        registry = RemoteRegistry(Calls(server.url, client, authorizer, Retry(attempts=1)))
        for seconds in (0.0, 40.0, 86_400.0):
            now[0] = seconds
            assert registry.resolve("app", "1.0.0") == ROOT.descriptor
    assert script.tokens == 2


@pytest.mark.parametrize(
    ("realm", "path"),
    [
        ("/token", "/token?"),
        ("/token?x=1", "/token?x=1&"),
        ("/token#top", "/token?"),
        ("/token?x=1#top", "/token?x=1&"),
    ],
)
def test_service_and_scope_are_added_to_what_a_realm_asks(realm: str, path: str) -> None:
    request = token_request(f"https://auth.example.com{realm}", "reg", ("repository:app:pull",), None)
    assert request.url == f"https://auth.example.com{path}service=reg&scope=repository%3Aapp%3Apull"


@pytest.mark.parametrize(
    "answer", ["{}", "[]", '{"token": ""}', '{"token": "", "access_token": ""}', '{"token": 1}', "no"]
)
def test_an_answer_without_a_token_is_an_error(answer: str) -> None:
    def script(request: Received) -> Reply:
        if request.path.startswith("/token"):
            return Reply(200, answer.encode())
        where = f"http://{request.fields['Host']}/token"
        return Reply(401, fields={"WWW-Authenticate": f'Bearer realm="{where}"'})

    with remote_registry(script) as (registry, server), pytest.raises(RegistryFailed, match="without a token"):
        registry.resolve("app", "1.0.0")
    assert not any("Authorization" in request.fields for request in server.requests)


def test_each_repository_has_its_token() -> None:
    script = TokenServer()
    with remote_registry(script) as (registry, server):
        script.url = server.url
        registry.resolve("one", "1.0.0")
        registry.resolve("two", "1.0.0")
    assert script.tokens == 2


def test_an_identity_token_is_exchanged() -> None:
    script = TokenServer()
    with remote_registry(script, lambda: Credentials("", "refresh-me", "the test", is_identity_token=True)) as (
        registry,
        server,
    ):
        script.url = server.url
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor
    asked = script.asked[0]
    assert asked.line == "POST /token?x=1"
    assert b"grant_type=refresh_token" in asked.body
    assert b"refresh_token=refresh-me" in asked.body
    assert "Authorization" not in asked.fields


def test_basic_credentials_are_sent_when_they_are_asked_for() -> None:
    def script(request: Received) -> Reply:
        if request.fields.get("Authorization") != BASIC:
            return Reply(401, b"who?", {"WWW-Authenticate": 'Basic realm="r"'})
        return Reply(200, fields=FOUND)

    with remote_registry(script, lambda: ME) as (registry, server):
        for _ in range(2):
            assert registry.resolve("app", "1.0.0") == ROOT.descriptor
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("credentials", "challenge", "what", "hint"),
    [
        (None, 'Basic realm="r"', "there are none", "docker login here"),
        (ME, 'Basic realm="r"', "does not accept", "check the test"),
        (ME, "Negotiate", "not known", "docker login here"),
        (ME, "", "not known", "docker login here"),
    ],
)
def test_what_is_said_when_credentials_do_not_do(
    credentials: Credentials | None, challenge: str, what: str, hint: str
) -> None:
    script = by_line({"HEAD /v2/app/manifests/1.0.0": Reply(401, fields={"WWW-Authenticate": challenge})})
    with remote_registry(script, lambda: credentials) as (registry, server):
        with pytest.raises(RegistryUnauthorized, match=what) as caught:
            registry.resolve("app", "1.0.0")
        assert caught.value.where == f"HEAD {server.url}/v2/app/manifests/1.0.0"
    assert hint in (caught.value.hint or "")
    assert "s3cret" not in f"{caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize(("status", "error"), [(401, RegistryUnauthorized), (503, RegistryFailed)])
def test_a_token_server_that_refuses(status: int, error: type[TidegateError]) -> None:
    script = TokenServer(realm_status=status)
    with remote_registry(script, lambda: ME) as (registry, server):
        script.url = server.url
        with pytest.raises(error):
            registry.resolve("app", "1.0.0")


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://registry.example.com", "http://auth.example.com/token"),
        ("https://registry.example.com", "https://169.254.169.254/token"),
        ("http://registry.example.com", "http://169.254.169.254/token"),
    ],
)
def test_realms_that_are_not_asked(registry: str, realm: str) -> None:
    with Client("test/1") as client:
        authorizer = Authorizer(Origin.of(registry), client, lambda: ME, hint=lambda: "")
        with pytest.raises(AddressRefused):
            authorizer.answer([f'Bearer realm="{realm}"'], ("repository:app:pull",), None)


def test_a_realm_that_is_allowed_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("http.sockets", "registry.auth.authorization"):
        monkeypatch.setattr(f"tidegate.{module}.is_link_local", lambda address: address == "127.0.0.1")
    with Client("test/1") as client, ScriptedServer(lambda _: Reply(body=b'{"token": "t"}')) as there:
        challenge = [f'Bearer realm="{there.url}/token"']
        for follow in (frozenset[Origin](), frozenset({Origin.of(there.url)})):
            authorizer = Authorizer(
                Origin.of("https://registry.example.com"), client, lambda: ME, hint=lambda: "", follow=follow
            )
            if follow:
                assert authorizer.answer(challenge, ("repository:app:pull",), None).value == "Bearer t"
            else:
                with pytest.raises(AddressRefused):
                    authorizer.answer(challenge, ("repository:app:pull",), None)

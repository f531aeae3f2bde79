"""Tokens and credentials for many threads at once, and challenges that lead nowhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from support.scripted_http import Received, Reply, Script, ScriptedServer
from tidegate.errors import TidegateError
from tidegate.errors.http import AddressRefused
from tidegate.errors.registry import RegistryFailed, RegistryUnauthorized
from tidegate.http import Client, Origin, Proxies, Timeouts
from tidegate.registry.auth.authorization import Authorization, Authorizer
from tidegate.registry.auth.credentials import Credentials

ME = Credentials("me", "pw", "a helper")


@contextmanager
def _authorizer(script: Script, find: Callable[[], Credentials | None]) -> Iterator[tuple[Authorizer, str]]:
    """Give an authorizer of a registry whose token server is `script`, and the registry's challenge."""
    with ScriptedServer(script) as server, Client("test/1", timeouts=Timeouts(5, 10)) as client:
        authorizer = Authorizer(Origin.of(server.url), client, find, hint=lambda: "docker login")
        yield authorizer, f'Bearer realm="{server.url}/token"'


def _pull(repository: str) -> tuple[str, ...]:
    return (f"repository:{repository}:pull",)


def test_tokens_of_different_repositories_are_asked_for_side_by_side() -> None:
    """The token server answers nobody before four have asked."""
    all_there = threading.Barrier(4, timeout=5)

    def script(_: Received) -> Reply:
        all_there.wait()
        return Reply(200, b'{"token": "t"}')

    with _authorizer(script, lambda: ME) as (authorizer, challenge), ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(authorizer.answer, [challenge], _pull(f"app{number}"), None) for number in range(4)]
        assert [each.result().value for each in asked] == ["Bearer t"] * 4


def test_who_needs_the_same_token_waits_for_one_request() -> None:
    requests: list[str] = []
    found: list[Credentials] = []
    everybody = threading.Barrier(4, timeout=5)

    def script(request: Received) -> Reply:
        requests.append(request.path)
        return Reply(200, b'{"token": "t"}')

    def find() -> Credentials:
        found.append(ME)
        return ME

    def ask(authorizer: Authorizer, challenge: str) -> Authorization:
        everybody.wait()
        return authorizer.answer([challenge], _pull("app"), None)

    with _authorizer(script, find) as (authorizer, challenge), ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(ask, authorizer, challenge) for _ in range(4)]
        assert [each.result().value for each in asked] == ["Bearer t"] * 4
    assert (len(requests), len(found)) == (1, 1)


def test_what_is_refused_to_many_is_looked_up_once_more_for_all() -> None:
    """All have sent the same password, and hear together that it is over."""
    passwords = iter(["old", "new", "newer"])
    all_there = threading.Barrier(4, timeout=5)

    def find() -> Credentials:
        return Credentials("me", next(passwords), "a helper")

    def script(request: Received) -> Reply:
        if request.fields["Authorization"] == Credentials("me", "new", "").basic:
            return Reply(200, b'{"token": "t"}')
        all_there.wait()
        return Reply(401)

    with _authorizer(script, find) as (authorizer, challenge), ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(authorizer.answer, [challenge], _pull(f"app{number}"), None) for number in range(4)]
        assert [each.result().value for each in asked] == ["Bearer t"] * 4
    assert next(passwords) == "newer"


@pytest.mark.parametrize(
    ("challenge", "error", "what"),
    [
        ("Bearer", RegistryFailed, "does not say where"),
        ('Bearer realm="token"', RegistryFailed, "does not say where"),
        ('Bearer realm="ftp://h/token"', RegistryFailed, "does not say where"),
        ("Negotiate abc=", RegistryUnauthorized, "in a way that is not known"),
    ],
)
def test_a_challenge_that_leads_nowhere(challenge: str, error: type[TidegateError], what: str) -> None:
    with (
        _authorizer(lambda _: Reply(404), lambda: None) as (authorizer, _),
        pytest.raises(error, match=what) as caught,
    ):
        authorizer.answer([challenge], _pull("app"), None)
    assert str(caught.value.where).startswith("http://127.0.0.1:")
    assert caught.value.hint


@pytest.mark.parametrize("realm", ["http://169.254.169.254/token", "http://[fd00:ec2::254]/token"])
def test_no_proxy_is_asked_for_a_token_of_the_machines_own_network(realm: str) -> None:
    """What a name leads to, a proxy finds out; an address is refused before."""
    with ScriptedServer(lambda _: Reply(200, b'{"token": "t"}')) as proxy:
        proxies = Proxies.of({"HTTP_PROXY": proxy.host})
        with Client("test/1", timeouts=Timeouts(5, 10), proxies=proxies) as client:
            authorizer = Authorizer(Origin.of("http://registry.example.com"), client, lambda: ME, hint=lambda: "")
            with pytest.raises(AddressRefused):
                authorizer.answer([f'Bearer realm="{realm}"'], _pull("app"), None)
        assert proxy.requests == []

"""Authorization that ends while it is used: when a newer one is got, and when a refusal is the last word."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from support.remote_registry import FOUND, ROOT, TokenServer, error_body, remote_registry
from support.scripted_http import Received, Reply, Script, ScriptedServer
from tidegate.errors.registry import RegistryUnauthorized
from tidegate.http import Client, Origin, Retry, Timeouts
from tidegate.registry.auth.authorization import Authorizer
from tidegate.registry.auth.credentials import Credentials
from tidegate.registry.remote.calls import Calls
from tidegate.registry.remote.registry import RemoteRegistry

SCOPES = ("repository:app:pull",)


@contextmanager
def _by_the_clock(script: Script, clock: Callable[[], float]) -> Iterator[tuple[RemoteRegistry, ScriptedServer]]:
    """Return as `remote_registry`, with a clock of the test's."""
    with ScriptedServer(script) as server, Client("test/1", timeouts=Timeouts(5, 10)) as client:
        authorizer = Authorizer(Origin.of(server.url), client, lambda: None, hint=lambda: "", monotonic=clock)
        yield RemoteRegistry(Calls(server.url, client, authorizer, Retry(attempts=1))), server


def _uses(server: ScriptedServer) -> int:
    """Return how many requests were none for a token."""
    return len([line for line in server.lines if "/token" not in line])


def test_a_token_that_is_refused_is_replaced_once() -> None:
    script = TokenServer()
    with remote_registry(script) as (registry, server):
        script.url = server.url
        registry.resolve("app", "1.0.0")
        script.tokens = 7  # the registry has forgotten the first
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor
        script.accepted = False
        with pytest.raises(RegistryUnauthorized):
            registry.resolve("app", "1.0.0")


@pytest.mark.parametrize(("life", "fresh"), [(100, 75.0), (4, 3.0), (0, 45.0)])
def test_a_token_is_renewed_before_it_expires(life: int, fresh: float) -> None:
    """A life of none is what a server says that says nothing: a minute, by the specification."""
    script, now = TokenServer(life=life), [0.0]
    with _by_the_clock(script, lambda: now[0]) as (registry, server):
        script.url = server.url
        for now[0], tokens in ((0, 1), (fresh - 0.5, 1), (fresh + 0.5, 2)):
            registry.resolve("app", "1.0.0")
            assert script.tokens == tokens


def test_a_new_token_that_is_refused_at_once_is_the_last() -> None:
    script = TokenServer()
    script.accepted = False
    with remote_registry(script) as (registry, server):
        script.url = server.url
        with pytest.raises(RegistryUnauthorized, match="there are none"):
            registry.resolve("app", "1.0.0")
        assert (_uses(server), script.tokens) == (2, 1)


class _Revoking(TokenServer):
    """Revokes tokens: the next `revoked` ones are over before they are used."""

    def __init__(self) -> None:
        super().__init__()
        self.revoked = 0

    def __call__(self, request: Received) -> Reply:
        reply = super().__call__(request)
        if request.path.startswith("/token") or not self.revoked:
            return reply
        self.revoked -= 1
        return Reply(401, error_body("UNAUTHORIZED"), {"WWW-Authenticate": f'Bearer realm="{self.url}/token"'})


def test_tokens_that_are_revoked_one_after_another_are_replaced() -> None:
    script = _Revoking()
    with remote_registry(script) as (registry, server):
        script.url = server.url
        registry.resolve("app", "1.0.0")
        script.revoked = 3
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor
        assert script.tokens == 4


def test_one_request_is_not_sent_with_tokens_without_end() -> None:
    script = _Revoking()
    with remote_registry(script) as (registry, server):
        script.url = server.url
        registry.resolve("app", "1.0.0")
        script.revoked, before = 99, _uses(server)
        with pytest.raises(RegistryUnauthorized, match="accepted before, nor anything newer") as caught:
            registry.resolve("app", "1.0.0")
        assert _uses(server) - before == 4
        assert caught.value.where == f"HEAD {server.url}/v2/app/manifests/1.0.0"


def test_a_token_that_ends_on_its_way_is_replaced() -> None:
    """The first request waits for its turn, behind a busy registry, longer than its token lives."""
    now = [0.0]

    def script(request: Received) -> Reply:
        if request.fields.get("Authorization") == "Bearer t1":
            now[0] += 2
            return Reply(401, fields={"WWW-Authenticate": f'Bearer realm="{server.url}/token"'})
        return tokens(request)

    tokens = TokenServer(life=1)
    with _by_the_clock(script, lambda: now[0]) as (registry, server):
        tokens.url = server.url
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor
    assert tokens.tokens == 2


def test_a_token_that_others_have_got_may_have_ended_and_a_new_one_is_the_last() -> None:
    script = TokenServer()
    with ScriptedServer(script) as server, Client("test/1") as client:
        challenge = [f'Bearer realm="{server.url}/token"']
        authorizer = Authorizer(Origin.of(server.url), client, lambda: None, hint=lambda: "")
        authorizer.answer(challenge, SCOPES, None)
        known = authorizer.field(SCOPES)
        theirs = authorizer.answer(challenge, SCOPES, known)
        mine = authorizer.answer(challenge, SCOPES, known)  # heard later than they did that it has ended
        assert mine.value == theirs.value == "Bearer t2"
        new = authorizer.answer(challenge, SCOPES, mine)
        assert new.value == "Bearer t3"
        with pytest.raises(RegistryUnauthorized):
            authorizer.answer(challenge, SCOPES, new)


class _Changing:
    """A registry that accepts the newest password alone, and a helper that knows it, unless it is stuck."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.newest = 1
        self.stuck: int | None = None
        self.url = ""

    def find(self) -> Credentials:
        return Credentials("me", f"pw{self.stuck or self.newest}", "a helper")

    def __call__(self, request: Received) -> Reply:
        basic = f"Basic {base64.b64encode(f'me:pw{self.newest}'.encode()).decode()}"
        field = request.fields.get("Authorization")
        if request.path.startswith("/token"):
            return Reply(200, json.dumps({"token": f"t{self.newest}"}).encode()) if field == basic else Reply(401)
        if field == (basic if self.scheme == "Basic" else f"Bearer t{self.newest}"):
            return Reply(200, fields=FOUND)
        return Reply(401, fields={"WWW-Authenticate": f'{self.scheme} realm="{self.url}/token"'})


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_refused_credentials_are_looked_up_once_more(scheme: str) -> None:
    script = _Changing(scheme)
    with remote_registry(script, script.find) as (registry, server):
        script.url = server.url
        registry.resolve("app", "1.0.0")
        script.newest = 2
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor
        before = len(server.requests)
        script.newest, script.stuck = 3, 2
        with pytest.raises(RegistryUnauthorized):
            registry.resolve("app", "1.0.0")
        assert len(server.requests) - before <= 4

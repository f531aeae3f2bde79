"""A registry that asks for patience, as the public gallery does: how long we wait, and what is said when it stays."""

from __future__ import annotations

import pytest

from support.remote_registry import FOUND, ROOT, error_body, patient, remote_registry
from support.scripted_http import Received, Reply, by_line
from tidegate.errors.registry import RegistryThrottled

HEAD, GET = (f"{method} /v2/app/manifests/1.0.0" for method in ("HEAD", "GET"))


def test_throttling_without_retry_after_waits_longer_each_time() -> None:
    answers = [Reply(429, error_body("TOOMANYREQUESTS", "Rate exceeded"))] * 4 + [Reply(200, fields=FOUND)]
    waits: list[float] = []
    with remote_registry(lambda _: answers.pop(0), retry=patient(waits)) as (registry, _):
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor
    assert waits == [0.25, 0.5, 1.0, 2.0]


def test_a_throttled_token_server_is_asked_again() -> None:
    tokens = [
        Reply(429, b"toomanyrequests: Rate exceeded", {"Content-Type": "text/plain"}),
        Reply(200, b'{"token":"t"}'),
    ]

    def script(request: Received) -> Reply:
        if request.path.startswith("/token"):
            return tokens.pop(0)
        if request.fields.get("Authorization") == "Bearer t":
            return Reply(200, fields=FOUND)
        return Reply(401, fields={"WWW-Authenticate": f'Bearer realm="{server.url}/token"'})

    waits: list[float] = []
    with remote_registry(script, retry=patient(waits)) as (registry, server):
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor
    assert waits == [0.25]


def test_throttling_that_stays_says_so() -> None:
    waits: list[float] = []
    reply = Reply(429, error_body("TOOMANYREQUESTS", "Data limit exceeded"))
    with (
        remote_registry(by_line({GET: reply}), retry=patient(waits)) as (registry, _),
        pytest.raises(RegistryThrottled, match="Data limit exceeded") as caught,
    ):
        registry.manifest("app", "1.0.0")
    assert len(waits) == 4
    assert "higher limit" in (caught.value.hint or "")

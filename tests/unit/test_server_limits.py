"""What nobody can do to the server by sending much, too little, or what takes long to read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from support.asgi import ask
from support.server_parts import TOKENS, Stand
from tidegate.model.role import Role
from tidegate.server.access.doorkeeper import MOST_BYTES

PIECE = 16 * 1024
QUOTED = 'x="' + "\\a" * 50_000 + '"'
"""Python unquotes a cookie's value in a time that grows with the square of its length."""


@pytest.mark.parametrize("path", ["/", "/api/v1/board", "/api/v1/session", "/sign-in/end?state=x&code=y"])
@pytest.mark.parametrize("server", ["", "server: {anonymous: viewer}\n"])
def test_a_long_cookie_of_a_stranger_costs_no_more_than_its_length(tmp_path: Path, path: str, server: str) -> None:
    stand = Stand(tmp_path, server)
    start = time.thread_time()
    stand.get(path, {"Cookie": f"{QUOTED}; theme=dark"})
    assert time.thread_time() - start < 2


def test_a_cookie_is_found_among_others(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    cookie, _ = stand.signed_in()
    for other in ("a=b", "x=\\", 'bad cookie"; ', "tidegate2=z", ";;=;"):
        field = f"{other}; {cookie['Cookie']} ;{other}"
        assert stand.get("/api/v1/session", {"Cookie": field}).status == 200, other


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("server", ["server: {anonymous: viewer}\n", TOKENS % ""])
def test_a_body_is_read_no_further_than_any_request_of_ours_goes(
    tmp_path: Path, server: str, *, declared: bool
) -> None:
    stand = Stand(tmp_path, server)
    headers = {"Content-Type": "application/json"}
    if "anonymous" not in server:
        cookie, csrf = stand.signed_in()
        headers |= {**cookie, "X-CSRF-Token": csrf}
    if declared:
        headers["Content-Length"] = str(64 * PIECE)
    read = 0

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        async def received() -> Message:
            nonlocal read
            message = await receive()
            read += len(message["body"])
            return message

        await stand.app(scope, received, send)

    paths = ("/api/v1/promotions", "/api/v1/resync", "/act-as", "/services/inventory/e2e/deliver")
    for path in paths:
        answer = ask(counted, "POST", path, [b" " * PIECE] * 64, headers)
        assert (answer.status, answer.json["error"]["code"]) == (413, "server/request-too-large"), path
    assert read <= len(paths) * (MOST_BYTES + PIECE)


@pytest.mark.parametrize("body", [b"", b'{"service": "inventory", "to": "e2e"}'])
def test_a_body_whose_connection_breaks_orders_nothing(tmp_path: Path, body: bytes) -> None:
    stand = Stand(tmp_path)

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        messages = [{"type": "http.request", "body": body, "more_body": True}, {"type": "http.disconnect"}]

        async def received() -> Message:
            return messages.pop(0)

        del receive
        await stand.app(scope, received, send)

    headers = {"Content-Type": "application/json", **stand.token(Role.ADMIN)}
    for path in ("/api/v1/promotions", "/api/v1/resync"):
        answer = ask(broken, "POST", path, headers=headers)
        assert (answer.status, answer.json["error"]["code"]) == (422, "server/request-invalid"), path
        assert answer.json["error"]["what"] == "the connection ended before the body"
    assert stand.parts.queue.depth().waiting == 0

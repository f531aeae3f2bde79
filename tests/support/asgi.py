"""One request to an ASGI application, without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

from support.until import PATIENCE


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Args:
        status: the HTTP status.
        headers: by name in small letters.
        body: all of it.
        fields: every one, in order.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    fields: tuple[tuple[str, str], ...] = ()

    def every(self, name: str) -> list[str]:
        """Return all fields of a name."""
        return [value for each, value in self.fields if each == name]

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


def ask(
    app: ASGIApp,
    method: str,
    path: str,
    pieces: Iterable[bytes] = (b"",),
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request, perhaps with a query after `?`, its body in pieces, and return the answer."""
    return asyncio.run(_ask(app, method, path, list(pieces), headers or {}))


def ask_while(app: ASGIApp, path: str, headers: Mapping[str, str], then: Callable[[], object]) -> Answer:
    """GET an answer that goes on and on; once it has begun, have `then` called; return it when it has ended."""

    async def both() -> Answer:
        began = asyncio.Event()
        answer = asyncio.create_task(_ask(app, "GET", path, [b""], headers, began=began))
        await asyncio.wait_for(began.wait(), PATIENCE)
        await asyncio.to_thread(then)
        return await asyncio.wait_for(answer, PATIENCE)

    return asyncio.run(both())


async def _ask(
    app: ASGIApp,
    method: str,
    path: str,
    pieces: list[bytes],
    headers: Mapping[str, str],
    *,
    began: asyncio.Event | None = None,
) -> Answer:
    sent: list[Message] = []

    async def receive() -> Message:
        if not pieces:
            await asyncio.Event().wait()  # the client stays
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        sent.append(message)
        if began is not None and message.get("body"):
            began.set()

    bare, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(bare),
        "raw_path": bare.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8080),
    }
    await app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    fields = tuple((name.decode().lower(), value.decode()) for name, value in start["headers"])
    return Answer(start["status"], dict(fields), body, fields)

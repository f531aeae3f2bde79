"""The fake GitLab as an ASGI application, for whichever server or test client speaks ASGI 3."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from tidegate.testing.gitlab.api import respond
from tidegate.testing.gitlab.fake import FakeGitLab
from tidegate.testing.gitlab.messages import Request

Message: TypeAlias = MutableMapping[str, Any]
"""What passes between server and application (ASGI's own type)."""
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class LostAnswer(ConnectionError):
    """What the fake was told to lose: ASGI has no word for hanging up, so that the server must."""


def application(gitlab: FakeGitLab) -> Callable[[Message, Receive, Send], Awaitable[None]]:
    """Return the application (ASGI 3.0, HTTP). Set `gitlab.url` to where it is served.

    It raises `LostAnswer` in place of an answer that a fault has lost.
    """

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])  # as the specification asks for protocols one does not speak
        pieces, more = [], True
        while more:
            event = await receive()
            pieces.append(event.get("body", b""))
            more = event.get("more_body", False)
        path, query = (scope[name].decode("ascii") for name in ("raw_path", "query_string"))
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(scope["method"], path, query, headers, b"".join(pieces))
        answer = await asyncio.to_thread(respond, gitlab, request)
        if answer is None:
            raise LostAnswer
        content = answer.data
        told = {**{name.lower(): value for name, value in answer.headers.items()}, "content-length": str(len(content))}
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": fields})
        await send({"type": "http.response.body", "body": content})

    return app

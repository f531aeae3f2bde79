"""`POST /webhooks/…`: proved, parsed, queued, answered. Nothing else is done while the sender waits."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tidegate.errors import TidegateError
from tidegate.errors.server import Busy, WebhookInvalid, WebhookTooLarge
from tidegate.model.key import Key
from tidegate.server.parts import Parts
from tidegate.server.problems import document_of, status_of
from tidegate.server.webhooks.gitlab import keys_of_gitlab
from tidegate.server.webhooks.keeping import Keeping
from tidegate.server.webhooks.registry import keys_of_registry

MOST_BYTES: Final = 2 * 1024 * 1024
"""GitLab's and registries' events have some kilobytes; a push of many commits some hundred."""
MOST_HELD: Final = 64 * 1024 * 1024
"""Bytes of bodies that are held at once. Where a signature is to be checked, anybody may send them."""
_ACCEPTED: Final = 202


def hook_routes(parts: Parts) -> list[Route]:
    """Return the routes: plain ones, which cost half of what FastAPI's do. They are no part of the API."""
    keeping = Keeping(parts.queue)
    room = _Room(MOST_HELD)

    async def gitlab(request: Request) -> JSONResponse:
        """Take an event of GitLab: merge request, push, pipeline or note."""

        async def keys() -> frozenset[Key]:
            parts.gitlab.check_fields(request.headers, parts.clock.now().timestamp())
            body = await _body(request, room)
            parts.gitlab.check(request.headers, body, parts.clock.now().timestamp())
            return keys_of_gitlab(body, parts.pipeline())

        return await _answer(parts, keeping, "gitlab", keys())

    async def registry(request: Request) -> JSONResponse:
        """Take a registry's push event: CNCF distribution, Harbor, or Amazon ECR's through EventBridge."""

        async def keys() -> frozenset[Key]:
            parts.registry.check(request.headers)
            return keys_of_registry(await _body(request, room), parts.pipeline())

        return await _answer(parts, keeping, "registry", keys())

    return [
        Route("/webhooks/gitlab", gitlab, methods=["POST"]),
        Route("/webhooks/registry", registry, methods=["POST"]),
    ]


@dataclass(slots=True)
class _Room:
    """How many bytes of bodies may still be held."""

    left: int


async def _answer(parts: Parts, keeping: Keeping, source: str, asked: Awaitable[frozenset[Key]]) -> JSONResponse:
    try:
        keys = await asked
    except TidegateError as error:
        status = status_of(error)
        parts.metrics.webhooks.labels(source, status.value).inc()
        return JSONResponse(document_of(error), status)
    await keeping.keep(keys)
    parts.metrics.webhooks.labels(source, _ACCEPTED).inc()
    return JSONResponse({"queued": len(keys)}, _ACCEPTED)


async def _body(request: Request, room: _Room) -> bytes:
    """Return the body.

    Raises:
        Busy: there is no room for it now.
        WebhookTooLarge: it is too large; the rest of it is not read.
        WebhookInvalid: the sender went away before its end.
    """
    declared = request.headers.get("content-length", "0")
    body = bytearray()
    if not declared.isdecimal() or int(declared) <= MOST_BYTES:
        try:
            async for piece in request.stream():
                body += piece
                room.left -= len(piece)
                if room.left < 0:
                    raise Busy("too many webhooks arrive at once", hint="a resync finds what it told; nothing is lost")
                if len(body) > MOST_BYTES:
                    break
            else:
                return bytes(body)
        except ClientDisconnect as gone:
            raise WebhookInvalid("the connection ended before the body") from gone
        finally:
            room.left += len(body)
    raise WebhookTooLarge(
        f"the body has more than {MOST_BYTES} bytes", hint="a resync finds what it told; nothing is lost"
    )

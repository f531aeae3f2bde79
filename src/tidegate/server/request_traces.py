"""Whoever listens hears of each request that is answered, by its route."""

from __future__ import annotations

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidegate.ports.telemetry import Ending, Kind, Operation, Telemetry
from tidegate.server.request_ids import SILENT


class RequestTraces:
    """ASGI middleware. What is asked every few seconds, of the process itself, is not told of.

    Args:
        app: what answers.
        telemetry: hears of it.
    """

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] in SILENT:
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        given = {"http.request.method": method, "url.path": scope["path"], "url.scheme": scope["scheme"]}
        end = self._telemetry.begin(Operation(Kind.REQUEST, method, details=given, parent=_parent(scope)))
        ending = Ending("interrupted", failed=True)

        async def send_on(message: Message) -> None:
            nonlocal ending
            if message["type"] == "http.response.start":
                ending = _answered(scope, message)
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            end(ending)


def _parent(scope: Scope) -> str:
    found = [value for name, value in scope["headers"] if name == b"traceparent"]
    return found[0].decode("latin-1") if len(found) == 1 else ""


def _answered(scope: Scope, message: Message) -> Ending:
    status: int = message["status"]
    known: dict[str, str | int] = {"http.response.status_code": status}
    for name, value in message.get("headers", ()):
        if name == b"x-request-id":
            known["tidegate.request_id"] = value.decode("latin-1")
    route = _route(scope)
    if route is not None:
        known["http.route"] = route
    name = f"{scope['method']} {route}" if route is not None else None
    return Ending(f"{status // 100}xx", status >= HTTPStatus.INTERNAL_SERVER_ERROR, name, known)


def _route(scope: Scope) -> str | None:
    """Return the path with names in place of what differs; None where nothing was found that answers."""
    found = getattr(scope.get("route"), "path", None)
    if isinstance(found, str):
        return found
    is_plain = "endpoint" in scope and not scope.get("path_params")  # a route of Starlette's does not say which it is
    return str(scope["path"]) if is_plain else None

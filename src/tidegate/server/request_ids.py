"""Each request has an id: the caller's, or a new one. It is in the answer and in the log."""

from __future__ import annotations

import logging
import random
import re
import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidegate.server.logs import request_id

_LOG: Final = logging.getLogger(__name__)
_NAME: Final = b"x-request-id"
_FINE: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
SILENT: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is asked every few seconds is not logged, and not traced."""
_HOOKS: Final = "/webhooks/"
_QUEUED: Final = 202
"""Nor is a webhook that was queued: there may be a thousand a second. They are counted, and their keys are logged."""


class RequestIds:
    """ASGI middleware.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == _NAME), b"")
        current = given if _FINE.fullmatch(given) else b"%032x" % random.getrandbits(128)
        token = request_id.set(current.decode())
        began = time.monotonic()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (_NAME, current)]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            if scope["path"] not in SILENT and not (status == _QUEUED and scope["path"].startswith(_HOOKS)):
                self._log(scope, status, time.monotonic() - began)
            request_id.reset(token)

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        fields = {
            "event": "request",
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
        }
        _LOG.info("%s %s", scope["method"], scope["path"], extra={"fields": fields})

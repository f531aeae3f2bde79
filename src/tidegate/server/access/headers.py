"""Fields that tell browsers to trust nothing but ourselves."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FIELDS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_TLS_ONLY: Final = "max-age=31536000"
_CACHES: Final = b"cache-control"
_NOT_KEPT: Final = (_CACHES, b"no-store")


class SecurityHeaders:
    """ASGI middleware.

    Args:
        app: what answers.
        secure: whether people come over TLS.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        fields = {**_FIELDS, **({"Strict-Transport-Security": _TLS_ONLY} if secure else {})}
        self._fields = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
        self._names = frozenset(name for name, _ in self._fields)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with the fields. What an answer does not say of caches, it is not kept in any."""

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [(name.lower(), value) for name, value in message.get("headers", ())]
                kept = [each for each in given if each[0] not in self._names]
                own = self._fields if any(name == _CACHES for name, _ in kept) else [*self._fields, _NOT_KEPT]
                message["headers"] = [*kept, *own]
            await send(message)

        await self._app(scope, receive, send_with_fields if scope["type"] == "http" else send)

"""The doorkeeper: no request passes that nobody may make. What is not named as open takes a viewer."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, quote

from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidegate.errors import TidegateError
from tidegate.errors.server import Forbidden, ForgedRequest, RequestInvalid, RequestTooLarge, SignInNeeded
from tidegate.server.access.cookies import plain_cookies
from tidegate.server.access.gate import Access, is_loopback
from tidegate.server.access.masks import unmasked
from tidegate.server.access.permissions import Permission
from tidegate.server.access.visitor import NOBODY, Visitor
from tidegate.server.plain_page import wants_page
from tidegate.server.problems import answer_to

SIGN_IN: Final = "/sign-in"
CSRF_FIELD: Final = "X-CSRF-Token"
CSRF_NAME: Final = "csrf"
"""The same in a form."""
_OPEN: Final = frozenset({"/healthz", "/readyz", SIGN_IN, f"{SIGN_IN}/begin", f"{SIGN_IN}/end"})
_HOOKS: Final = "/webhooks/"
_OPEN_BELOW: Final = ("/static/", _HOOKS)
"""Files that are the same for all; and webhooks, which prove themselves by signature, never by cookie."""
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM: Final = "application/x-www-form-urlencoded"
MOST_BYTES: Final = 64 * 1024
"""Of a change's body: the longest of ours has some hundred."""


class Doorkeeper:
    """ASGI middleware. Routes find who makes a request by `visitor_of`.

    Args:
        app: what answers.
        access: tells who makes a request.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        scope["headers"] = [*map(_with_plain_cookies, scope["headers"])]
        headers = Headers(scope=scope)
        try:
            self._require_our_name(scope["path"], headers.get("host"))
            visitor = NOBODY if is_open(scope["path"]) else self._visitor(scope, headers)
            if scope["method"] not in _READING and not is_open(scope["path"]):
                body = await _whole(receive)
                receive = _again(body, receive)
                if visitor.csrf is not None:
                    _require_proof(visitor.csrf, headers, body)
        except TidegateError as error:
            await _refusal(scope, headers, error)(scope, receive, send)
            return
        state["visitor"] = visitor
        await self._app(scope, receive, send)

    def _require_our_name(self, path: str, host: str | None) -> None:
        """Return when a browser asks this machine under its own name, where only this machine is to ask.

        Else a page of any site could have its own name lead here (DNS rebinding), and read what we answer.

        Raises:
            Forbidden: it asks under another name.
        """
        if self._access.links is None or host is None or path.startswith(_HOOKS):
            return
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        if not is_loopback(name.strip("[]")):
            raise Forbidden(
                "this server answers to its own machine alone", hint="set server.url to the address that people use"
            )

    def _visitor(self, scope: Scope, headers: Headers) -> Visitor:
        client = scope.get("client")
        address = client[0] if client else ""
        visitor = self._access.visitor(headers.get("cookie", ""), headers.get("authorization", ""), address)
        visitor.require(Permission.VIEW)
        return visitor


def is_open(path: str) -> bool:
    """Return whether anybody may ask for `path`."""
    return path in _OPEN or path.startswith(_OPEN_BELOW)


def visitor_of(request: Request) -> Visitor:
    """Return who makes a request; for FastAPI's `Depends`, and for pages."""
    visitor = getattr(request.state, "visitor", None)
    return visitor if isinstance(visitor, Visitor) else NOBODY


def stay_of(request: Request, access: Access) -> Callable[[], bool]:
    """Return what says whether who makes a request may still see the board: for answers that take long.

    They may not when their session has ended, when their token was revoked, when their role is gone.
    """
    began, headers = visitor_of(request), request.headers
    cookies, authorization = headers.get("cookie", ""), headers.get("authorization", "")

    def may_stay() -> bool:
        now = access.still(cookies, authorization)
        return (now.user, now.proof) == (began.user, began.proof) and now.may(Permission.VIEW)

    return may_stay


def _with_plain_cookies(field: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = field
    return (name, plain_cookies(value.decode("latin-1")).encode("latin-1")) if name == b"cookie" else field


def _require_proof(csrf: str, headers: Headers, body: bytes) -> None:
    """Return when a page of ours made a request: it has what only our pages are told.

    Raises:
        ForgedRequest: it has not.
    """
    given = headers.get(CSRF_FIELD)
    if given is None and headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
        given = parse_qs(body.decode("utf-8", "replace")).get(CSRF_NAME, [""])[0]
    if not hmac.compare_digest(unmasked(given or ""), csrf.encode()):
        raise ForgedRequest(
            "the request does not prove that a page of this server made it",
            hint=f"load the page again; a program sends an API token, or {CSRF_FIELD} from /api/v1/session",
        )


async def _whole(receive: Receive) -> bytes:
    """Return a request's body.

    Raises:
        RequestInvalid: the sender went away before its end.
        RequestTooLarge: it is longer than any of ours; the rest of it is not read.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":  # half an order may be another order: of `!12`, `!1` may be left
            raise RequestInvalid("the connection ended before the body", hint="send it again")
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise RequestTooLarge(f"the body has more than {MOST_BYTES} bytes", hint="send less")
        if not message.get("more_body", False):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read already, and then what follows."""
    given = False

    async def once_more() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once_more


def _refusal(scope: Scope, headers: Headers, error: TidegateError) -> Response:
    goes_there = scope["method"] == "GET" and "text/html" in headers.get("accept", "")
    if isinstance(error, SignInNeeded) and goes_there and wants_page(scope):
        query = scope["query_string"].decode("latin-1")
        there = scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"{SIGN_IN}?next={quote(there)}", 303)
    return answer_to(scope, error)

"""Signing in and out. The page itself is plain: it works without scripts, and for somebody who may see nothing yet."""

from __future__ import annotations

import hmac
from dataclasses import asdict, dataclass
from html import escape
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from pydantic import BaseModel, Field

from tidegate.config import grammar
from tidegate.errors import TidegateError
from tidegate.errors.server import Forbidden, SignInRefused
from tidegate.server.access.doorkeeper import SIGN_IN, visitor_of
from tidegate.server.access.gate import Access
from tidegate.server.access.provider import CALLBACK, Flow
from tidegate.server.access.visitor import Proof, Visitor
from tidegate.server.problems import status_of

_SEE_OTHER: Final = 303
_HOME: Final = "/"


def sign_in_routes(access: Access) -> APIRouter:
    """Return the routes of the ways in, by a one-time link or an identity provider, and of the way out."""
    router = APIRouter(include_in_schema=False)

    @router.get(SIGN_IN)
    def sign_in(request: Request, link: str = "", next: str = _HOME) -> Response:  # noqa: A002 - the query's word
        """Sign in by a one-time link, or show how to sign in."""
        if not link:
            return _page(access, safe_path(next))
        try:
            return _by_link(access, link, address_of(request))
        except TidegateError as error:
            return _page(access, _HOME, error)

    @router.get(f"{SIGN_IN}/begin")
    def begin(next: str = _HOME) -> Response:  # noqa: A002 - the query's word
        """Send a person to the identity provider."""
        try:
            return _begin(access, safe_path(next))
        except TidegateError as error:
            return _page(access, _HOME, error)

    @router.get(CALLBACK)
    def end(request: Request, state: str = "", code: str = "", error: str = "", iss: str = "") -> Response:
        """Sign a person in who comes back from the identity provider."""
        try:
            return _end(access, request, _Back(state, code, error, iss))
        except TidegateError as refused:
            try:
                access.attempts.count(address_of(request))
            except TidegateError as too_many:
                return _page(access, _HOME, too_many)
            return _page(access, _HOME, refused)

    @router.post("/sign-out")
    def sign_out() -> Response:
        """Forget the session, as far as this browser goes: it stays good until it ends."""
        return RedirectResponse(SIGN_IN, _SEE_OTHER, {"Set-Cookie": access.cookie.written("")})

    @router.post(f"{SIGN_IN}/as")
    def act_as(asked: ActAs, visitor: Annotated[Visitor, Depends(visitor_of)]) -> Response:
        """Go on as another person of the local forge: whoever has the machine can be any of them."""
        cookie = cookie_as(access, visitor, asked.user)
        return JSONResponse({"user": asked.user}, headers={"Set-Cookie": cookie})

    return router


class ActAs(BaseModel):
    """Whom to act as."""

    user: str = Field(max_length=255)


def cookie_as(access: Access, visitor: Visitor, user: str) -> str:
    """Return the field `Set-Cookie` with which a visitor goes on as another person of the local forge.

    Raises:
        Forbidden: the visitor did not come by a one-time link, or `user` is nobody's name.
    """
    if visitor.proof is not Proof.LOCAL:
        raise Forbidden("only who came by a one-time link can act as another", hint="sign in as that person")
    wrong = grammar.user(user)
    if wrong is not None:
        raise Forbidden(wrong.what, hint=wrong.hint)
    return access.begin_local(user)


def _by_link(access: Access, link: str, address: str) -> Response:
    if access.links is None or not access.links.take(link):
        access.attempts.count(address)
        raise SignInRefused(
            "this link was used, or is not from this server's present run",
            hint="use the newest one that the server has printed",
        )
    return RedirectResponse(_HOME, _SEE_OTHER, {"Set-Cookie": access.begin_local(access.local_user)})


@dataclass(frozen=True, slots=True)
class _Back:
    """What a person comes back with (RFC 6749, section 4.1.2; RFC 9207)."""

    state: str
    code: str
    error: str
    iss: str


def _begin(access: Access, there: str) -> Response:
    if access.provider is None:
        raise SignInRefused("no identity provider is configured", hint="see server.oidc in tidegate.yaml")
    flow = Flow.begin(there)
    sealed = access.seal.close({"kind": "sign-in", **asdict(flow)}, access.clock.now().timestamp())
    return RedirectResponse(access.provider.address(flow), _SEE_OTHER, {"Set-Cookie": access.flow.written(sealed)})


def _end(access: Access, request: Request, back: _Back) -> Response:
    flow = _flow(access, request.headers.get("cookie", ""))
    if access.provider is None or access.settings.oidc is None or flow is None:
        raise SignInRefused("no sign-in has begun in this browser, or long ago", hint="sign in again")
    if not hmac.compare_digest(flow.state.encode(), back.state.encode()):
        raise SignInRefused("the answer belongs to another sign-in", hint="sign in again")
    if back.error or not back.code or back.iss not in {"", access.settings.oidc.issuer}:
        raise SignInRefused(f"the provider has refused: {back.error[:80] or 'no code'}", hint="sign in again")
    person = access.provider.person(flow, back.code)
    answer = RedirectResponse(safe_path(flow.there), _SEE_OTHER)
    answer.headers.append("Set-Cookie", access.begin(person.user, person.groups, Proof.SESSION))
    answer.headers.append("Set-Cookie", access.flow.written(""))
    return answer


def _flow(access: Access, cookies: str) -> Flow | None:
    text = access.flow.read(cookies)
    match text and access.seal.open(text, access.flow.length, access.clock.now().timestamp()):
        case {"kind": "sign-in", "state": str(state), "nonce": str(nonce), "verifier": str(proof), "there": str(there)}:
            return Flow(state, nonce, proof, there)
        case _:
            return None


def address_of(request: Request) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client else ""


def safe_path(there: str) -> str:
    """Return a path of this server: what would lead elsewhere is replaced by the home page."""
    is_own = there.startswith("/") and not there.startswith(("//", "/\\")) and there.isprintable()
    return there if is_own else _HOME


def _page(access: Access, there: str, error: TidegateError | None = None) -> Response:
    status = HTTPStatus.OK if error is None else status_of(error)
    if access.settings.oidc is not None:
        href = escape(f"{SIGN_IN}/begin?next={quote(there)}")
        way = f'<p><a class="button" href="{href}">Sign in with {escape(access.settings.oidc.name)}</a></p>'
    elif access.links is not None:
        way = "<p>Open the link that <code>tidegate serve</code> printed. It is good for one sign-in.</p>"
    else:
        way = "<p>No sign-in is configured: see <code>server.oidc</code> in tidegate.yaml.</p>"
    told = "" if error is None else f'<p role="alert">{escape(error.what)}. {escape(error.hint or "")}</p>'
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in · Tidegate</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/static/board.css"></head>'
        f'<body><main class="sign-in"><h1>Tidegate</h1>{told}{way}</main></body></html>',
        status,
    )

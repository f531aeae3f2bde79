"""Signing in and out. The page itself is plain: it works without scripts, and for somebody who may see nothing yet."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field

from tidegate.config import grammar
from tidegate.errors import TidegateError
from tidegate.errors.server import Forbidden, SignInRefused
from tidegate.server.access.doorkeeper import SIGN_IN, visitor_of
from tidegate.server.access.gate import Access
from tidegate.server.access.visitor import Proof, Visitor
from tidegate.server.plain_page import plain_page, theme_of
from tidegate.server.problems import status_of

SEE_OTHER: Final = 303
HOME: Final = "/"


def sign_in_routes(access: Access) -> APIRouter:
    """Return the routes of the page, of the way in by a one-time link, and of the way out."""
    router = APIRouter(include_in_schema=False)

    @router.get(SIGN_IN)
    def sign_in(request: Request, link: str = "", next: str = HOME) -> Response:  # noqa: A002 - the query's word
        """Sign in by a one-time link, or show how to sign in."""
        if not link:
            return sign_in_page(request, access, safe_path(next))
        try:
            return _by_link(access, link, address_of(request))
        except TidegateError as error:
            return sign_in_page(request, access, HOME, error)

    @router.post("/sign-out")
    def sign_out(request: Request) -> Response:
        """End the session, here and in the browser."""
        return RedirectResponse(SIGN_IN, SEE_OTHER, {"Set-Cookie": access.end(request.headers.get("cookie", ""))})

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
    return RedirectResponse(HOME, SEE_OTHER, {"Set-Cookie": access.begin_local(access.local_user)})


def address_of(request: Request) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client else ""


def safe_path(there: str) -> str:
    """Return a path of this server: what would lead elsewhere is replaced by the home page."""
    is_own = there.startswith("/") and not there.startswith(("//", "/\\")) and there.isprintable()
    return there if is_own else HOME


def sign_in_page(request: Request, access: Access, there: str, error: TidegateError | None = None) -> Response:
    """Return the page that shows the ways in.

    Args:
        request: who asks, for the colours that they chose.
        access: which there are.
        there: where the person wants to go.
        error: why the last attempt has failed.
    """
    status = HTTPStatus.OK if error is None else status_of(error)
    if access.settings.oidc is not None:
        href = escape(f"{SIGN_IN}/begin?next={quote(there)}")
        way = f'<p><a class="button main" href="{href}">Sign in with {escape(access.settings.oidc.name)}</a></p>'
    elif access.links is not None:
        way = "<p>Open the link that <code>tidegate serve</code> printed. It is good for one sign-in.</p>"
    else:
        way = "<p>No sign-in is configured: see <code>server.oidc</code> in tidegate.yaml.</p>"
    told = (
        ""
        if error is None
        else f'<p role="alert">{escape(error.what)}</p><p class="hint">{escape(error.hint or "")}</p>'
    )
    inner = f"<h1>Sign in to Tidegate</h1>{told}{way}"
    return plain_page("Sign in", inner, status=status, theme=theme_of(request.cookies))

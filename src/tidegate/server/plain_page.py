"""Plain pages: for somebody who may see nothing yet, and for what went wrong before a page could be made."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Final

from fastapi.responses import HTMLResponse
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from tidegate.errors import TidegateError

THEME: Final = "tidegate-theme"
"""The cookie with the colours that somebody chose."""
_THEMES: Final = frozenset({"light", "dark"})
_TITLES: Final = {
    HTTPStatus.FORBIDDEN: "That is not allowed",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many attempts",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not now",
}
_NOT_PAGES: Final = ("/api/", "/webhooks/", "/metrics", "/healthz", "/readyz")


def encoded(text: str) -> bytes:
    """Return the bytes of a page. Half a character, which JSON of others may spell, is no reason to show none."""
    return text.encode("utf-8", "replace")


def wants_page(scope: Scope) -> bool:
    """Return whether a person reads the answer to a request: a browser goes there, or a page of ours asks."""
    headers = Headers(scope=scope)
    asks = "text/html" in headers.get("accept", "") or "hx-request" in headers
    return asks and not scope["path"].startswith(_NOT_PAGES)


def theme_of(cookies: Mapping[str, str]) -> str | None:
    """Return `light` or `dark` where somebody chose; None: as the system has it."""
    theme = cookies.get(THEME)
    return theme if theme in _THEMES else None


def plain_page(title: str, inner: str, *, status: int, theme: str | None) -> HTMLResponse:
    """Return a page without a script.

    Args:
        title: one line, no HTML.
        inner: HTML, with all that others have written escaped.
        status: the HTTP status.
        theme: as of `theme_of`.
    """
    colours = f' data-theme="{theme}"' if theme else ""
    head = (
        f'<meta charset="utf-8"><title>{escape(title)} · Tidegate</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="/static/icon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/static/board.css">'
    )
    body = f'<main class="plain-page">{inner}</main>'
    return HTMLResponse(
        encoded(f'<!doctype html><html lang="en"{colours}><head>{head}</head><body>{body}</body></html>'), status
    )


def error_page(scope: Scope, error: TidegateError, status: HTTPStatus) -> HTMLResponse:
    """Return the page that tells an error. In the drawer, its article takes the place of what was shown."""
    title = _TITLES.get(status, "That did not work")
    hint = f'<p class="hint">{escape(error.hint)}</p>' if error.hint else ""
    other = ' · <a href="/sign-in">Sign in as somebody else</a>' if status is HTTPStatus.FORBIDDEN else ""
    inner = (
        f'<article id="detail" class="detail"><h1>{title}</h1><p class="why" role="alert">{escape(str(error))}</p>'
        f'{hint}<p class="faint"><code>{escape(error.code)}</code></p>'
        f'<p><a href="/">To the board</a>{other}</p></article>'
    )
    cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
    return plain_page(title, inner, status=status, theme=theme_of(cookies))

"""The routes of the pages: the board, a cell's drawer, a plan before it runs, a service's history; and their files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from tidegate.errors import TidegateError
from tidegate.server.access.doorkeeper import stay_of
from tidegate.server.following import event_stream
from tidegate.server.news import News
from tidegate.server.pages.board_view import Filter
from tidegate.server.pages.clauses import cell_url
from tidegate.server.pages.events import OpenPage, board_events
from tidegate.server.pages.form_routes import came_from, form_routes
from tidegate.server.pages.pages import Pages
from tidegate.server.pages.rendering import THEMES
from tidegate.server.parts import Parts
from tidegate.server.plain_page import THEME, encoded

_SEE_OTHER: Final = 303
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_NOW_AND_AGAIN: Final = {"Cache-Control": "public, max-age=300"}
_YEAR: Final = 31_536_000

State = Annotated[str, Query(max_length=20)]
Text = Annotated[str, Query(max_length=200)]


def _shown(pages: Pages, request: Request, back: str, make: Callable[[], str]) -> HTMLResponse:
    try:
        return HTMLResponse(encoded(make()))
    except TidegateError as error:
        return pages.problem(request, error, back)


def page_routes(parts: Parts, news: News) -> APIRouter:
    """Return the routes of all pages; open ones hear of `news`."""
    router = APIRouter(include_in_schema=False)
    pages = Pages(parts, news)
    router.include_router(form_routes(parts, pages))

    @router.get("/")
    def board(request: Request, state: State = "", q: Text = "") -> Response:
        """Show the board."""
        pieces = map(encoded, pages.board(request, Filter.of(state, q)))
        return StreamingResponse(pieces, media_type="text/html")

    @router.get("/board/events")
    async def events(request: Request, since: str, rows: str, state: State = "", q: Text = "") -> Response:
        """Tell an open page what is new."""
        mark = request.headers.get("last-event-id") or since
        page = OpenPage(Filter.of(state, q), mark, rows, stay_of(request, parts.access))
        return event_stream(parts, news, board_events(parts, news, pages.fragments, page))

    @router.get("/services/{service}")
    def history(request: Request, service: str) -> Response:
        """Show a service over time."""
        return _shown(pages, request, "/", lambda: pages.history(request, service))

    @router.get("/services/{service}/{environment}")
    def detail(request: Request, service: str, environment: str) -> Response:
        """Show all about a cell."""
        return _shown(pages, request, "/", lambda: pages.detail(request, service, environment))

    @router.get("/services/{service}/{environment}/promote")
    def plan(request: Request, service: str, environment: str) -> Response:
        """Show what a promotion would do."""
        back = cell_url(service, environment)
        return _shown(pages, request, back, lambda: pages.plan(request, service, environment))

    @router.get("/theme/{name}")
    def theme(request: Request, name: str) -> Response:
        """Choose colours, and go back to the page that asked for it, as its URL is by now."""
        answer = RedirectResponse(came_from(request), _SEE_OTHER)
        if name in {each for each, _, _ in THEMES}:
            answer.set_cookie(THEME, name, max_age=_YEAR, httponly=True, samesite="lax")
        return answer

    @router.get("/static/{path:path}")
    def static(request: Request, path: str) -> Response:
        """Return a file that is the same for all."""
        found = pages.files.get(path)
        if found is None:
            return Response(status_code=404)
        keeps = _FOR_EVER if request.query_params.get("v") == found.version else _NOW_AND_AGAIN
        return Response(found.data, media_type=found.media_type, headers=keeps)

    return router

"""The forms of a cell's page: what a button does, and back to the cell. They work without a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from tidegate.errors import TidegateError
from tidegate.errors.server import RequestInvalid
from tidegate.server.access.doorkeeper import visitor_of
from tidegate.server.access.sign_in_routes import cookie_as, safe_path
from tidegate.server.api.doing import Doer
from tidegate.server.pages.clauses import cell_url
from tidegate.server.pages.pages import Pages
from tidegate.server.parts import Parts

_SEE_OTHER: Final = 303
_LONGEST_NUMBER: Final = 9


def form_routes(parts: Parts, pages: Pages) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    @router.post("/services/{service}/{environment}/promote")
    async def promote(request: Request, service: str, environment: str) -> Response:
        """Open the merge request, and show the cell."""
        doer = Doer(parts, visitor_of(request))
        return await _done(pages, request, service, environment, lambda: doer.promote(service, environment))

    @router.post("/services/{service}/{environment}/approve")
    async def approve(request: Request, service: str, environment: str) -> Response:
        """Approve the merge request at the head that the page has shown, and show the cell."""
        doer, named = Doer(parts, visitor_of(request)), await request.body()
        head = request.query_params.get("head")
        return await _done(
            pages, request, service, environment, lambda: doer.approve(*_merge_request(named), head=head)
        )

    @router.post("/services/{service}/{environment}/deliver")
    async def deliver(request: Request, service: str, environment: str) -> Response:
        """Deliver the merge request, and show the cell."""
        doer, named = Doer(parts, visitor_of(request)), await request.body()
        return await _done(pages, request, service, environment, lambda: doer.deliver(*_merge_request(named)))

    @router.post("/act-as")
    async def act_as(request: Request) -> Response:
        """Go on as another person of the local forge, on the same page."""
        there = came_from(request)
        try:
            cookie = cookie_as(parts.access, visitor_of(request), _field(await request.body(), "user"))
        except TidegateError as error:
            return pages.problem(request, error, there)
        return RedirectResponse(there, _SEE_OTHER, {"Set-Cookie": cookie})

    return router


def came_from(request: Request) -> str:
    """Return the page of ours that made the request, as its URL is by now; else the board."""
    try:
        came = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # no URL at all
        return "/"
    there = f"{came.path}?{came.query}" if came.query else came.path
    return safe_path(there) if came.netloc == request.url.netloc else "/"


async def _done(pages: Pages, request: Request, service: str, environment: str, do: Callable[[], object]) -> Response:
    """Return the way back to the cell, or the page that says why it could not be done."""
    back = cell_url(service, environment)
    try:
        await run_in_threadpool(do)
    except TidegateError as error:
        return pages.problem(request, error, back)
    return RedirectResponse(back, _SEE_OTHER)


def _merge_request(form: bytes) -> tuple[str, int]:
    """Return project and number of the merge request that a form names.

    Raises:
        RequestInvalid: it names none.
    """
    project, _, iid = _field(form, "merge-request").rpartition("!")
    if not project or not (iid.isascii() and iid.isdecimal()) or len(iid) > _LONGEST_NUMBER:
        raise RequestInvalid("the form names no merge request", where="merge-request", hint="load the page again")
    return project, int(iid)


def _field(form: bytes, name: str) -> str:
    """Return what a form says of a field, or ""."""
    return parse_qs(form.decode("utf-8", "replace")).get(name, [""])[0]

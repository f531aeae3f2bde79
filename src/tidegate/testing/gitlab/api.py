"""From an HTTP request to the fake GitLab's answer, whichever server has read it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlencode

from tidegate.testing.gitlab.fake import FakeGitLab, Fault
from tidegate.testing.gitlab.git_http import serve_repository
from tidegate.testing.gitlab.messages import (
    Answer,
    Call,
    Exchange,
    Json,
    Refusal,
    Request,
    no_such_route,
    unauthorized,
)
from tidegate.testing.gitlab.routes import PREFIX, ROUTES, Route
from tidegate.testing.gitlab.state import Access

_MOST_PER_PAGE: Final = 100
_PER_PAGE: Final = 20


def respond(gitlab: FakeGitLab, request: Request) -> Answer | None:
    """Return the answer to a request of the API or of git; None: the connection ends without one."""
    serves = _answer if request.path.startswith(f"{PREFIX}/") else serve_repository
    answer = serves(gitlab, request)
    if answer is None:
        return None
    headers = {"Date": format_datetime(gitlab.now().astimezone(UTC), usegmt=True), "Content-Type": "application/json"}
    return replace(answer, headers={**headers, **answer.headers})


def _answer(gitlab: FakeGitLab, request: Request) -> Answer | None:
    try:
        route, braces = _route(request.method, request.path.removeprefix(PREFIX), premium=gitlab.premium)
        access = _access(gitlab, request, route)
        call = Call(request.method, route.template, braces, _flat(request.query), _json(request.body), access)
    except Refusal as refusal:
        return refusal.answer
    event = gitlab.before.pop((call.method, call.template), None)
    if event is not None:
        event()
    with gitlab.lock:
        gitlab.calls.append(call)
        fault = _fault(gitlab, call)
        answer = None if fault and not fault.done else _done(gitlab, request, route, call)
        told = fault.answer if fault else answer
        gitlab.exchanges.append(Exchange(call, None if fault else answer))
    return told


def _done(gitlab: FakeGitLab, request: Request, route: Route, call: Call) -> Answer:
    given = set(call.query) if call.method == "GET" else {*call.query, *call.body}
    unknown = given - route.params - set(call.path)  # Grape knows what is in the path by the same names
    if unknown:
        return Answer(400, {"error": f"{', '.join(sorted(unknown))} is invalid"})
    try:
        answer = route.handle(gitlab, call)
    except Refusal as refusal:
        return refusal.answer
    return _unless_known(gitlab, _page(answer, call, f"{gitlab.url}{request.path}"), request)


def _unless_known(gitlab: FakeGitLab, answer: Answer, request: Request) -> Answer:
    """Return 304 for what the caller has already (RFC 9110, section 13.1.2)."""
    if request.method != "GET" or answer.status != HTTPStatus.OK:
        return answer
    tag = f'W/"{hashlib.md5(answer.data, usedforsecurity=False).hexdigest()}"'
    if request.headers.get("if-none-match") == tag:
        gitlab.confirmed += 1
        return Answer(HTTPStatus.NOT_MODIFIED, text="", headers={"ETag": tag})
    return replace(answer, headers={**answer.headers, "ETag": tag})


def _fault(gitlab: FakeGitLab, call: Call) -> Fault | None:
    for fault in gitlab.faults:
        if fault.times and (fault.method, fault.template) == (call.method, call.template):
            fault.times -= 1
            return fault
    return None


def _access(gitlab: FakeGitLab, request: Request, route: Route) -> Access:
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    token = request.headers.get("private-token") or request.headers.get("job-token") or bearer
    access = gitlab.tokens.get(token)
    if access is None or access.user.state != "active" or (access.scope == "job" and not route.job):
        raise unauthorized()
    if access.revoked:
        words = "Token was revoked. You have to re-authorize from the user."
        raise Refusal(Answer(401, {"error": "invalid_token", "error_description": words}))
    if access.scope == "read_api" and route.method != "GET":
        words = "The request requires higher privileges than provided by the access token."
        raise Refusal(Answer(403, {"error": "insufficient_scope", "error_description": words, "scope": "api"}))
    return access


def _route(method: str, path: str, *, premium: bool) -> tuple[Route, dict[str, str]]:
    for route in ROUTES:
        braces = route.fits(method, path.strip("/").split("/"))
        if braces is not None and (premium or not route.premium):
            return route, braces
    raise no_such_route()


def _flat(query: str) -> dict[str, str]:
    return {name.removesuffix("[]"): values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}


def _json(body: bytes) -> dict[str, Json]:
    try:
        document: Json = json.loads(body or b"{}")
    except ValueError as error:  # a client that was killed while it sent
        raise Refusal(Answer(400, {"error": "Problems parsing JSON"})) from error
    return document if isinstance(document, dict) else {}


def _page(answer: Answer, call: Call, address: str) -> Answer:
    """Return the page of a list that was asked for, with GitLab's headers."""
    if not isinstance(answer.body, list) or call.method != "GET":
        return answer
    size = min(int(call.query.get("per_page", _PER_PAGE)), _MOST_PER_PAGE)
    page = int(call.query.get("page", 1))
    rows = answer.body[size * (page - 1) : size * page]
    more = len(answer.body) > size * page
    headers = {
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Next-Page": str(page + 1) if more else "",
        "X-Total": str(len(answer.body)),
    }
    if more:
        following = urlencode({**call.query, "page": page + 1, "per_page": size})
        headers["Link"] = f'<{address}?{following}>; rel="next"'
    return Answer(answer.status, rows, headers=headers)

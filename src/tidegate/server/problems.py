"""The one shape of errors over HTTP: the very document that `tidegate … -o json` writes, with a status."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import Scope

from tidegate.errors import AuthenticationError, Blocked, Pending, Place, TidegateError, UsageError
from tidegate.errors.forge import HeadMoved, MergeRequestMissing, MergeRequestNotOpen
from tidegate.errors.release import EnvironmentUnknown, ServiceUnknown
from tidegate.errors.server import (
    Forbidden,
    ForgedRequest,
    NotHere,
    RequestInvalid,
    RequestTooLarge,
    ServerBug,
    ServerStops,
    SignInNeeded,
    SignInRefused,
    TooManyAttempts,
    WebhookRefused,
    WebhookTooLarge,
)
from tidegate.model.json import Json
from tidegate.server.plain_page import error_page, wants_page
from tidegate.server.step_log import HandedBack

_STATUSES: Final[tuple[tuple[type[TidegateError], HTTPStatus], ...]] = (
    (WebhookTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (RequestTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (SignInNeeded, HTTPStatus.UNAUTHORIZED),
    (SignInRefused, HTTPStatus.UNAUTHORIZED),
    (WebhookRefused, HTTPStatus.UNAUTHORIZED),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (ForgedRequest, HTTPStatus.FORBIDDEN),
    (TooManyAttempts, HTTPStatus.TOO_MANY_REQUESTS),
    (NotHere, HTTPStatus.NOT_FOUND),
    (ServiceUnknown, HTTPStatus.NOT_FOUND),
    (EnvironmentUnknown, HTTPStatus.NOT_FOUND),
    (MergeRequestMissing, HTTPStatus.NOT_FOUND),
    (RequestInvalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (AuthenticationError, HTTPStatus.BAD_GATEWAY),  # the server's own credentials, which the caller can't mend
    (UsageError, HTTPStatus.BAD_REQUEST),
    (Blocked, HTTPStatus.CONFLICT),
    (Pending, HTTPStatus.CONFLICT),
    (MergeRequestNotOpen, HTTPStatus.CONFLICT),
    (HeadMoved, HTTPStatus.CONFLICT),
)
"""The first that fits."""
_KEPT: Final = ("Cache-Control", "WWW-Authenticate", "Retry-After")


def status_of(error: TidegateError) -> HTTPStatus:
    """Return the status that `error` is answered with, by its class."""
    other = HTTPStatus.SERVICE_UNAVAILABLE if error.retryable else HTTPStatus.INTERNAL_SERVER_ERROR
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), other)


def document_of(error: TidegateError) -> dict[str, Json]:
    """Return `error` for programs."""
    at = error.where if isinstance(error.where, Place) else None
    place: Json = {"file": at.file, "line": at.line, "column": at.column} if at else None
    return {
        "error": {
            "code": error.code,
            "what": error.what,
            "where": None if error.where is None else str(error.where),
            "place": place,
            "hint": error.hint,
            "exitCode": error.exit_code,
            "retryable": error.retryable,
        }
    }


def problem(error: TidegateError) -> JSONResponse:
    """Return the answer to a request that ended with `error`."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, SignInNeeded):
        headers["WWW-Authenticate"] = 'Bearer realm="tidegate"'  # RFC 9110, section 15.5.2
    if isinstance(error, TooManyAttempts):
        headers["Retry-After"] = "6"
    return JSONResponse(document_of(error), status_of(error), headers)


def answer_to(scope: Scope, error: TidegateError) -> Response:
    """Return the answer to a request that ended with `error`: a page where a person reads it."""
    found = problem(error)
    if not wants_page(scope):
        return found
    page = error_page(scope, error, status_of(error))
    page.headers.update({name: found.headers[name] for name in _KEPT if name in found.headers})
    return page


def answer_problems(app: FastAPI) -> None:
    """Have every error of `app` answered in the one shape: ours, the router's, the validator's, and bugs."""

    async def answer_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, TidegateError):
            raise error
        return answer_to(request.scope, error)

    async def answer_invalid(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        hint = "see /api/v1/openapi.json"
        return answer_to(request.scope, RequestInvalid(str(first["msg"]), where=where, hint=hint))

    async def answer_http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        what, hint = f"{request.method} {request.url.path}: {error.detail}", "see /api/v1/openapi.json"
        if wants_page(request.scope) and error.status_code == HTTPStatus.NOT_FOUND:
            what, hint = f"there is no page {request.url.path}", "each service and each cell of the board has one"
        found = answer_to(request.scope, NotHere(what, hint=hint))
        found.status_code = error.status_code
        found.headers.update(error.headers or {})
        return found

    async def answer_bug(request: Request, error: Exception) -> Response:
        del error  # the log has it; what it says is nobody's careful sentence
        return answer_to(request.scope, ServerBug("this is a bug in Tidegate", hint="the server's log has more"))

    async def answer_handed_back(request: Request, error: Exception) -> Response:
        del error
        stops = ServerStops("the server is being stopped", hint="ask again: it goes on where it has ended")
        return answer_to(request.scope, stops)

    app.add_exception_handler(TidegateError, answer_error)
    app.add_exception_handler(HandedBack, answer_handed_back)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(HTTPException, answer_http)
    app.add_exception_handler(Exception, answer_bug)

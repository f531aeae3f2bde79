"""The one shape of errors over HTTP: the very document that `tidegate … -o json` writes, with a status."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Request
from fastapi.responses import JSONResponse

from tidegate.errors import AuthenticationError, Blocked, Place, TidegateError, UsageError
from tidegate.errors.server import WebhookTooLarge


def status_of(error: TidegateError) -> HTTPStatus:
    """Return the status that `error` is answered with, by its class."""
    match error:
        case WebhookTooLarge():
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        case AuthenticationError():
            return HTTPStatus.UNAUTHORIZED
        case UsageError():
            return HTTPStatus.BAD_REQUEST
        case Blocked():
            return HTTPStatus.CONFLICT
        case _:
            return HTTPStatus.SERVICE_UNAVAILABLE if error.retryable else HTTPStatus.INTERNAL_SERVER_ERROR


def document_of(error: TidegateError) -> dict[str, object]:
    """Return `error` for programs."""
    place = error.where if isinstance(error.where, Place) else None
    return {
        "error": {
            "code": error.code,
            "what": error.what,
            "where": None if error.where is None else str(error.where),
            "place": place and {"file": place.file, "line": place.line, "column": place.column},
            "hint": error.hint,
            "exitCode": error.exit_code,
            "retryable": error.retryable,
        }
    }


async def answer_error(request: Request, error: Exception) -> JSONResponse:
    """Return the answer to a request that ended with a `TidegateError`."""
    del request
    if not isinstance(error, TidegateError):
        raise error
    return JSONResponse(document_of(error), status_of(error))

"""Requests that somebody is told of, whoever sends them."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from tidegate.errors import TidegateError
from tidegate.http.client import InFlight, Sender, later
from tidegate.http.messages import Request, Response
from tidegate.http.url import without_secrets
from tidegate.ports.telemetry import Ending, Kind, Operation, Telemetry

_BROKEN: Final = "interrupted"


class ToldOf:
    """Sends requests, and tells of each: from its first byte to the head of the answer, redirects among it.

    Args:
        sender: sends them.
        telemetry: is told.
        kind: what they are sent to.
        name_of: gives what a request does, in one of few words.
        account: the registry account's name, or "".
    """

    def __init__(
        self, sender: Sender, telemetry: Telemetry, kind: Kind, name_of: Callable[[Request], str], account: str = ""
    ) -> None:
        self._sender = sender
        self._telemetry = telemetry
        self._kind = kind
        self._name_of = name_of
        self._account = account

    def send(self, request: Request) -> Response:
        """Send `request` and return the answer."""
        details = {"http.request.method": request.method, "url.full": without_secrets(request.url)}
        name = f"{request.method} {self._name_of(request)}"
        end = self._telemetry.begin(Operation(self._kind, name, self._account, details))
        ending = Ending(_BROKEN, failed=True)
        try:
            response = self._sender.send(request)
            ending = _answered(response.status)
        except TidegateError as error:
            ending = Ending(error.code, failed=True)
            raise
        finally:
            end(ending)
        return response

    def begin(self, request: Request) -> InFlight:
        """Return `request` as one to be sent: how long it took could not be told if others were waited for first."""
        return later(self, request)


def _answered(status: int) -> Ending:
    """Return how a request ended: 4xx are told apart, because a 404 is an answer and a 429 asks for patience."""
    is_ours = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS
    outcome = str(status) if is_ours else f"{status // 100}xx"
    return Ending(outcome, failed, details={"http.response.status_code": status})

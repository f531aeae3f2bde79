"""Requests to one registry with the Authorization that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from tidegate.errors.registry import RegistryDenied, RegistryFailed, RegistryUnauthorized
from tidegate.http import InFlight, Origin, Request, Response, Sender, Stream
from tidegate.registry.answers import unreachable

if TYPE_CHECKING:
    from tidegate.registry.auth.authorization import Authorization, Authorizer, Scopes

_MOST: Final = 4
"""Times that one request is sent: what it was sent with may have ended on the way, and the next one, too."""
_REFUSALS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""The latter is what ECR answers to a password whose twelve hours are over, besides to what is not permitted."""


class AuthorizedSender:
    """Sends one registry's requests; asked for authorization, or for a newer one, it sends again.

    Args:
        origin: the registry; what goes elsewhere, to an upload that it keeps there, has no authorization.
        client: sends them.
        authorizer: what to send as Authorization.
    """

    def __init__(self, origin: Origin, client: Sender, authorizer: Authorizer) -> None:
        self._origin = origin
        self._client = client
        self._authorizer = authorizer

    def send(self, request: Request, scopes: Scopes) -> Response:
        """Send `request`, which needs `scopes`, and return the answer.

        Raises:
            RegistryUnreachable, RegistryUnauthorized, RegistryDenied, RegistryFailed: there is none, or the registry
                wants more.
        """
        with unreachable(), _refused(request):
            sent = self._field(request, scopes)
            return self._settled(request, scopes, sent, partial(self._client.send, _authorized(request, sent)))

    def begin(self, request: Request, scopes: Scopes) -> InFlight:
        """Send `request`, whose body is no stream, and return before the answer comes; raises as `send`."""
        with unreachable(), _refused(request):
            sent = self._field(request, scopes)
            begun = self._client.begin(_authorized(request, sent))

        def answer() -> Response:
            with unreachable(), _refused(request):
                return self._settled(request, scopes, sent, begun.answer)

        return InFlight(answer, begun.abandon)

    def _field(self, request: Request, scopes: Scopes) -> Authorization | None:
        return self._authorizer.field(scopes) if Origin.of(request.url) == self._origin else None

    def _settled(
        self, request: Request, scopes: Scopes, sent: Authorization | None, answer: Callable[[], Response]
    ) -> Response:
        """Return the answer to `request`, which was sent with `sent`, or to a later one."""
        response, times = answer(), 1
        while (newer := self._newer(response, scopes, sent, is_last=times == _MOST)) is not None:
            sent = newer
            if isinstance(request.body, Stream):
                raise RegistryFailed("the registry asks for new authorization in mid-transfer", where=str(request))
            response, times = self._client.send(_authorized(request, sent)), times + 1
        if sent is not None and response.status < HTTPStatus.BAD_REQUEST:
            self._authorizer.accepted(scopes)
        return response

    def _newer(
        self, response: Response, scopes: Scopes, sent: Authorization | None, *, is_last: bool
    ) -> Authorization | None:
        """Return what to send instead of `sent`, and close `response`; None when `response` is the answer."""
        # What a redirect leads to may ask for credentials, too, and name a place for them: they are not for it.
        if response.status not in _REFUSALS or Origin.of(response.request.url) != self._origin:
            return None
        if response.status == HTTPStatus.UNAUTHORIZED:
            with response:
                asked = response.headers("WWW-Authenticate")
            if is_last:
                raise self._authorizer.refused(scopes)
            return self._authorizer.answer(asked, scopes, sent)
        newer = self._authorizer.newer(sent) if sent is not None and not is_last else None
        if newer is not None:
            response.close()
        return newer


@contextmanager
def _refused(request: Request) -> Iterator[None]:
    """Have a refusal say of which request it is.

    One that says so already is another's: of the request by which the body is read that this one sends.
    """
    try:
        yield
    except (RegistryDenied, RegistryUnauthorized) as error:
        if error.where == str(Origin.of(request.url)):
            error.where = str(request)
        raise


def _authorized(request: Request, sent: Authorization | None) -> Request:
    return replace(request, headers={**request.headers, "Authorization": sent.value}) if sent else request

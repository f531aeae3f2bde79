"""Requests to one registry with the Authorization that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from tidegate.errors.registry import RegistryFailed, RegistryUnauthorized
from tidegate.http import InFlight, Origin, Request, Response, Sender, Stream
from tidegate.registry.answers import unreachable

if TYPE_CHECKING:
    from tidegate.registry.authorization import Authorizer, Scopes


class AuthorizedSender:
    """Sends one registry's requests; asked for authorization, or for a newer one, it sends once more.

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
            RegistryUnreachable, RegistryUnauthorized, RegistryFailed: there is none, or the registry wants more.
        """
        with unreachable(), _refused(request):
            field = self._field(request, scopes)
            return self._settled(request, scopes, field, partial(self._client.send, _authorized(request, field)))

    def begin(self, request: Request, scopes: Scopes) -> InFlight:
        """Send `request`, whose body is no stream, and return before the answer comes; raises as `send`."""
        with unreachable(), _refused(request):
            field = self._field(request, scopes)
            begun = self._client.begin(_authorized(request, field))

        def answer() -> Response:
            with unreachable(), _refused(request):
                return self._settled(request, scopes, field, begun.answer)

        return InFlight(answer, begun.abandon)

    def _field(self, request: Request, scopes: Scopes) -> str | None:
        return self._authorizer.field(scopes) if Origin.of(request.url) == self._origin else None

    def _settled(self, request: Request, scopes: Scopes, field: str | None, answer: Callable[[], Response]) -> Response:
        """Return the answer to `request`, which was sent with `field`, or to a second one."""
        response = answer()
        if response.status != HTTPStatus.UNAUTHORIZED or Origin.of(request.url) != self._origin:
            return response
        with response:
            asked = response.headers("WWW-Authenticate")
        field = self._authorizer.answer(asked, scopes, field)
        if isinstance(request.body, Stream):
            raise RegistryFailed("the registry asks for new authorization in mid-transfer", where=str(request))
        response = self._client.send(_authorized(request, field))
        if response.status == HTTPStatus.UNAUTHORIZED:
            with response:
                raise self._authorizer.refused()
        return response


@contextmanager
def _refused(request: Request) -> Iterator[None]:
    """Have a refusal say of which request it is."""
    try:
        yield
    except RegistryUnauthorized as error:
        error.where = str(request)
        raise


def _authorized(request: Request, field: str | None) -> Request:
    return replace(request, headers={**request.headers, "Authorization": field}) if field else request

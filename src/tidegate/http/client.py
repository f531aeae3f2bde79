"""The client: one request, one answer; redirects by rule, stale connections replaced."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from tidegate.errors.http import AddressRefused, ConnectionBroken, FieldInvalid
from tidegate.http.connections import Connection, Pool
from tidegate.http.inflow import Body
from tidegate.http.messages import Request, Response, Stream, reason
from tidegate.http.proxies import Proxies
from tidegate.http.sockets import Timeouts, Trust
from tidegate.http.url import Origin, resolve, target
from tidegate.http.wire import NotHttp, request_head

if TYPE_CHECKING:
    import logging

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_SECRET_FIELDS: Final = frozenset({"authorization", "cookie", "job-token"})
_SHORT: Final = 32 * 1024
"""Bytes of a body that go with the head."""
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class Sender(Protocol):
    """Whatever sends a request: a client, or something before it."""

    def send(self, request: Request) -> Response:
        """Send `request` and return the answer; see `Client.send`."""
        ...


class Client:
    """Sends requests over connections that are kept open. Safe for use by many threads at once.

    Args:
        user_agent: what we call ourselves.
        timeouts: how long to wait.
        trust: whose certificates are believed.
        proxies: which proxies to go through.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        timeouts: Timeouts | None = None,
        trust: Trust | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self._user_agent = user_agent
        self._pool = Pool(timeouts or Timeouts(), trust or Trust(), proxies or Proxies())

    def send(self, request: Request) -> Response:
        """Send `request` and return the answer, whatever its status; its body is still to be read.

        Redirects of GET and HEAD are followed, at most five: never from https to http, never to a link-local
        address, but as `request.allowed` says; and without credentials once they leave the host. Other methods'
        redirects are returned.

        Raises:
            HostUnreachable, ConnectionBroken, ServerNotTrusted, AddressRefused, FieldInvalid, InvalidUrl: from
                `tidegate.errors.http`.
        """
        first = request
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._exchange(request)
            _tell(response)
            location = response.header("Location")
            if request.method not in {"GET", "HEAD"} or response.status not in _REDIRECTS or location is None:
                return response
            response.close()
            request = _follow(request, location)
        raise AddressRefused(f"the server redirects more than {_MOST_REDIRECTS} times", where=str(first))

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(self, request: Request) -> Response:
        origin = Origin.of(request.url)
        given = request.given_by_server and origin not in request.allowed
        connection = self._pool.take(origin, fresh=False, given_by_server=given)
        try:
            return self._attempt(connection, request)
        except ConnectionBroken:
            # The other end may close an idle connection at the moment we use it. No byte of an answer has come.
            again = connection.used and request.method in _IDEMPOTENT and not isinstance(request.body, Stream)
            if not again:
                raise
        return self._attempt(self._pool.take(origin, fresh=True, given_by_server=given), request)

    def _attempt(self, connection: Connection, request: Request) -> Response:
        answered = False
        try:
            self._write(connection, request)
            with _BreaksAs(request):
                head = connection.inflow.head()
                body = Body(connection.inflow, head, request.method)
            answered = True
        finally:
            if not answered:
                connection.close()

        def release(reusable: bool) -> None:  # noqa: FBT001 - called by Response only
            if reusable:
                self._pool.give_back(connection)
            else:
                connection.close()

        return Response(request, head, body, release)

    def _write(self, connection: Connection, request: Request) -> None:
        head = self._head(connection, request)
        pieces = _pieces(request.body)
        first = next(pieces, b"")
        if len(first) <= _SHORT:  # one packet, and one turn of the server's, for a small request
            head, first = head + first, b""
        with _BreaksAs(request):
            connection.sock.sendall(head)
        for piece in chain((first,) if first else (), pieces):
            try:
                with _BreaksAs(request):
                    connection.sock.sendall(piece)
            except ConnectionBroken as error:
                if isinstance(error.__cause__, BrokenPipeError | ConnectionResetError):
                    return  # a server that refuses early says why before it closes: its answer tells
                raise

    def _head(self, connection: Connection, request: Request) -> bytes:
        there = f"{connection.origin if connection.absolute else ''}{target(request.url)}"
        try:
            return request_head(request.method, there, connection.origin.authority, self._fields(connection, request))
        except ValueError as error:
            what = f"the field {error} holds what can't be sent"
            raise FieldInvalid(
                what, where=str(request), hint="it comes from what is sent: a line break is no text"
            ) from None

    def _fields(self, connection: Connection, request: Request) -> Mapping[str, str]:
        fields = {"User-Agent": self._user_agent, **request.headers}
        if isinstance(request.body, Stream):
            fields["Content-Length"] = str(request.body.length)
        elif request.body is not None or request.method in {"POST", "PUT", "PATCH"}:
            fields["Content-Length"] = str(len(request.body or b""))
        if connection.proxy_authorization:
            fields["Proxy-Authorization"] = connection.proxy_authorization
        return fields


class _BreaksAs:
    """Turns what breaks a connection before the answer into our error. One is made for each turn of each request."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(value, OSError | NotHttp):
            what = f"the connection broke before an answer ({reason(value)})"
            raise ConnectionBroken(what, where=str(self._request)) from value


def _tell(response: Response) -> None:
    """Log one exchange. Whoever listens has imported `logging`; for nobody it would be a tenth of a retag's time."""
    if "logging" in sys.modules:
        _log().debug("%s: %d", response.request, response.status)


@functools.cache
def _log() -> logging.Logger:
    import logging  # noqa: PLC0415 - see above

    return logging.getLogger(__name__)


def _pieces(body: bytes | Stream | None) -> Iterator[bytes]:
    return body.pieces if isinstance(body, Stream) else iter((body,) if body else ())


def _follow(request: Request, location: str) -> Request:
    url = resolve(request.url, location, request.allowed)
    headers = request.headers
    if Origin.of(url) != Origin.of(request.url):
        headers = {name: value for name, value in headers.items() if name.lower() not in _SECRET_FIELDS}
    return replace(request, url=url, headers=headers, given_by_server=True)

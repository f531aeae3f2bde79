"""The client: one request, one answer; redirects by rule, stale connections replaced."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self

from tidegate.errors.http import AddressRefused, ConnectionBroken, FieldInvalid
from tidegate.http.connections import Connection, Pool
from tidegate.http.inflow import Body
from tidegate.http.messages import Request, Response, Stream, hung_up, reason
from tidegate.http.proxies import Proxies
from tidegate.http.sockets import Timeouts, Trust, closed_on_error
from tidegate.http.url import Origin, resolve, target
from tidegate.http.wire import NotHttp, request_head

if TYPE_CHECKING:
    import logging

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_SECRET_FIELDS: Final = frozenset({"authorization", "cookie", "job-token"})
_SHORT: Final = 32 * 1024
"""Bytes of a body that go with the head."""
_BYTES_PER_SECOND: Final = 8 * 1024 * 1024
"""For each so many bytes of a streamed body, a server is given a second more to answer: before it says that it has a
blob, it may read it again, or move it within its object store."""
_LONGEST: Final = 1800.0
"""Seconds more at most: a server that is silent for longer will not answer."""
_AS_USUAL: Final = nullcontext()
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class InFlight(NamedTuple):
    """A request that is on its way. Call one of the two, once.

    Args:
        answer: waits for the answer and returns it; see `Client.send`.
        abandon: gives it up.
    """

    answer: Callable[[], Response]
    abandon: Callable[[], None]


class Sender(Protocol):
    """Whatever sends a request: a client, or something before it."""

    def send(self, request: Request) -> Response:
        """Send `request` and return the answer; see `Client.send`."""
        ...

    def begin(self, request: Request) -> InFlight:
        """Send `request` and return before the answer comes; see `Client.begin`."""
        ...


def later(sender: Sender, request: Request) -> InFlight:
    """Return `request` as one that is sent when its answer is waited for: there is no place for it now."""
    return InFlight(partial(sender.send, request), lambda: None)


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
        return self.begin(request).answer()

    def begin(self, request: Request) -> InFlight:
        """Send `request` and return before the answer comes: several are on their way at once in one thread.

        Raises:
            HostUnreachable, ConnectionBroken, ServerNotTrusted, AddressRefused, FieldInvalid, InvalidUrl: as `send`;
                what goes wrong afterwards comes with the answer.
        """
        connection = self._begun(request)
        return InFlight(partial(self._answer, connection, request), connection.close)

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, connection: Connection, request: Request) -> Response:
        """Return the answer to `request`, which was written to `connection`; redirects are followed."""
        first, left = request, _MOST_REDIRECTS
        while True:
            response = self._received(connection, request)
            _tell(response)
            location = response.header("Location")
            if request.method not in {"GET", "HEAD"} or response.status not in _REDIRECTS or location is None:
                return response
            response.close()
            if not left:
                raise AddressRefused(f"the server redirects more than {_MOST_REDIRECTS} times", where=str(first))
            left -= 1
            request = _follow(request, location)
            connection = self._begun(request)

    def _begun(self, request: Request, *, fresh: bool = False) -> Connection:
        """Return a connection to which `request` was written: an idle one, or a new one (always with `fresh`)."""
        origin = Origin.of(request.url)
        given = request.given_by_server and origin not in request.allowed
        connection = self._pool.take(origin, fresh=fresh, given_by_server=given)
        try:
            with closed_on_error(connection.sock):
                self._write(connection, request)
        except ConnectionBroken:
            if not _may_go_again(connection, request):
                raise
            return self._begun(request, fresh=True)
        return connection

    def _received(self, connection: Connection, request: Request) -> Response:
        """Return the answer that comes on `connection`, or on a new one."""
        try:
            with closed_on_error(connection.sock), _BreaksAs(request), _given_time(connection, request.body):
                head = connection.inflow.head()
                body = Body(connection.inflow, head, request.method)
        except ConnectionBroken:
            if not _may_go_again(connection, request):
                raise
            return self._received(self._begun(request, fresh=True), request)

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
                if hung_up(error.__cause__):
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


def _given_time(connection: Connection, body: bytes | Stream | None) -> AbstractContextManager[None]:
    """Return a context in which an answer to `body` may take as long as it has reason to."""
    if not isinstance(body, Stream) or body.length < _BYTES_PER_SECOND:
        return _AS_USUAL
    return connection.patient(min(body.length / _BYTES_PER_SECOND, _LONGEST))


def _may_go_again(connection: Connection, request: Request) -> bool:
    """Return whether a request that found its connection broken, before any answer, may be sent once more.

    The other end may close an idle connection at the moment we use it.
    """
    return connection.used and request.method in _IDEMPOTENT and not isinstance(request.body, Stream)


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
    headers, here, there = request.headers, Origin.of(request.url), Origin.of(url)
    if there != here:
        headers = {name: value for name, value in headers.items() if name.lower() not in _SECRET_FIELDS}
    given = request.given_by_server or there.host != here.host
    return replace(request, url=url, headers=headers, given_by_server=given)

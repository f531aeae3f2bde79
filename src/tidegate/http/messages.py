"""Request and response. A body streams both ways in bounded pieces."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from tidegate.errors.http import ConnectionBroken, ResponseTooLarge
from tidegate.http.inflow import Body, EndedEarly
from tidegate.http.url import Origin, without_secrets
from tidegate.http.wire import Head, NotHttp

PIECE: Final = 256 * 1024
"""Bytes of one piece of a body: large enough that the interpreter costs little, small enough for many at once."""
_SHORT: Final = 16 * 1024
"""Bytes of a body that are rather read than thrown away with their connection."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A request body that is produced while it is sent. It can be sent once.

    Args:
        length: bytes, exactly; whoever makes `pieces` sees to it.
        pieces: the bytes. What it raises ends the request, closes the connection and comes out as it is.
    """

    length: int
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Args:
        method: e.g. `GET`.
        url: absolute http or https URL.
        headers: fields besides Host, Content-Length and User-Agent.
        body: bytes, a stream, or None for no body.
        given_by_server: the URL came from a server's answer: it may not lead to a link-local address.
        allowed: where a server may send us although it is plain HTTP or link-local.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | Stream | None = field(default=None, repr=False)
    given_by_server: bool = False
    allowed: frozenset[Origin] = frozenset()

    def __str__(self) -> str:
        return f"{self.method} {without_secrets(self.url)}"


class Response:
    """One answer, whose body has not been read yet. Close it, or use it in a `with` statement.

    Args:
        request: what it answers; after redirects, the last request.
        head: status and fields.
        body: the body.
        release: called once when done, with whether the connection can be used again.
    """

    def __init__(self, request: Request, head: Head, body: Body, release: Callable[[bool], None]) -> None:
        self.request = request
        self.status = head.status
        self._fields = head.fields
        self._body = body
        self._release: Callable[[bool], None] | None = release
        self.length = body.length
        """Bytes of the body, or None when the server does not say before it ends."""

    def header(self, name: str) -> str | None:
        """Return the first field called `name` (any case), or None."""
        return next(iter(self.headers(name)), None)

    def headers(self, name: str) -> tuple[str, ...]:
        """Return all fields called `name` (any case), in order."""
        return self._fields.get(name.lower(), ())

    def pieces(self) -> Iterator[bytes]:
        """Yield the body in pieces of at most `PIECE` bytes.

        Raises:
            ConnectionBroken: it broke, fell silent or ended early.
        """
        while piece := self._read(PIECE):
            yield piece
        self.close()

    def read(self, limit: int) -> bytes:
        """Return the whole body, at most `limit` bytes.

        Raises:
            ResponseTooLarge: there is more.
            ConnectionBroken: it broke, fell silent or ended early.
        """
        data = bytearray()
        for piece in self.pieces():
            data += piece
            if len(data) > limit:
                raise ResponseTooLarge(f"the answer is longer than {limit} bytes", where=str(self.request))
        return bytes(data)

    def close(self) -> None:
        """Give the connection back when the body was read, or what is left of it is short; else close it."""
        if self._release is None:
            return
        if self._body.left is not None and self._body.left <= _SHORT:
            self._finish()
        self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if value is None:
            self.close()
        else:
            self._let_go()

    def _finish(self) -> None:
        try:
            while self._body.read(PIECE):
                pass
        except (OSError, EndedEarly):
            return  # nobody wanted it; the connection is not used again

    def _let_go(self) -> None:
        if self._release is not None:
            release, self._release = self._release, None
            release(self._body.leaves_reusable)

    def _read(self, size: int) -> bytes:
        try:
            return self._body.read(size)
        except EndedEarly as error:
            raise ConnectionBroken(str(error), where=str(self.request)) from error
        except (OSError, NotHttp) as error:
            what = f"the connection broke in the middle of the answer ({reason(error)})"
            raise ConnectionBroken(what, where=str(self.request)) from error


def reason(error: BaseException) -> str:
    """Return a short cause for a person: no addresses of objects, no empty text."""
    if isinstance(error, TimeoutError | BlockingIOError):  # the latter is what SO_RCVTIMEO ends with
        return "no answer in time"
    if "ssl" in sys.modules and (text := _tls_reason(error)):
        return text
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text or type(error).__name__)[:200]


def hung_up(error: BaseException | None) -> bool:
    """Return whether `error` is what sending ends with when the other end has closed."""
    if isinstance(error, BrokenPipeError | ConnectionResetError):
        return True
    if "ssl" not in sys.modules:
        return False
    import ssl  # noqa: PLC0415 - it is imported already, or nothing came by TLS

    return isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)


def _tls_reason(error: BaseException) -> str | None:
    import ssl  # noqa: PLC0415 - as in `hung_up`

    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "the server closed the connection"
    if isinstance(error, ssl.SSLError) and error.reason:  # OpenSSL's name, without a line of Python's sources
        return f"TLS: {error.reason.replace('_', ' ').lower()}"
    return None

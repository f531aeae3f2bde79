"""Request and response. A body streams both ways in bounded pieces."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from tidegate.errors.http import ConnectionBroken, ResponseTooLarge
from tidegate.http.url import without_secrets

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
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | Stream | None = field(default=None, repr=False)
    given_by_server: bool = False

    def __str__(self) -> str:
        return f"{self.method} {without_secrets(self.url)}"


class Response:
    """One answer, whose body has not been read yet. Close it, or use it in a `with` statement.

    Args:
        request: what it answers; after redirects, the last request.
        raw: the answer as http.client has it.
        release: called once when done, with whether the connection can be used again.
    """

    def __init__(self, request: Request, raw: http.client.HTTPResponse, release: Callable[[bool], None]) -> None:
        self.request = request
        self.status = raw.status
        self._raw = raw
        self._release: Callable[[bool], None] | None = release
        self._left = raw.length
        self.length = raw.length
        """Bytes of the body, or None when the server does not say before it ends."""

    def header(self, name: str) -> str | None:
        """Return the first field called `name` (any case), or None."""
        return self._raw.headers.get(name)

    def headers(self, name: str) -> tuple[str, ...]:
        """Return all fields called `name` (any case), in order."""
        return tuple(self._raw.headers.get_all(name, []))

    def pieces(self) -> Iterator[bytes]:
        """Yield the body in pieces of at most `PIECE` bytes.

        Raises:
            ConnectionBroken: it broke, fell silent or ended early.
        """
        while piece := self._read(PIECE):
            yield piece
        self._done()

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
        if self._left is not None and self._left <= _SHORT:
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
        """Read what is left: also an empty body, as of HEAD, ends only when it is asked for."""
        try:
            while self._raw.read(PIECE):
                pass
        except (OSError, http.client.HTTPException):
            return  # nobody wanted it; the connection is not used again

    def _let_go(self) -> None:
        if self._release is not None:
            release, self._release = self._release, None
            release(self._raw.isclosed() and not self._raw.will_close)
            self._raw.close()

    def _read(self, size: int) -> bytes:
        try:
            piece = self._raw.read(size)
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionBroken(
                f"the connection broke in the middle of the answer ({reason(error)})", where=str(self.request)
            ) from error
        if self._left is not None:
            self._left -= len(piece)
            if not piece and self._left:
                raise ConnectionBroken(f"the answer ended {self._left} bytes early", where=str(self.request))
        return piece

    def _done(self) -> None:
        if self._raw.isclosed():
            self.close()


def reason(error: BaseException) -> str:
    """Return a short cause for a person: no addresses of objects, no empty text."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text or type(error).__name__)[:200]

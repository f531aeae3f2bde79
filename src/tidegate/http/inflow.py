"""What arrives on a connection: heads, and bodies in large pieces."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from typing import Final

from tidegate.http.wire import Head, NotHttp, body_length, check_trailers, chunk_size, is_chunked, parse_head

_READ_AHEAD: Final = 16 * 1024
_LONGEST_HEAD: Final = 64 * 1024
_LONGEST_LINE: Final = 4 * 1024
_MOST_TRAILERS: Final = 100
_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
_END_OF_LINE: Final = re.compile(rb"\n")
_INTERIM: Final = range(100, 200)
_SWITCHING: Final = 101
_MOST_INTERIM: Final = 100


class EndedEarly(Exception):
    """The connection ended before the body did.

    Args:
        left: bytes that are missing.
    """

    def __init__(self, left: int) -> None:
        from tidegate.counted import counted  # noqa: PLC0415 - for what goes wrong only

        super().__init__(f"the answer ended {counted(left, 'byte')} early")


class Inflow:
    """The bytes that arrive on a socket, with a little read ahead. In one thread's hands at a time.

    Args:
        sock: the socket.
        whole: its `recv` can wait until all that is asked for is there: one call for a large piece, where the system
            would else wake us for each packet. TLS can't, and a socket with a timeout of Python's can't.
    """

    def __init__(self, sock: socket.socket, *, whole: bool) -> None:
        self._sock = sock
        self._whole = whole
        self._held = b""
        self._failed: OSError | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was read ahead, nor is held by TLS: nobody who waits at the socket would hear of that."""
        pending: Callable[[], int] = getattr(self._sock, "pending", int)
        return not self._held and not pending()

    def head(self) -> Head:
        """Return the next head that is not an interim one (RFC 9110, 15.2).

        Raises:
            NotHttp: what comes is none.
            OSError: the connection broke, or fell silent.
        """
        for _ in range(_MOST_INTERIM):
            head = parse_head(self._until(_END_OF_HEAD, _LONGEST_HEAD))
            if head.status not in _INTERIM:
                return head
            if head.status == _SWITCHING:  # nobody asked for it (RFC 9110, 15.2.2)
                raise NotHttp("the server speaks something else from now on")
        raise NotHttp("the answer does not come")

    def line(self) -> bytes:
        """Return the next line of a body in chunks, without its end; raises as `head` does."""
        line = self._until(_END_OF_LINE, _LONGEST_LINE)
        if not line.endswith(b"\r\n"):
            raise NotHttp("a line between chunks has no end of its own")
        return line[:-2]

    def some(self, size: int) -> bytes:
        """Return the next bytes: what was read ahead, else `size`, fewer at the connection's end or before it breaks.

        Raises:
            OSError: it broke, or fell silent; TLS was ended without close_notify (RFC 9112, 9.8).
        """
        if self._held:
            found, self._held = self._held[:size], self._held[size:]
            return found
        if self._whole:
            return self._sock.recv(size, socket.MSG_WAITALL)
        if self._failed is not None:
            raise self._failed
        piece = bytearray(size)
        view, filled = memoryview(piece), 0
        try:
            while filled < size and (more := self._sock.recv_into(view[filled:])):
                filled += more
        except OSError as error:
            if not filled:
                raise
            self._failed = error
        return bytes(view[:filled])

    def _until(self, end: re.Pattern[bytes], limit: int) -> bytes:
        data, looked = self._held, 0
        while (match := end.search(data, looked)) is None:
            if len(data) > limit:
                raise NotHttp("the answer's fields do not end")
            looked = max(0, len(data) - 2)
            more = self._sock.recv(_READ_AHEAD)
            if not more:
                raise NotHttp("the answer ended in its fields" if data else "the server closed the connection")
            data += more
        self._held = data[match.end() :]
        return data[: match.end()]


class Body:
    """The body of one answer. Read it in one thread.

    Args:
        inflow: where it comes from.
        head: the answer's head.
        method: the request's method.

    Raises:
        NotHttp: how it is framed can't be told.
    """

    def __init__(self, inflow: Inflow, head: Head, method: str) -> None:
        self.length = body_length(head, method)
        """Bytes, or None when the server does not say before it ends."""
        self.left = self.length
        """Bytes still to be read, or None."""
        self.is_over = self.length == 0
        """Whether it was read to its end."""
        self._inflow = inflow
        self._is_chunked = self.length is None and is_chunked(head)
        self._chunk = 0
        self._keeps_open = head.keeps_open and (self._is_chunked or self.length is not None)

    @property
    def leaves_reusable(self) -> bool:
        """Whether another request may follow on the connection: the body was read, and nothing came behind it."""
        return self.is_over and self._keeps_open and self._inflow.is_empty

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`; none at the end.

        Raises:
            EndedEarly: the connection ended before the body.
            NotHttp: a chunk can't be read.
            OSError: the connection broke, or fell silent.
        """
        if self.is_over:
            return b""
        if self._is_chunked:
            return self._read_chunk(size)
        piece = self._inflow.some(size if self.left is None else min(size, self.left))
        if self.left is None:
            self.is_over = not piece
        elif not piece:
            raise EndedEarly(self.left)
        else:
            self.left -= len(piece)
            self.is_over = not self.left
        return piece

    def _read_chunk(self, size: int) -> bytes:
        if not self._chunk:
            self._chunk = chunk_size(self._inflow.line())
        if not self._chunk:
            self._pass_over_trailers()
            self.is_over = True
            return b""
        piece = self._inflow.some(min(size, self._chunk))
        if not piece:
            raise NotHttp("the answer ended in a chunk")
        self._chunk -= len(piece)
        if not self._chunk and self._inflow.line():
            raise NotHttp("a chunk is longer than it says")
        return piece

    def _pass_over_trailers(self) -> None:
        lines: list[bytes] = []
        while line := self._inflow.line():
            lines.append(line)
            if len(lines) >= _MOST_TRAILERS:
                raise NotHttp("the answer's trailers do not end")
        check_trailers(lines)

"""Connections: what one may cost us, whoever is at its other end.

uvicorn waits without end for the rest of a request, and for somebody who reads no answer.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TICKS: Final = 10
"""Of a tenth of a second."""
_LONGEST: Final = 64 * 1024
"""Bytes that may come before something is done with them: uvicorn keeps what is no body, however much it is."""
_MOST_FILES: Final = 16_384
_OTHER_FILES: Final = 256
"""Open files that are no connections: of git, of registries, of images that are copied."""


@dataclass(frozen=True, slots=True)
class Patience:
    """What the other end of a connection gets.

    Args:
        request: seconds until a request must be whole, from its first byte, or from the connection's beginning.
        answer: seconds for which a piece of an answer may lie unread.
        connections: how many there are at once. For one more, the one goes whose request is awaited longest.
    """

    request: float = 20
    answer: float = 30
    connections: int = 4000


class PatientProtocol(HttpToolsProtocol):
    """HTTP on one connection, for as long as the other end does its part."""

    patience: ClassVar[Patience] = Patience()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Await a request."""
        super().connection_made(transport)
        self._awaited: float | None = self.loop.time()
        self._unread: float | None = None
        self._kept = 0
        if len(self.connections) > self.patience.connections:
            self._make_room()

    def _make_room(self) -> None:
        open_ = [each for each in self.connections if isinstance(each, PatientProtocol) and each.is_open]
        if len(open_) > self.patience.connections:
            min(open_, key=PatientProtocol.awaited_since).transport.abort()

    @property
    def is_open(self) -> bool:
        """Whether it is not about to be closed."""
        return not self.transport.is_closing()

    def awaited_since(self) -> float:
        """Return since when a request is awaited, as the loop's time; far in the future when none is."""
        return float("inf") if self._awaited is None else self._awaited

    def data_received(self, data: bytes) -> None:
        """Take it in, unless there is more than any request's line and fields, or trailers, have."""
        self._kept += len(data)
        super().data_received(data)
        if self._kept > _LONGEST and self.is_open:
            self.send_400_response("This request is too long.")

    def on_body(self, body: bytes) -> None:
        """Hand it on: whoever wants it says how much."""
        super().on_body(body)
        self._kept = 0

    def on_message_begin(self) -> None:
        """Await the rest of a request."""
        super().on_message_begin()
        self._awaited = self.loop.time()

    def on_message_complete(self) -> None:
        """Await nothing."""
        super().on_message_complete()
        self._awaited = None
        self._kept = 0

    def pause_writing(self) -> None:
        """Await that somebody reads."""
        super().pause_writing()
        self._unread = self.loop.time()

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        self._unread = None

    def look(self, now: float) -> None:
        """Close the connection if patience is over."""
        if self._unread is not None and now - self._unread > self.patience.answer:
            self.transport.abort()  # to close it would be to wait until it was read
        elif self._awaited is not None and now - self._awaited > self.patience.request:
            self.transport.close()


class Server(uvicorn.Server):
    """Serves until it is told to stop, and looks at its connections each second.

    It leaves signals to the process: uvicorn would raise them again, and the exit code would not be 0.
    """

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Do what is to be done ten times a second; return whether to stop."""
        if counter % _TICKS == 0:
            now = asyncio.get_running_loop().time()
            for each in tuple(self.server_state.connections):
                if isinstance(each, PatientProtocol):
                    each.look(now)
        return await super().on_tick(counter)


def protocol_for_all_files() -> type[PatientProtocol]:
    """Return the protocol with as many connections as this process can have, when it takes all files it may open."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _MOST_FILES if most == resource.RLIM_INFINITY else min(most, _MOST_FILES)
    if soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    usual = PatientProtocol.patience
    room = max(files, soft) - _OTHER_FILES

    class Protocol(PatientProtocol):
        patience = Patience(usual.request, usual.answer, max(1, min(usual.connections, room)))

    return Protocol

"""A client that asks at a given rate, and clients that follow server-sent events.

They are as small as can be: they share the machine with what they measure.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Measured:
    """What was seen: answers by status, and seconds from when a request was due until its answer was there."""

    answers: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    took: float = 0.0
    largest: int = 0

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.took

    def percentile(self, share: float) -> float:
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(len(self.seconds) * share))]


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


async def ask(port: int, requests: Callable[[int], bytes], *, rate: float, seconds: float, clients: int) -> Measured:
    """Ask `rate` times a second, by so many connections. A late answer delays no other request's due time."""
    measured, due = Measured(), asyncio.Queue[tuple[int, float] | None]()
    workers = [asyncio.create_task(_client(port, requests, due, measured)) for _ in range(clients)]
    await asyncio.sleep(0.2)
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        at = began + number / rate
        if (ahead := at - time.perf_counter()) > 0:
            await asyncio.sleep(ahead)
        due.put_nowait((number, at))
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    measured.took = time.perf_counter() - began
    return measured


async def _client(
    port: int, requests: Callable[[int], bytes], due: asyncio.Queue[tuple[int, float] | None], measured: Measured
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    while (next_one := await due.get()) is not None:
        number, at = next_one
        writer.write(requests(number))
        head = await reader.readuntil(b"\r\n\r\n")
        fields = head.lower()
        length = int(fields.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if length:
            await reader.readexactly(length)
        measured.seconds.append(time.perf_counter() - at)
        measured.answers[int(head[9:12])] += 1
        measured.largest = max(measured.largest, length)
    writer.close()


class Followers:
    """Clients of server-sent events; a context manager."""

    def __init__(self, port: int, path: str, count: int) -> None:
        self._port, self._path, self._count = port, path, count
        self._silent = count
        self._heard = asyncio.Event()
        self.events = [0] * count
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._follow(number)) for number in range(self._count)]
        heard = asyncio.create_task(self._heard.wait())  # each gets the board's present revision at once
        done, _ = await asyncio.wait({heard, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        assert heard in done, "a follower was sent away"
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _count_event(self, number: int) -> None:
        self._silent -= not self.events[number]
        self.events[number] += 1
        if not self._silent:
            self._heard.set()

    async def _follow(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(request("GET", self._path, {"Accept": "text/event-stream"}))
        try:
            assert b" 200 " in await reader.readline()
            while line := await reader.readline():
                if line.startswith(b"event:"):
                    self._count_event(number)
        finally:
            writer.close()

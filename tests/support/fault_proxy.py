"""A proxy before a real registry that spoils answers and requests by plan."""

from __future__ import annotations

import http.client
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from io import BufferedIOBase
from types import TracebackType
from typing import Final, Self

_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding"})
_STALL_SECONDS: Final = 20
_SWAP_SECONDS: Final = 0.05
_TOKENS: Final = "/token"


class Fault(Enum):
    """What may happen to one exchange."""

    ERROR_500 = "500"
    THROTTLED = "429 with Retry-After"
    RESET_BEFORE = "reset before the registry sees the request"
    RESET_AMID = "reset in the middle of the body"
    ANSWER_LOST = "reset after the registry has acted"
    TRUNCATED = "body ends early"
    WRONG_BYTES = "one byte of the body is changed"
    STALL = "no answer"
    DUPLICATED = "the answer comes twice"
    REORDERED = "the answer is another request's"
    EXPIRED = "401: the token is over"
    DEAD = "nobody listens"


Plan = Callable[[int, str], Fault | None]
"""Says what happens to a request, by its number from 0 and its `METHOD path`."""


@dataclass(slots=True)
class _Message:
    """A request or an answer that was read whole."""

    start: str
    fields: list[tuple[str, str]]
    body: bytes = b""

    def value(self, name: str) -> str:
        """Return a field's value, or ""."""
        return next((value for known, value in self.fields if known.lower() == name), "")


class _Swap:
    """Where two answers change places."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: _Message | None = None
        self._taken: _Message | None = None

    def give(self, answer: _Message) -> _Message:
        """Hand `answer` in and return another one, or the same when none comes in time."""
        with self._changed:
            if self._waiting is not None:
                other, self._waiting, self._taken = self._waiting, None, answer
                self._changed.notify_all()
                return other
            if self._taken is not None:  # two others are at it
                return answer
            self._waiting = answer
            if not self._changed.wait_for(lambda: self._taken is not None, _SWAP_SECONDS):
                self._waiting = None
                return answer
            other, self._taken = self._taken, None
            return other or answer


@dataclass(slots=True)
class FaultProxy:
    """Forwards to the registry at `upstream` (`host:port`); `plan` says what goes wrong. Use it in a `with` statement.

    `requests` lists what has come, as `METHOD path`. The registry's absolute addresses are rewritten to the proxy's.
    """

    upstream: str
    plan: Plan = lambda _number, _request: None
    requests: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closing: threading.Event = field(default_factory=threading.Event)
    _swap: _Swap = field(default_factory=_Swap)
    _server: _Server = field(init=False)

    def __post_init__(self) -> None:
        self._server = _Server(self)

    @property
    def host(self) -> str:
        """`127.0.0.1:port`."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The endpoint of a registry account."""
        return f"http://{self.host}"

    def use(self, plan: Plan) -> None:
        """Begin anew with another plan."""
        with self._lock:
            self.plan = plan
            self.requests.clear()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def die(self) -> None:
        """Close the door: from now on nobody listens."""
        self._server.shutdown()
        self._server.server_close()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self.die()

    def next_fault(self, request: str) -> Fault | None:
        """Note `request` and return what is to happen to it."""
        with self._lock:
            number = len(self.requests)
            self.requests.append(request)
            return self.plan(number, request)

    def stall(self) -> None:
        """Return after a time that is longer than any client waits, or when the proxy closes."""
        self._closing.wait(_STALL_SECONDS)

    def swapped(self, answer: _Message) -> _Message:
        """Return the answer to another request that is under way, which gets `answer`; `answer` when there is none."""
        return self._swap.give(answer)

    def forward(self, request: _Message) -> _Message:
        """Return the registry's answer to `request`."""
        method, path, _ = request.start.split(" ", 2)
        fields = {name: value for name, value in request.fields if name.lower() not in _HOP_BY_HOP}
        connection = http.client.HTTPConnection(self.upstream, timeout=_STALL_SECONDS)
        try:
            connection.request(method, path, request.body, {**fields, "Content-Length": str(len(request.body))})
            answer = connection.getresponse()
            body = answer.read()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
            kept = [(name, value.replace(f"http://{self.upstream}", self.url)) for name, value in kept]
            return _Message(f"HTTP/1.1 {answer.status} {answer.reason}", kept, body)
        finally:
            connection.close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: connections break here on purpose."""


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        while (request := _read_head(self.rfile)) is not None:
            proxy = self.server.proxy
            method, path, _ = request.start.split(" ", 2)
            if path.startswith(_TOKENS):
                self._answer(_Message("HTTP/1.1 200 OK", [], b'{"token": "fresh"}'))
                continue
            fault = proxy.next_fault(f"{method} {path.partition('?')[0]}")
            if not self._spoil(proxy, request, fault):
                return

    def _spoil(self, proxy: FaultProxy, request: _Message, fault: Fault | None) -> bool:
        """Carry one exchange out; return whether the connection goes on."""
        length = int(request.value("content-length") or 0)
        if fault is Fault.DEAD:
            proxy.die()
        if fault in {Fault.RESET_BEFORE, Fault.DEAD}:
            return self._reset()
        if fault is Fault.RESET_AMID and length:
            self.rfile.read(length // 2)
            return self._reset()
        request.body = self.rfile.read(length)
        if fault is Fault.STALL:
            proxy.stall()
            return False
        return self._spoil_body(proxy, request, fault)

    def _spoil_body(self, proxy: FaultProxy, request: _Message, fault: Fault | None) -> bool:
        length = len(request.body)
        if fault in {Fault.ERROR_500, Fault.THROTTLED, Fault.EXPIRED}:
            self._answer(_refusal(fault, proxy))
            return True
        if fault is Fault.WRONG_BYTES and length:
            request.body = _changed(request.body)
        if fault is Fault.TRUNCATED and length:
            request.body = request.body[: length // 2]
        answer = proxy.forward(request)
        if fault is Fault.ANSWER_LOST:
            return self._reset()
        bodyless = request.start.startswith("HEAD ")
        if fault is Fault.REORDERED:
            answer = proxy.swapped(answer)
        if fault is Fault.DUPLICATED:
            self._answer(answer, bodyless=bodyless, times=2)
        elif length or fault in {None, Fault.REORDERED}:
            self._answer(answer, bodyless=bodyless)
        else:
            return self._spoil_answer(request, answer, fault)
        return True

    def _spoil_answer(self, request: _Message, answer: _Message, fault: Fault | None) -> bool:
        bodyless = request.start.startswith("HEAD ")
        if fault is Fault.WRONG_BYTES:
            self._answer(_Message(answer.start, answer.fields, _changed(answer.body)), bodyless=bodyless)
            return True
        self._answer(answer, bodyless=bodyless, part=len(answer.body) // 2)
        if fault is Fault.RESET_AMID:
            time.sleep(0.02)  # let what was sent arrive: a reset may overtake it
            return self._reset()
        return False

    def _answer(self, answer: _Message, *, bodyless: bool = False, part: int | None = None, times: int = 1) -> None:
        fields = [(name, value) for name, value in answer.fields if bodyless or name.lower() != "content-length"]
        if not bodyless:
            fields.append(("Content-Length", str(len(answer.body))))
        head = "\r\n".join([answer.start, *(f"{name}: {value}" for name, value in fields), "", ""])
        self.wfile.write((head.encode("latin-1") + (b"" if bodyless else answer.body[:part])) * times)
        self.wfile.flush()

    def _reset(self) -> bool:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()
        return False


def _read_head(stream: BufferedIOBase) -> _Message | None:
    start = stream.readline().decode("latin-1").rstrip("\r\n")
    if not start:
        return None
    fields: list[tuple[str, str]] = []
    while line := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(":")
        fields.append((name, value.strip()))
    return _Message(start, fields)


def _refusal(fault: Fault, proxy: FaultProxy) -> _Message:
    if fault is Fault.EXPIRED:
        challenge = f'Bearer realm="{proxy.url}{_TOKENS}",service="test"'
        return _Message("HTTP/1.1 401 Unauthorized", [("WWW-Authenticate", challenge)], b"")
    if fault is Fault.THROTTLED:
        fields: Mapping[str, str] = {"Retry-After": "7", "Content-Type": "text/plain"}
        return _Message("HTTP/1.1 429 Too Many Requests", list(fields.items()), b"slow down")
    return _Message("HTTP/1.1 500 Internal Server Error", [("Content-Type", "text/html")], b"<h1>sorry</h1>")


def _changed(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :] if body else body

"""A proxy before a real registry that spoils answers and requests by plan."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from support.faults import OF_TLS, Fault, Message, Plan, changed, read_head, refusal
from support.scripted_http import CERTIFICATES

HANDSHAKE: Final = "TLS handshake"
"""What `requests` lists for each connection by TLS; a plan may spoil that, too."""
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding"})
_STALL_SECONDS: Final = 20
_SWAP_SECONDS: Final = 0.05
_TOKENS: Final = "/token"
_NO_RECORD: Final = b"\x17\x03\x03\x00\x20" + bytes(32)
"""What looks like a record of TLS, and can't be deciphered (RFC 8446, 5.2)."""
_AMID: Final = OF_TLS | {Fault.RESET_AMID}
"""What ends a connection in the middle of a body: of the request's, else of the answer's."""


class _Swap:
    """Where two answers change places."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: Message | None = None
        self._taken: Message | None = None

    def give(self, answer: Message) -> Message:
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
    With `tls` it speaks TLS, with the certificate in CERTIFICATES; it asks the registry in plain HTTP all the same.
    """

    upstream: str
    plan: Plan = lambda _number, _request: None
    tls: bool = False
    requests: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closing: threading.Event = field(default_factory=threading.Event)
    _swap: _Swap = field(default_factory=_Swap)
    _tokens: Iterator[int] = field(default_factory=itertools.count)
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
        return f"{'https' if self.tls else 'http'}://{self.host}"

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

    def next_token(self) -> int:
        """Return a token that was not given before."""
        return next(self._tokens)

    def stall(self) -> None:
        """Return after a time that is longer than any client waits, or when the proxy closes."""
        self._closing.wait(_STALL_SECONDS)

    def swapped(self, answer: Message) -> Message:
        """Return the answer to another request that is under way, which gets `answer`; `answer` when there is none."""
        return self._swap.give(answer)

    def forward(self, request: Message) -> Message:
        """Return the registry's answer to `request`."""
        method, path, _ = request.start.split(" ", 2)
        fields = {name: value for name, value in request.fields if name.lower() not in _HOP_BY_HOP}
        fields["X-Forwarded-Proto"] = "https" if self.tls else "http"
        connection = http.client.HTTPConnection(self.upstream, timeout=_STALL_SECONDS)
        try:
            connection.request(method, path, request.body, {**fields, "Content-Length": str(len(request.body))})
            answer = connection.getresponse()
            body = answer.read()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
            kept = [(name, value.replace(f"http://{self.upstream}", self.url)) for name, value in kept]
            return Message(f"HTTP/1.1 {answer.status} {answer.reason}", kept, body)
        finally:
            connection.close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)
        if proxy.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / "server.pem")
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: connections break here on purpose."""


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        if isinstance(self.request, ssl.SSLSocket) and not self._greet(self.request):
            return
        while (request := read_head(self.rfile)) is not None:
            proxy = self.server.proxy
            method, path, _ = request.start.split(" ", 2)
            if path.startswith(_TOKENS):
                self._answer(Message("HTTP/1.1 200 OK", [], b'{"token": "%d"}' % proxy.next_token()))
                continue
            fault = proxy.next_fault(f"{method} {path.partition('?')[0]}")
            if not self._spoil(proxy, request, fault):
                return

    def _greet(self, sock: ssl.SSLSocket) -> bool:
        """Carry a handshake out, or not; return whether the connection goes on.

        Nothing happens before it has begun: a reset that meets Python's `wrap_socket` would leave its socket unclosed.
        """
        socket.socket.recv(sock, 1, socket.MSG_PEEK)
        proxy = self.server.proxy
        fault = proxy.next_fault(HANDSHAKE)
        if fault is Fault.DEAD:
            proxy.die()
        if fault is Fault.STALL:
            proxy.stall()
        if fault in {Fault.STALL, Fault.TRUNCATED}:
            return False
        if fault in {Fault.DEAD, Fault.RESET_BEFORE}:
            return self._reset()
        sock.do_handshake()
        return fault not in _AMID or self._break_off(fault)

    def _spoil(self, proxy: FaultProxy, request: Message, fault: Fault | None) -> bool:
        """Carry one exchange out; return whether the connection goes on."""
        length = int(request.value("content-length") or 0)
        if fault is Fault.DEAD:
            proxy.die()
        if fault in {Fault.RESET_BEFORE, Fault.DEAD}:
            return self._reset()
        if fault in _AMID and length:
            self.rfile.read(length // 2)
            return self._break_off(fault)
        request.body = self.rfile.read(length)
        if fault is Fault.STALL:
            proxy.stall()
            return False
        return self._spoil_body(proxy, request, fault)

    def _spoil_body(self, proxy: FaultProxy, request: Message, fault: Fault | None) -> bool:
        length = len(request.body)
        if fault in {Fault.ERROR_500, Fault.THROTTLED, Fault.EXPIRED}:
            self._answer(refusal(fault, f"{proxy.url}{_TOKENS}"))
            return True
        if fault is Fault.WRONG_BYTES and length:
            request.body = changed(request.body)
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
            return self._spoil_answer(answer, fault, bodyless=bodyless)
        return True

    def _spoil_answer(self, answer: Message, fault: Fault | None, *, bodyless: bool) -> bool:
        if fault is Fault.WRONG_BYTES:
            self._answer(Message(answer.start, answer.fields, changed(answer.body)), bodyless=bodyless)
            return True
        self._answer(answer, bodyless=bodyless, in_part=True)
        return fault in _AMID and self._break_off(fault)

    def _answer(self, answer: Message, *, bodyless: bool = False, in_part: bool = False, times: int = 1) -> None:
        fields = [(name, value) for name, value in answer.fields if bodyless or name.lower() != "content-length"]
        if not bodyless:
            fields.append(("Content-Length", str(len(answer.body))))
        head = "\r\n".join([answer.start, *(f"{name}: {value}" for name, value in fields), "", ""]).encode("latin-1")
        body = b"" if bodyless else answer.body
        if in_part:
            head, body = (head, body[: len(body) // 2]) if body else (head[: len(head) // 2], b"")
        self.wfile.write((head + body) * times)
        self.wfile.flush()

    def _break_off(self, fault: Fault | None) -> bool:
        """End the connection as `fault` says; return that it does not go on."""
        sock: socket.socket = self.request
        if fault is Fault.RESET_AMID:
            time.sleep(0.02)  # let what was sent arrive: a reset may overtake it
            return self._reset()
        if fault is Fault.DAMAGED:
            socket.socket.sendall(sock, _NO_RECORD)  # below TLS
        elif fault is Fault.CLOSED and isinstance(sock, ssl.SSLSocket):
            sock.settimeout(0)
            with contextlib.suppress(OSError):  # it would wait for the other end's close_notify
                sock.unwrap()
        return False

    def _reset(self) -> bool:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()
        return False

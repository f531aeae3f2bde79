"""A loopback HTTP server whose every answer is planned; a request that no one planned is a failure of the test."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Final, Self

CERTIFICATES: Final = Path(__file__).parent.parent / "data" / "tls"
"""`server.pem` (key and certificate for localhost and 127.0.0.1, self-signed) and `ca.pem` (the certificate)."""


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    fields: Mapping[str, str]
    body: bytes

    @property
    def line(self) -> str:
        """`METHOD path?query`."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Reply:
    """What to answer. A field called Content-Length replaces the true one; `hang_up` closes after the answer."""

    status: int = 200
    body: bytes = b""
    fields: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    hang_up: bool = False


Script = Callable[[Received], Reply | None]
"""Returns the answer, or None to hang up without one."""


class ScriptedServer:
    """Answers as `script` says; use it in a `with` statement. `requests` lists what has come.

    Args:
        script: see `Script`; what it raises comes out at the end of the `with` statement.
        tls: speak TLS with the certificate in CERTIFICATES.
    """

    def __init__(self, script: Script, *, tls: bool = False) -> None:
        self.script = script
        self.requests: list[Received] = []
        self.connections = 0
        self._errors: list[BaseException] = []
        self._scheme = "https" if tls else "http"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"scripted": self}))
        self._server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / "server.pem")
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        """`127.0.0.1:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """`scheme://127.0.0.1:port`."""
        return f"{self._scheme}://{self.host}"

    @property
    def lines(self) -> list[str]:
        """The requests as `METHOD path?query`."""
        return [request.line for request in self.requests]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        if self._errors and value is None:
            raise self._errors[0]

    def answer(self, request: Received) -> Reply | None:
        """Note `request` and return what the script says to it."""
        self.requests.append(request)
        try:
            return self.script(request)
        except BaseException as error:  # noqa: BLE001 - it comes out at the end
            self._errors.append(error)
            return Reply(501, b"not planned")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    scripted: ScriptedServer

    def setup(self) -> None:
        self.scripted.connections += 1
        super().setup()

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client went away, or does not trust us
            super().handle()

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        received = Received(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
        reply = self.scripted.answer(received)
        self.close_connection = reply is None or reply.hang_up
        if reply is not None:
            self._write(reply)

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, values in reply.fields.items():
            for value in [values] if isinstance(values, str) else values:
                self.send_header(name, value)
        if not {"content-length", "transfer-encoding"} & {name.lower() for name in reply.fields}:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815 - names of http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - name of http.server
        """Say nothing."""


def by_line(answers: Mapping[str, Reply]) -> Script:
    """Return a script that answers `METHOD path?query` as `answers` says; anything else fails the test."""

    def script(request: Received) -> Reply:
        assert request.line in answers, f"not planned: {request.line}"
        return answers[request.line]

    return script

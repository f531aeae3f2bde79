"""An HTTP server on loopback, for as long as a `with` statement lasts."""

from __future__ import annotations

import ssl
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import MappingProxyType, TracebackType
from typing import Self


class LoopbackHandler(BaseHTTPRequestHandler, ABC):
    """Answers requests of any method, on connections that last, and says nothing about them on stderr."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @abstractmethod
    def respond(self) -> None:
        """Answer the request: its method is `self.command`, its target `self.path`."""

    def do_GET(self) -> None:
        """Answer."""
        self.respond()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815 - names of http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def body(self) -> bytes:
        """Return the request's body, which may come in chunks (RFC 9112, section 7.1)."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(pieces)

    def send(self, status: int, headers: Mapping[str, str] = MappingProxyType({}), body: bytes = b"") -> None:
        """Send an answer.

        Args:
            status: its status.
            headers: its fields; the body's length is added.
            body: its body.
        """
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class LoopbackServer:
    """Answers each connection by a thread of its own, on a port of its own.

    Args:
        handler: what answers.
        certificate: a PEM file with certificate and key, for HTTPS; None: plain HTTP.
        given: attributes that the handler is to have.
    """

    def __init__(
        self, handler: type[LoopbackHandler], *, certificate: str | None = None, given: dict[str, object] | None = None
    ) -> None:
        self._server = _Server(("127.0.0.1", 0), type(handler.__name__, (handler,), given or {}))
        self._scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._scheme = "https"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    @property
    def url(self) -> str:
        """The address."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away, or does not trust us; any other error is a fault of the handler."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

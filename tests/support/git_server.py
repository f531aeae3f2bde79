"""A git server for tests: smart HTTP on loopback, `git http-backend` behind a small CGI bridge (RFC 3875)."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import IO, ClassVar, Self
from urllib.parse import quote


class GitServer:
    """Serves the bare repositories below a folder at `url`/PATH. A context manager.

    Any ref may be pushed. With credentials, every request needs them.

    Args:
        root: folder of the repositories.
        credentials: user and password, or None.
    """

    def __init__(self, root: Path, credentials: tuple[str, str] | None = None) -> None:
        handler = type("Handler", (_Handler,), {"root": root, "expected": _authorization(credentials)})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._credentials = credentials

    @property
    def url(self) -> str:
        """The address, without credentials."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url_with_credentials(self) -> str:
        """The address with user and password, where there are any."""
        user = ":".join(quote(part, safe="") for part in self._credentials) + "@" if self._credentials else ""
        return self.url.replace("http://", f"http://{user}")

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

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a test that kills a client in the middle of a request means it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root: ClassVar[Path]
    expected: ClassVar[str | None]

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self._body())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(pieces)

    def _serve(self, body: bytes) -> None:
        if self.expected is not None and self.headers.get("Authorization") != self.expected:
            self._answer(401, {"WWW-Authenticate": 'Basic realm="git"', "Content-Type": "text/plain"}, b"no\n")
            return
        path, _, query = self.path.partition("?")
        git = shutil.which("git")
        assert git is not None
        finished = subprocess.run(
            [git, "http-backend"],
            input=body,
            env=self._environ(path, query, len(body)),
            capture_output=True,
            check=False,
        )
        head, _, content = finished.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200").split()[0]) if head else 500
        self._answer(status, headers, content)

    def _environ(self, path: str, query: str, length: int) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "tester",  # http-backend lets whoever has a name push
            "REMOTE_ADDR": self.client_address[0],
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        out: IO[bytes] = self.wfile
        out.write(content)


def _authorization(credentials: tuple[str, str] | None) -> str | None:
    if credentials is None:
        return None
    return "Basic " + base64.b64encode(":".join(credentials).encode()).decode()

"""The fake GitLab on loopback: its API, and its repositories over smart HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

from tidegate.testing.gitlab.api import respond
from tidegate.testing.gitlab.fake import FakeGitLab
from tidegate.testing.gitlab.messages import Answer, Request


@contextlib.contextmanager
def serve(gitlab: FakeGitLab) -> Iterator[str]:
    """Serve `gitlab` on loopback, and give its URL."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"gitlab": gitlab}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    gitlab.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread.start()
    try:
        yield gitlab.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    gitlab: ClassVar[FakeGitLab]

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client went away
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def _any(self) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = respond(self.gitlab, Request(self.command, path, query, headers, self._body()))
        if answer is None:
            self.close_connection = True
            return
        self._write(answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _any  # noqa: N815 - names of http.server

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(pieces)

    def _write(self, answer: Answer) -> None:
        content = answer.data
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

"""The fake GitLab on loopback: its API, and its repositories over smart HTTP."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar, Final
from urllib.parse import parse_qs, urlencode

from tidegate.testing.gitlab.fake import FakeGitLab, Fault
from tidegate.testing.gitlab.messages import Answer, Call, Json, Refusal, no_such_route, unauthorized
from tidegate.testing.gitlab.repository import plain_environ
from tidegate.testing.gitlab.routes import PREFIX, ROUTES, Route
from tidegate.testing.gitlab.state import Access

_MOST_PER_PAGE: Final = 100
_PER_PAGE: Final = 20


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
        body = self._body()
        path, _, query = self.path.partition("?")
        if not path.startswith(f"{PREFIX}/"):
            self._git(path, query, body)
            return
        answer = self._api(path.removeprefix(PREFIX), query, body)
        if answer is None:
            self.close_connection = True
            return
        self._write(answer.status, {"Content-Type": "application/json", **answer.headers}, answer.data)

    do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815 - names of http.server

    def _api(self, path: str, query: str, body: bytes) -> Answer | None:
        """Return the answer to a call of the API; None to hang up without one."""
        try:
            route, braces = _route(self.command, path, premium=self.gitlab.premium)
            call = Call(self.command, route.template, braces, _flat(query), _json(body), self._access(route))
            self._race(call)
            with self.gitlab.lock:
                self.gitlab.calls.append(call)
                fault = self._fault(call)
                answer = None if fault and not fault.done else self._do(route, call)
        except Refusal as refusal:
            return refusal.answer
        return fault.answer if fault else answer

    def _race(self, call: Call) -> None:
        event = self.gitlab.before.pop((call.method, call.template), None)
        if event is not None:
            event()

    def _do(self, route: Route, call: Call) -> Answer:
        given = set(call.query) if call.method == "GET" else {*call.query, *call.body}
        if given - route.params:
            return Answer(400, {"error": f"{', '.join(sorted(given - route.params))} is invalid"})
        try:
            answer = route.handle(self.gitlab, call)
        except Refusal as refusal:
            return refusal.answer
        return self._unless_known(_page(answer, call, f"{self.gitlab.url}{self.path.partition('?')[0]}"), call)

    def _unless_known(self, answer: Answer, call: Call) -> Answer:
        """Return 304 for what the caller has already (RFC 9110, section 13.1.2)."""
        if call.method != "GET" or answer.status != HTTPStatus.OK:
            return answer
        tag = f'W/"{hashlib.md5(answer.data, usedforsecurity=False).hexdigest()}"'
        if self.headers.get("If-None-Match") == tag:
            self.gitlab.confirmed += 1
            return Answer(HTTPStatus.NOT_MODIFIED, text="", headers={"ETag": tag})
        return replace(answer, headers={**answer.headers, "ETag": tag})

    def _fault(self, call: Call) -> Fault | None:
        for fault in self.gitlab.faults:
            if fault.times and (fault.method, fault.template) == (call.method, call.template):
                fault.times -= 1
                return fault
        return None

    def _access(self, route: Route) -> Access:
        bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        token = self.headers.get("PRIVATE-TOKEN") or self.headers.get("JOB-TOKEN") or bearer
        access = self.gitlab.tokens.get(token)
        if access is None or access.user.state != "active" or (access.scope == "job" and not route.job):
            raise unauthorized()
        if access.revoked:
            words = "Token was revoked. You have to re-authorize from the user."
            raise Refusal(Answer(401, {"error": "invalid_token", "error_description": words}))
        if access.scope == "read_api" and route.method != "GET":
            words = "The request requires higher privileges than provided by the access token."
            raise Refusal(Answer(403, {"error": "insufficient_scope", "error_description": words, "scope": "api"}))
        return access

    def _git(self, path: str, query: str, body: bytes) -> None:
        """Serve a repository by `git http-backend` (CGI, RFC 3875). The password is a token."""
        kind, _, pair = (self.headers.get("Authorization") or "").partition(" ")
        password = base64.b64decode(pair).decode().partition(":")[2] if kind == "Basic" else ""
        access = self.gitlab.tokens.get(password)
        if access is None or access.revoked:
            self._write(401, {"WWW-Authenticate": 'Basic realm="GitLab"'}, b"HTTP Basic: Access denied\n")
            return
        self.gitlab.pushes += path.endswith("/git-receive-pack")
        environ = {
            **plain_environ(self.gitlab.root),
            "GIT_PROJECT_ROOT": str(self.gitlab.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",  # as Gitaly has it
            "GIT_CONFIG_KEY_0": "uploadpack.allowAnySHA1InWant",
            "GIT_CONFIG_VALUE_0": "true",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": access.user.username,
            "REMOTE_ADDR": self.client_address[0],
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environ, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
        self._write(int(headers.pop("Status", "200").split()[0]), headers, content)

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

    def _write(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        headers = {"Date": format_datetime(self.gitlab.now().astimezone(UTC), usegmt=True), **headers}
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _route(method: str, path: str, *, premium: bool) -> tuple[Route, dict[str, str]]:
    for route in ROUTES:
        braces = route.fits(method, path.strip("/").split("/"))
        if braces is not None and (premium or not route.premium):
            return route, braces
    raise no_such_route()


def _flat(query: str) -> dict[str, str]:
    return {name.removesuffix("[]"): values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}


def _json(body: bytes) -> dict[str, Json]:
    document: Json = json.loads(body or b"{}")
    return document if isinstance(document, dict) else {}


def _page(answer: Answer, call: Call, address: str) -> Answer:
    """Return the page of a list that was asked for, with GitLab's headers."""
    if not isinstance(answer.body, list):
        return answer
    size = min(int(call.query.get("per_page", _PER_PAGE)), _MOST_PER_PAGE)
    page = int(call.query.get("page", 1))
    rows = answer.body[size * (page - 1) : size * page]
    more = len(answer.body) > size * page
    headers = {
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Next-Page": str(page + 1) if more else "",
        "X-Total": str(len(answer.body)),
    }
    if more:
        following = urlencode({**call.query, "page": page + 1, "per_page": size})
        headers["Link"] = f'<{address}?{following}>; rel="next"'
    return Answer(answer.status, rows, headers=headers)

"""A git server for tests: smart HTTP on loopback, `git http-backend` behind a small CGI bridge (RFC 3875)."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from tidegate.testing.loopback import LoopbackHandler, LoopbackServer


class GitServer(LoopbackServer):
    """Serves the bare repositories below a folder at `url`/PATH. A context manager.

    Any ref may be pushed. With credentials, every request needs them; `url` is without.

    Args:
        root: folder of the repositories.
        credentials: user and password, or None.
    """

    def __init__(self, root: Path, credentials: tuple[str, str] | None = None) -> None:
        super().__init__(_Handler, given={"root": root, "expected": _authorization(credentials)})
        self._credentials = credentials

    @property
    def url_with_credentials(self) -> str:
        """The address with user and password, where there are any."""
        user = ":".join(quote(part, safe="") for part in self._credentials) + "@" if self._credentials else ""
        return self.url.replace("http://", f"http://{user}")


class _Handler(LoopbackHandler):
    root: ClassVar[Path]
    expected: ClassVar[str | None]

    def respond(self) -> None:
        body = self.body()
        if self.expected is not None and self.headers.get("Authorization") != self.expected:
            self.send(401, {"WWW-Authenticate": 'Basic realm="git"', "Content-Type": "text/plain"}, b"no\n")
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
        self.send(status, headers, content)

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


def _authorization(credentials: tuple[str, str] | None) -> str | None:
    if credentials is None:
        return None
    return "Basic " + base64.b64encode(":".join(credentials).encode()).decode()

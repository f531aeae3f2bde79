"""A real `tidegate serve` on a road's world, and questions to it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from types import TracebackType
from typing import Any, Self

from support.road_world import CODE, RoadWorld

PATIENCE = 30.0
_SERVE = ("serve", "--listen", "127.0.0.1:0")
_NOT_LOOKED_AT: dict[str, Any] = dict.fromkeys(("state", "sentence", "version", "mergeRequest", "moving"))


@dataclass(frozen=True, slots=True)
class Answered:
    """An HTTP answer."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.text)
        return document


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())


def _fields(message: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in message.items()}


@dataclass
class ServerProcess:
    """A context manager: started at its beginning, killed at its end if it still runs.

    Args:
        world: where it serves.
        options: further arguments of `serve`.
        variables: further environment variables.
        signs_in: a one-time link is followed at the start.
    """

    world: RoadWorld
    options: tuple[str, ...] = ("--resync", "1h")
    variables: Mapping[str, str] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    cookie: str = ""
    signs_in: bool = True

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tidegate", "-C", self.world.folder, *_SERVE, *self.options],
            env={"PYTHONPATH": CODE, **self.world.environ, **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [threading.Thread(target=read) for read in (self._read, self._read_links)]
        for reader in self._readers:
            reader.start()
        self.until(lambda: self.events("listen") or self.process.poll() is not None)
        assert self.events("listen"), self.log
        return self.sign_in() if self.signs_in else self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(json.loads(line) if line.startswith("{") else {"event": "text", "message": line})
        self.process.stderr.close()

    def _read_links(self) -> None:
        assert self.process.stdout is not None
        self.links.extend(map(str.strip, self.process.stdout))
        self.process.stdout.close()

    def sign_in(self) -> Self:
        """Sign in by the newest one-time link, as the person who started it."""
        self.until(lambda: self.links)
        answered = self._ask(urllib.request.Request(self.links[-1]))  # noqa: S310 - our own server
        self.cookie = answered.headers["set-cookie"].partition(";")[0]
        return self

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log's lines about one kind of event."""
        return [line for line in list(self.log) if line.get("event") == name]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.events('listen')[0]['port']}"

    def get(self, path: str) -> Answered:
        """Return the answer to who is signed in, or to nobody."""
        return self._ask(urllib.request.Request(f"{self.url}{path}", headers={"Cookie": self.cookie}))  # noqa: S310 - our own server

    def post(self, path: str, body: object, headers: Mapping[str, str]) -> Answered:
        """Return the answer to whoever the headers say it is."""
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        return self._ask(urllib.request.Request(f"{self.url}{path}", data, headers))  # noqa: S310 - likewise

    @staticmethod
    def _ask(request: urllib.request.Request) -> Answered:
        try:
            with _OPENER.open(request, timeout=PATIENCE) as answer:
                return Answered(answer.status, answer.read().decode(), _fields(answer.headers))
        except urllib.error.HTTPError as refused:
            with refused:
                return Answered(refused.code, refused.read().decode(), _fields(refused.headers))

    def cell(self, environment: str, service: str = "inventory") -> dict[str, Any]:
        """Return a cell of the board; one of nothing but None where nobody has looked yet."""
        board = self.get("/api/v1/board").json
        rows: dict[str, list[dict[str, Any] | None]] = {row["service"]: row["cells"] for row in board["rows"]}
        if service not in rows:
            return _NOT_LOOKED_AT
        return rows[service][board["environments"].index(environment)] or _NOT_LOOKED_AT

    def until(self, holds: Callable[[], object], patience: float = PATIENCE) -> None:
        """Wait until `holds` returns something true."""
        end = time.monotonic() + patience
        while not holds():
            assert time.monotonic() < end, f"it did not come to hold; the log: {self.log[-20:]}"
            time.sleep(0.05)

    def ready(self) -> Self:
        """Wait until everything has been looked at once."""
        self.until(lambda: self.get("/readyz").status == 200)
        return self

    def kill(self) -> None:
        """Kill it as a crash would."""
        self.process.kill()
        self._wait()

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; return its exit code."""
        self.process.send_signal(sign)
        return self._wait()

    def _wait(self) -> int:
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

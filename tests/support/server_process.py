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

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.text)
        return document


@dataclass
class ServerProcess:
    """A context manager: started at its beginning, killed at its end if it still runs.

    Args:
        world: where it serves.
        options: further arguments of `serve`.
        variables: further environment variables.
    """

    world: RoadWorld
    options: tuple[str, ...] = ("--resync", "1h")
    variables: Mapping[str, str] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tidegate", "-C", self.world.folder, *_SERVE, *self.options],
            env={"PYTHONPATH": CODE, **self.world.environ, **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.until(lambda: self.events("listen") or self.process.poll() is not None)
        assert self.events("listen"), self.log
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(json.loads(line) if line.startswith("{") else {"event": "text", "message": line})
        self.process.stderr.close()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log's lines about one kind of event."""
        return [line for line in list(self.log) if line.get("event") == name]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.events('listen')[0]['port']}"

    def get(self, path: str) -> Answered:
        return self._ask(urllib.request.Request(f"{self.url}{path}"))  # noqa: S310 - our own server

    def post(self, path: str, body: object, headers: Mapping[str, str]) -> Answered:
        data = json.dumps(body).encode()
        return self._ask(urllib.request.Request(f"{self.url}{path}", data, dict(headers)))  # noqa: S310 - likewise

    @staticmethod
    def _ask(request: urllib.request.Request) -> Answered:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - likewise
                return Answered(answer.status, answer.read().decode())
        except urllib.error.HTTPError as refused:
            with refused:
                return Answered(refused.code, refused.read().decode())

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
        self._reader.join(PATIENCE)
        return code

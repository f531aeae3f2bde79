"""A real `tidegate worker` on a road's world."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from support.road_world import CODE, RoadWorld

PATIENCE = 30.0


@dataclass
class WorkerProcess:
    """A context manager: started at its beginning, killed at its end if it still runs.

    Args:
        world: where it works.
        queue: the queue's address.
        options: further arguments.
    """

    world: RoadWorld
    queue: str
    options: tuple[str, ...] = ("--workers", "1")
    log: list[dict[str, Any]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tidegate", "-C", self.world.folder, "worker", "--queue", self.queue, *self.options],
            env={"PYTHONPATH": CODE, **self.world.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
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

    def until(self, name: str) -> dict[str, Any]:
        """Wait for an event in the log, and return the first of its kind."""
        end = time.monotonic() + PATIENCE
        while not (found := self.events(name)):
            assert time.monotonic() < end, f"no {name}; the log: {self.log[-20:]}"
            assert self.process.poll() is None, self.log
            time.sleep(0.005)
        return found[0]

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

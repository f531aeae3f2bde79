"""A real `tidegate` that runs until it is stopped, with what it prints and what it logs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from support.road_world import CODE, RoadWorld
from support.until import PATIENCE, until

_NO_VARIABLES: Mapping[str, str] = {}


@dataclass(kw_only=True)
class LastingProcess:
    """What begins it is a context manager, at whose end it is killed if it still runs.

    Args:
        log: the lines of stderr, as values.
        printed: the lines of stdout.
    """

    log: list[dict[str, Any]] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)

    def begin(self, world: RoadWorld, *words: str, variables: Mapping[str, str] = _NO_VARIABLES) -> None:
        """Start `tidegate` with these words, in a world."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tidegate", "-C", world.folder, *words],
            env={"PYTHONPATH": CODE, **world.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [threading.Thread(target=read) for read in (self._read_log, self._read_printed)]
        for reader in self._readers:
            reader.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(json.loads(line) if line.startswith("{") else {"event": "text", "message": line})
        self.process.stderr.close()

    def _read_printed(self) -> None:
        assert self.process.stdout is not None
        self.printed.extend(map(str.strip, self.process.stdout))
        self.process.stdout.close()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log's lines about one kind of event."""
        return [line for line in list(self.log) if line.get("event") == name]

    def first(self, name: str) -> dict[str, Any]:
        """Wait for an event in the log, and return the first of its kind."""
        until(lambda: self.events(name) or self.process.poll() is not None, every=0.005, told=self._end_of_log)
        assert self.events(name), f"it ended without {name}; {self._end_of_log()}"
        return self.events(name)[0]

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until `holds` returns something true."""
        until(holds, every=0.05, told=self._end_of_log)

    def _end_of_log(self) -> str:
        return f"the log: {self.log[-20:]}"

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

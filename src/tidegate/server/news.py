"""What is new on the board since somebody looked, for all who follow it: open pages and clients of the API."""

from __future__ import annotations

import asyncio
import re
from contextlib import ExitStack, suppress
from threading import Lock
from typing import Final
from uuid import uuid4

from tidegate.model.key import ServiceKey
from tidegate.server.board_store import BoardChange, BoardStore

_NUMBER: Final = re.compile(r"[0-9]{1,18}")


class News:
    """Remembers of each cell at which revision it last changed, and wakes those who wait. Safe for many threads.

    Args:
        board: whose changes.
    """

    def __init__(self, board: BoardStore) -> None:
        self._lock = Lock()
        self._changed: dict[ServiceKey, int] = {}  # the newest last
        self._woken: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._newest = 0
        self._run = uuid4().hex[:8]
        self._until_closed = ExitStack()
        self._until_closed.enter_context(board.subscribed(self._note))

    def close(self) -> None:
        """Hear no more."""
        self._until_closed.close()

    def mark(self, revision: int) -> str:
        """Return what a page says of the revision that it shows. Another process's is not taken for ours."""
        return f"{self._run}-{revision}"

    def revision(self, mark: str) -> int | None:
        """Return the revision that `mark` is of; None: it is none of ours."""
        run, _, number = mark.partition("-")
        return int(number) if run == self._run and _NUMBER.fullmatch(number) else None

    def since(self, revision: int) -> tuple[list[ServiceKey], int]:
        """Return the cells that have changed after `revision`, the latest first, and up to which revision."""
        found = []
        with self._lock:
            for key in reversed(self._changed):
                if self._changed[key] <= revision:
                    break
                found.append(key)
            return found, max(revision, self._newest)

    @property
    def followers(self) -> int:
        """How many are woken at each change."""
        return len(self._woken)

    def waken(self, event: asyncio.Event) -> None:
        """Have `event` set at each change from now on; called in its loop."""
        with self._lock:
            self._woken[event] = asyncio.get_running_loop()

    def forget(self, event: asyncio.Event) -> None:
        """Leave `event` alone."""
        with self._lock:
            self._woken.pop(event, None)

    def _note(self, change: BoardChange) -> None:
        with self._lock:
            self._newest = change.revision
            for cell in change.cells:
                self._changed.pop(cell.key, None)
                self._changed[cell.key] = change.revision
            for event, loop in self._woken.items():
                with suppress(RuntimeError):  # the loop has ended, and the page with it
                    loop.call_soon_threadsafe(event.set)

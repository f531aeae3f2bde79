"""Outbox: keys on their way to PostgreSQL. Whoever adds one does not wait for the database, nor for its return."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from threading import Condition, Thread
from typing import Final

import psycopg

from tidegate.model.key import EverythingKey
from tidegate.server.backoff import pause

_LOG: Final = logging.getLogger(__name__)
_MOST: Final = 100_000
_BATCH: Final = 500
_PACE_SECONDS: Final = 0.005
"""From one statement to the next, so that in a storm each has many keys. One key alone is written at once."""
_LONGEST_PAUSE: Final = 5.0
_EVERYTHING: Final = str(EverythingKey())


class Outbox:
    """Writes keys by a thread of its own, many at once, in their order, until the database has them.

    Args:
        write: writes keys.
        most: how many wait here at most. One more, and an `EverythingKey` is what waits in place of it.
    """

    def __init__(self, write: Callable[[Sequence[str]], None], most: int = _MOST) -> None:
        self._write = write
        self._most = most
        self._changed = Condition()
        self._keys: dict[str, None] = {}  # in order
        self._writing: tuple[str, ...] = ()
        self._waiting: list[Callable[[], None]] = []  # who is to be told when all is written that was added by now
        self._told: list[Callable[[], None]] = []  # who is to be told of what is being written
        self._fails = False
        self._closed = False
        self._thread = Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    def add(self, keys: Iterable[str], kept: Callable[[], None] | None = None) -> None:
        """Add keys; returns at once. One that is being written is written again: it may be handled already.

        Args:
            keys: any.
            kept: called when the database has them, or does not answer.
        """
        with self._changed:
            for key in keys:
                self._keys[key if len(self._keys) < self._most else _EVERYTHING] = None
            waits = kept is not None and self._keys and not self._fails and not self._closed
            if kept is not None and waits:
                self._waiting.append(kept)
            self._changed.notify_all()
        if kept is not None and not waits:
            kept()

    def __len__(self) -> int:
        with self._changed:
            return len(self._keys) + len(self._writing)

    def flush(self, seconds: float) -> bool:
        """Wait until all is written, for so long at most; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._keys and not self._writing, seconds)

    def close(self, seconds: float) -> bool:
        """Write what is left, for so long at most, and end; return whether all is written."""
        written = self.flush(seconds)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(seconds)
        return written

    def _work(self) -> None:
        failures = 0
        began = -_PACE_SECONDS
        while batch := self._next(began + _PACE_SECONDS):
            began = time.monotonic()
            try:
                self._write(batch)
            except psycopg.Error as error:
                _LOG.warning("keys wait to be written: %s", error, extra={"fields": {"event": "queue"}})
                self._settle(batch, fails=True)
                self._rest(min(pause(failures, 0.0), _LONGEST_PAUSE))
                failures += 1
            else:
                failures = 0
                self._settle((), fails=False)

    def _next(self, earliest: float) -> tuple[str, ...]:
        """Wait for keys, and return them at `earliest`, with what came meanwhile; none when the outbox was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._keys or self._closed)
        time.sleep(max(0.0, earliest - time.monotonic()))
        with self._changed:
            if self._closed:
                return ()
            self._writing = tuple(key for key, _ in zip(self._keys, range(_BATCH), strict=False))
            for key in self._writing:
                del self._keys[key]
            if not self._keys:  # else some of theirs may be left
                self._told, self._waiting = self._waiting, []
            return self._writing

    def _settle(self, unwritten: tuple[str, ...], *, fails: bool) -> None:
        with self._changed:
            self._keys = {**dict.fromkeys(unwritten), **self._keys}
            self._writing = ()
            self._fails = fails
            told, self._told = [*self._told, *(self._waiting if fails else ())], []
            self._waiting = [] if fails else self._waiting
            self._changed.notify_all()
        for kept in told:
            kept()

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        with self._changed:
            while not self._closed and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)

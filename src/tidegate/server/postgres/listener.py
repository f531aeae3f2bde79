"""Listener: hears what other processes tell through PostgreSQL's NOTIFY."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final

import psycopg
from psycopg import sql

from tidegate.server.backoff import pause
from tidegate.server.postgres.database import Database
from tidegate.server.postgres.schema import Connection

_LOG: Final = logging.getLogger(__name__)
_LOOK_UP_SECONDS: Final = 0.5
"""How long the end of the process may wait for the listener."""
_PROBE_SECONDS: Final = 10.0
"""A connection that is lost without a word is found out by asking something."""
_LONGEST_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Ear:
    """Who listens to a channel.

    Args:
        heard: called with what was told; must be quick and raise nothing.
        missed: called when something may have been told that was not heard, as at the start.
    """

    heard: Callable[[str], None]
    missed: Callable[[], None]


class Listener:
    """Listens by a thread of its own, with a connection of its own, which is opened again when it is lost.

    Args:
        database: what to listen to.
        ears: channel → who listens.
    """

    def __init__(self, database: Database, ears: Mapping[str, Ear]) -> None:
        self._database = database
        self._ears = dict(ears)
        self._closed = Event()
        self._thread = Thread(target=self._work, name="listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._closed.set()
        self._thread.join()

    def _work(self) -> None:
        failures = 0
        while not self._closed.is_set():
            try:
                with self._database.listening() as connection:
                    for channel in self._ears:
                        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                    failures = 0
                    for ear in self._ears.values():
                        ear.missed()
                    self._hear(connection)
            except psycopg.Error as error:
                _LOG.warning("does not hear the others: %s", error, extra={"fields": {"event": "queue"}})
                self._closed.wait(min(pause(failures, 0.0), _LONGEST_PAUSE))
                failures += 1

    def _hear(self, connection: Connection) -> None:
        silent = 0.0
        while not self._closed.is_set():
            count = 0
            for told in connection.notifies(timeout=_LOOK_UP_SECONDS, stop_after=1):
                count += 1
                if (ear := self._ears.get(told.channel)) is not None:
                    ear.heard(told.payload)
            silent = 0.0 if count else silent + _LOOK_UP_SECONDS
            if silent >= _PROBE_SECONDS:
                connection.execute("SELECT 1")
                silent = 0.0

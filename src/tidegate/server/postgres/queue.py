"""PostgresQueue: the key queue that many processes share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event, Lock, Thread
from typing import Final

import psycopg

from tidegate.errors.model import InvalidKey
from tidegate.errors.queue import QueueNotOurs
from tidegate.model.key import EverythingKey, Key, parse_key
from tidegate.ports.queue import Handle, QueueDepth
from tidegate.server.backoff import pause
from tidegate.server.postgres import jobs
from tidegate.server.postgres.database import Database
from tidegate.server.postgres.jobs import Taken
from tidegate.server.postgres.outbox import Outbox
from tidegate.server.rests import Rests

_LOG: Final = logging.getLogger(__name__)
_LONGEST_PAUSE: Final = 5.0
_CLOSE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a process shows that it lives. A killed one's keys are handled elsewhere `stalled + beat` later at most.

    Args:
        beat: seconds between two heartbeats, and between two looks for those that have none.
        fence: after so many seconds without one, a process begins no further step.
        stalled: after so many, its keys are handed to others. Longer than `fence`, so that a key is in one hand only.
        poll: seconds between two looks for a key whose pause is over, when nobody tells of a new one.
    """

    beat: float = 4.0
    fence: float = 12.0
    stalled: float = 16.0
    poll: float = 1.0


STEADY: Final = Rhythm()


class PostgresQueue:
    """Fulfils the port `KeyQueue`. Made by `open`.

    Args:
        database: with the queue's tables.
        rhythm: of heartbeats.
        rests: of keys that are added here again and again.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        database: Database,
        rhythm: Rhythm = STEADY,
        rests: Rests | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._rhythm = rhythm
        self._rests = rests
        self._monotonic = monotonic
        self._outbox = Outbox(self._write)
        self._worker = 0
        self._beaten = 0.0
        self._turn = Lock()  # one thread at a time asks for a key
        self._woken = Event()
        self._asking = Lock()  # held from the question until the answer stands in `_in_hand`
        self._in_hand: dict[str, Taken] = {}
        self._stopped = Event()
        self._closed = Event()
        self._threads: list[Thread] = []
        self._heart: Thread | None = None

    @classmethod
    @contextmanager
    def open(cls, database: Database, rhythm: Rhythm = STEADY, rests: Rests | None = None) -> Iterator[PostgresQueue]:
        """Give the queue in `database`; at the end, what is in hand is handed back, and all threads are told to end."""
        queue = cls(database, rhythm, rests)
        try:
            yield queue
        finally:
            queue.close()

    def add(self, keys: Iterable[Key], kept: Callable[[], None] | None = None) -> None:
        """Add keys; returns at once. They are written a moment later, or when the database is back."""
        self._outbox.add((str(key) for key in keys), kept)

    def start(self, handle: Handle, *, workers: int) -> None:
        """Have keys handled by `workers` threads. They don't keep the process from ending."""
        self._heart = Thread(target=self._beat_on, name="heart", daemon=True)
        self._heart.start()
        for number in range(workers):
            thread = Thread(target=self._work, args=(handle,), name=f"worker-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, seconds: float) -> bool:
        """Take no more keys, and wait for those in hand."""
        self._stopped.set()
        self._woken.set()
        until = self._monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - self._monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """Hand back what is in hand, write what was added, and end all threads."""
        self.stop(0)
        self._closed.set()
        self._outbox.close(_CLOSE_SECONDS)
        if self._heart is not None:
            self._heart.join(_CLOSE_SECONDS)
        if self._worker:
            try:
                with self._database.connection() as connection:
                    jobs.hand_back(connection, self._worker)
                    jobs.unregister(connection, self._worker)
            except psycopg.Error as error:
                _warn("what was in hand is taken over later", error)

    @property
    def is_alive(self) -> bool:
        """Whether it was started and not stopped, and PostgreSQL answers."""
        started = bool(self._threads) and all(thread.is_alive() for thread in self._threads)
        return started and not self._stopped.is_set() and self._is_fresh

    def holds(self, key: Key) -> bool:
        """Whether nobody else can have been given `key`, which is in hand here."""
        taken = self._in_hand.get(str(key))
        return self._is_fresh and taken is not None and taken.worker == self._worker

    @property
    def _is_fresh(self) -> bool:
        return not self._closed.is_set() and self._monotonic() - self._beaten < self._rhythm.fence

    def depth(self) -> QueueDepth:
        """Return how many keys there are now, of all processes; while PostgreSQL does not answer, only our own."""
        unwritten = 0 if self._outbox.flush(_CLOSE_SECONDS) else len(self._outbox)
        try:
            with self._database.connection() as connection:
                found = jobs.depth(connection)
            return replace(found, waiting=found.waiting + unwritten)
        except psycopg.Error as error:
            _warn("the depth is not known", error)
            return QueueDepth(len(self._outbox), len(self._in_hand), 0)

    def wake(self) -> None:
        """Look for a key now."""
        self._woken.set()

    def _write(self, keys: Sequence[str]) -> None:
        wanted = {key: self._rests.rest(key) if self._rests else 0.0 for key in keys}
        with self._database.connection() as connection:
            is_new = jobs.add(connection, wanted)
        if is_new:
            self._woken.set()

    def _work(self, handle: Handle) -> None:
        while (taken := self._take()) is not None:
            try:
                key = parse_key(taken.lock)
            except InvalidKey as error:
                _warn("a key is left out", error)
                self._end(taken, None)
            else:
                self._end(taken, handle(key, taken.attempts))

    def _take(self) -> Taken | None:
        """Wait for a key, and return it; None when the queue was stopped."""
        failures = 0
        with self._turn:
            while not self._stopped.is_set():
                self._woken.clear()
                try:
                    taken = self._ask()
                    failures = 0
                except psycopg.Error as error:
                    _warn("can't take keys", error)
                    self._stopped.wait(min(pause(failures, 0.0), _LONGEST_PAUSE))
                    failures += 1
                    continue
                if taken is not None:
                    return taken
                if not self._stopped.is_set():
                    self._woken.wait(self._rhythm.poll)
        return None

    def _ask(self) -> Taken | None:
        with self._asking:
            if not self._worker or not self._is_fresh:
                return None
            with self._database.connection() as connection:
                taken = jobs.take(connection, self._worker)
                if taken is None:
                    return None
                if taken.lock in self._in_hand:  # we had lost it, and are not done with our last step yet
                    jobs.put_back(connection, taken, self._rhythm.poll)
                    return None
            self._in_hand[taken.lock] = taken
            return taken

    def _end(self, taken: Taken, seconds: float | None) -> None:
        """Say how a key ended, again and again until PostgreSQL has it. To one that is another's, nothing is done."""
        failures = 0
        while not self._closed.is_set():
            try:
                with self._database.connection() as connection:
                    if seconds is None:
                        jobs.finish(connection, taken)
                    else:
                        jobs.put_back(connection, taken, seconds)
                break
            except psycopg.Error as error:
                _warn("can't say how a key ended", error)
                self._closed.wait(min(pause(failures, 0.0), _LONGEST_PAUSE))
                failures += 1
        del self._in_hand[taken.lock]
        self._woken.set()  # it may have been added meanwhile

    def _beat_on(self) -> None:
        failures = 0
        while not self._closed.is_set():
            try:
                self._beat()
                failures = 0
            except psycopg.ProgrammingError as error:  # somebody deleted the tables
                _warn("the queue's tables are made anew", error)
                self._make_anew()
            except psycopg.Error as error:
                _warn("no heartbeat", error)
                self._closed.wait(min(pause(failures, 0.0), self._rhythm.beat))
                failures += 1
                continue
            self._closed.wait(self._rhythm.beat)

    def _beat(self) -> None:
        began = self._monotonic()
        with self._database.connection() as connection:
            if not jobs.beat(connection, self._worker):
                if self._worker:  # we were away for long, or the tables are new: what was told meanwhile is not known
                    self.add([EverythingKey()])
                self._worker = jobs.register(connection)
            self._beaten = began
            with self._asking:  # what we took without hearing of it
                jobs.hand_back(connection, self._worker, frozenset(each.id for each in self._in_hand.values()))
            found = jobs.take_over(connection, self._rhythm.stalled)
        self._woken.set()
        if found:
            _LOG.info("took over %d keys", found, extra={"fields": {"event": "take-over", "keys": found}})

    def _make_anew(self) -> None:
        try:
            self._database.prepare()
        except (psycopg.Error, QueueNotOurs) as error:
            _warn("can't make the queue's tables", error)


def _warn(what: str, error: Exception) -> None:
    said = str(error).strip().splitlines()
    _LOG.warning("%s: %s", what, said[0] if said else type(error).__name__, extra={"fields": {"event": "queue"}})

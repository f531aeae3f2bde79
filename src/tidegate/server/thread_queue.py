"""ThreadQueue: the key queue in this process's memory, worked by threads."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Iterable
from threading import Condition, Thread
from typing import Final

from tidegate.model.key import EverythingKey, Key
from tidegate.ports.queue import Handle, QueueDepth
from tidegate.server.rests import Rests

_MOST: Final = 100_000


class ThreadQueue:
    """Fulfils the port `KeyQueue`. It lasts as long as its process: what it forgets, a resync finds.

    Args:
        most: how many keys wait at most. One more, and an `EverythingKey` is what waits in place of it.
        monotonic: seconds that only grow.
        rests: of keys that are added again and again; None: there are none.
    """

    def __init__(
        self, most: int = _MOST, monotonic: Callable[[], float] = time.monotonic, rests: Rests | None = None
    ) -> None:
        self._most = most
        self._monotonic = monotonic
        self._rests = rests
        self._changed = Condition()
        self._waiting: dict[Key, None] = {}  # in order
        self._handling: dict[Key, bool] = {}  # whether it was added meanwhile
        self._later: dict[Key, float] = {}  # when its pause ends, or its rest
        self._resting: set[Key] = set()
        self._ends: list[tuple[float, int, Key]] = []  # the same as a heap, with entries that hold no more
        self._count = 0
        self._attempts: dict[Key, int] = {}
        self._threads: list[Thread] = []
        self._stopped = False

    def add(self, keys: Iterable[Key], kept: Callable[[], None] | None = None) -> None:
        """Add keys; returns at once. They are as safe as the process."""
        with self._changed:
            if [key for key in keys if self._add(key)]:
                self._changed.notify_all()
        if kept is not None:
            kept()

    def _add(self, key: Key) -> bool:
        """Have a key wait or rest; return whether it did not already."""
        if self._stopped or key in self._waiting or key in self._resting:
            return False
        if key in self._handling:
            self._handling[key] = True
            return False
        rest = self._rests.rest(key) if self._rests else 0.0
        if rest <= 0:
            self._let_wait(key)
        elif self._later.get(key, math.inf) > self._monotonic() + rest:
            self._resting.add(key)
            self._delay(key, rest)
        return True

    def _let_wait(self, key: Key) -> None:
        self._later.pop(key, None)
        self._resting.discard(key)
        if len(self._waiting) >= self._most and key != EverythingKey():
            self._add(EverythingKey())
            return
        self._waiting[key] = None

    def _delay(self, key: Key, seconds: float) -> None:
        self._count += 1
        end = self._monotonic() + seconds
        self._later[key] = end
        heapq.heappush(self._ends, (end, self._count, key))

    def start(self, handle: Handle, *, workers: int) -> None:
        """Have keys handled by `workers` threads. They don't keep the process from ending."""
        for number in range(workers):
            thread = Thread(target=self._work, args=(handle,), name=f"worker-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, seconds: float) -> bool:
        """Take no more keys, and wait for those in hand."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        until = self._monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - self._monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def is_alive(self) -> bool:
        """Whether it was started and not stopped, and no thread has died."""
        return bool(self._threads) and not self._stopped and all(thread.is_alive() for thread in self._threads)

    def holds(self, key: Key) -> bool:
        """Whether nobody else can have been given `key`: there is nobody else."""
        del key
        return True

    def depth(self) -> QueueDepth:
        """Return how many keys there are now."""
        with self._changed:
            return QueueDepth(len(self._waiting), len(self._handling), len(self._later))

    def _work(self, handle: Handle) -> None:
        while (key := self._take()) is not None:
            self._put_back(key, handle(key, self._attempts.get(key, 0)))

    def _take(self) -> Key | None:
        """Wait for a key, and return it; None when the queue was stopped."""
        with self._changed:
            while not self._stopped:
                pause = self._wake()
                if self._waiting:
                    key = next(iter(self._waiting))
                    del self._waiting[key]
                    self._handling[key] = False
                    return key
                self._changed.wait(pause)
            return None

    def _wake(self) -> float | None:
        """Have those wait whose pause is over; return the seconds until the next one's is, or None."""
        now = self._monotonic()
        while self._ends:
            end, _, key = self._ends[0]
            if self._later.get(key) == end:
                if end > now:
                    return end - now
                self._let_wait(key)
            heapq.heappop(self._ends)
        return None

    def _put_back(self, key: Key, pause: float | None) -> None:
        with self._changed:
            again = self._handling.pop(key)
            if pause is None:
                self._attempts.pop(key, None)
            else:
                self._attempts[key] = self._attempts.get(key, 0) + 1
            if again:
                self._add(key)
            elif pause is not None and not self._stopped:
                self._delay(key, pause)
            self._changed.notify_all()

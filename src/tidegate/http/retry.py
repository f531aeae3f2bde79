"""Trying again: which errors, how often and how long. The only place that does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tidegate.errors import TidegateError
from tidegate.errors.http import ServerBusy

T = TypeVar("T")


def _at_random() -> float:
    import random  # noqa: PLC0415 - few calls are tried again, and it takes a while

    return random.random()  # noqa: S311 - it spreads callers out, and guards nothing


@dataclass(frozen=True, slots=True)
class Retry:
    """Tries again what failed with an error whose class is `retryable`.

    The wait doubles each time and is shortened by up to a half at random, so that many callers spread out. A server's
    Retry-After is kept when it is longer. Nothing is tried again when the wait would pass `total`.

    Args:
        attempts: calls at most, the first included.
        first: seconds before the second attempt.
        longest: seconds between two attempts at most, Retry-After apart.
        total: seconds from the first call to the start of the last at most.
        sleep: waits that many seconds.
        monotonic: a clock in seconds.
        jitter: gives a number from 0 up to 1.
    """

    attempts: int = 5
    first: float = 0.25
    longest: float = 10
    total: float = 120
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = _at_random

    def call(self, action: Callable[[], T]) -> T:
        """Return what `action` returns; its last error when it never does."""
        start = self.monotonic()
        for attempt in range(1, self.attempts):
            try:
                return action()
            except TidegateError as error:
                if not error.retryable:
                    raise
                wait = self._wait(attempt, error)
                if self.monotonic() - start + wait > self.total:
                    raise
            self.sleep(wait)
        return action()

    def _wait(self, attempt: int, error: TidegateError) -> float:
        wait = min(self.first * 2.0 ** (attempt - 1), self.longest) * (1 - self.jitter() / 2)
        asked = error.retry_after if isinstance(error, ServerBusy) else None
        return max(wait, asked or 0)

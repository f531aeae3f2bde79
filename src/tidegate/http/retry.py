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
        tries = Tries(self)
        while True:
            try:
                return action()
            except TidegateError as error:
                if not tries.again(error):
                    raise


class Tries:
    """The attempts at one thing. The first begins when this is made.

    Args:
        rule: how many there are, and how long is waited between them.
    """

    def __init__(self, rule: Retry) -> None:
        self._rule = rule
        self._start = rule.monotonic()
        self._made = 1

    def again(self, error: TidegateError) -> bool:
        """Return whether to try once more after `error`, when it is time to; at once when not."""
        rule = self._rule
        if not error.retryable or self._made >= rule.attempts:
            return False
        wait = min(rule.first * 2.0 ** (self._made - 1), rule.longest) * (1 - rule.jitter() / 2)
        asked = error.retry_after if isinstance(error, ServerBusy) else None
        wait = max(wait, asked or 0)
        if rule.monotonic() - self._start + wait > rule.total:
            return False
        rule.sleep(wait)
        self._made += 1
        return True

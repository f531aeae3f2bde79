"""Rests: a key of which word comes without end is handled now and then, with all that has happened meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

_SHORTEST: Final = 0.25
_GROWTH: Final = 4.0
LONGEST_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True)
class _Turn:
    """When a key was to be handled last, and how many seconds later it may be again."""

    at: float
    rest: float


class Rests:
    """Says how long a key is to rest before its next turn. For one thread at a time.

    The first word of a key is heard at once, and so is one after a while. A key that is named again in its rest gets a
    longer one each time, up to `LONGEST_SECONDS`; one that is left alone for so long has no rest to come.

    Args:
        monotonic: seconds that only grow.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._turns: dict[Hashable, _Turn] = {}  # the newest last

    def rest(self, key: Hashable) -> float:
        """Give `key` its next turn, unless that is to come; return in how many seconds it is, 0 for now."""
        now = self._monotonic()
        self._forget(now)
        last = self._turns.pop(key, None)
        if last is not None and now < last.at:
            turn = last
        elif last is None or now >= last.at + LONGEST_SECONDS:
            turn = _Turn(now, _SHORTEST)
        elif now >= last.at + last.rest:
            turn = _Turn(now, last.rest)
        else:
            turn = _Turn(last.at + last.rest, min(last.rest * _GROWTH, LONGEST_SECONDS))
        self._turns[key] = turn
        return turn.at - now

    def _forget(self, now: float) -> None:
        while self._turns:
            oldest = next(iter(self._turns))
            if now < self._turns[oldest].at + LONGEST_SECONDS:
                return
            del self._turns[oldest]

"""Attempts: how often somebody at one address may fail to prove who they are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from tidegate.errors.server import TooManyAttempts

_BURST: Final = 10.0
_SECONDS_EACH: Final = 6.0
_MOST_ADDRESSES: Final = 10_000


class Attempts:
    """A bucket of ten failures for each address, into which one comes every six seconds. Safe for many threads.

    Args:
        monotonic: seconds that only grow.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what was left, and when

    def count(self, address: str) -> None:
        """Count an attempt that has failed, and return. What succeeds is not held up by others at the same address.

        Raises:
            TooManyAttempts: there were too many.
        """
        with self._lock:
            left = self._some(address)
            self._left[address] = (left - 1, self._monotonic())
            self._left.move_to_end(address)
            if len(self._left) > _MOST_ADDRESSES:
                self._left.popitem(last=False)

    def check(self, address: str) -> None:
        """Return if another attempt may be made, before one that costs others something: counting comes after it.

        Raises:
            TooManyAttempts: there were too many that failed.
        """
        with self._lock:
            self._some(address)

    def _some(self, address: str) -> float:
        left = self._now(address)
        if left < 1:
            raise TooManyAttempts("there were too many attempts", hint=f"wait {_SECONDS_EACH:.0f} seconds")
        return left

    def _now(self, address: str) -> float:
        left, at = self._left.get(address, (_BURST, 0.0))
        return min(_BURST, left + (self._monotonic() - at) / _SECONDS_EACH)

"""What waits to be copied, and who is next."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """Things that wait for their turn, in lanes: one that gets on slowly does not fill all hands.

    Next is whoever comes first in the lane with the fewest under way; docs/adr/0025 says why. Safe for use by many
    threads.

    Args:
        things: what waits, in order.
        lane: names the lane of one.
    """

    def __init__(self, things: Sequence[T], lane: Callable[[T], Hashable]) -> None:
        self._lock = threading.Lock()
        self._lanes: dict[Hashable, deque[tuple[int, T]]] = {}
        self._under_way = Counter[Hashable]()
        for number, thing in enumerate(things):
            self._lanes.setdefault(lane(thing), deque()).append((number, thing))

    @contextmanager
    def turn(self) -> Iterator[T | None]:
        """Return a context whose value is what is next, and under way within it; None when nothing waits."""
        with self._lock:
            lane = min(self._lanes, key=lambda each: (self._under_way[each], self._lanes[each][0][0]), default=None)
            if lane is None:
                thing = None
            else:
                _, thing = self._lanes[lane].popleft()
                self._under_way[lane] += 1
                if not self._lanes[lane]:
                    del self._lanes[lane]
        try:
            yield thing
        finally:
            with self._lock:
                self._under_way[lane] -= 1

"""Kept: what was read of a repository's objects, as values. Objects never change, so none of it grows old."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Generic, TypeVar

_V = TypeVar("_V")


class Kept(Generic[_V]):
    """Values by the ids of objects; what was not used for longest is forgotten first. Safe for many threads.

    Args:
        most: how much is kept at most, as `weigh` counts it.
        weigh: says how much a value is.
    """

    def __init__(self, most: int, weigh: Callable[[_V], int] = lambda _: 1) -> None:
        self._most = most
        self._weigh = weigh
        self._lock = Lock()
        self._values: OrderedDict[str, _V] = OrderedDict()
        self._weight = 0

    def all(self, ids: Sequence[str], read: Callable[[Sequence[str]], Iterable[tuple[str, _V]]]) -> dict[str, _V]:
        """Return id → value, in any order.

        Args:
            ids: of objects.
            read: reads those that are not kept, in one go; what it leaves out is left out.
        """
        with self._lock:
            found = {id_: self._values[id_] for id_ in ids if id_ in self._values}
            for id_ in found:
                self._values.move_to_end(id_)
        unknown = [id_ for id_ in dict.fromkeys(ids) if id_ not in found]
        if unknown:
            read_now = dict(read(unknown))
            self._keep(read_now)
            found |= read_now
        return found

    def one(self, id_: str, read: Callable[[], _V]) -> _V:
        """Return one value; it is read when it is not kept."""
        return self.all([id_], lambda _: [(id_, read())])[id_]

    def _keep(self, values: dict[str, _V]) -> None:
        with self._lock:
            for id_, value in values.items():
                if id_ not in self._values:
                    self._values[id_] = value
                    self._weight += self._weigh(value)
            while self._weight > self._most:
                _, oldest = self._values.popitem(last=False)
                self._weight -= self._weigh(oldest)

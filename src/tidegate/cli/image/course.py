"""How far a run of copies is: for the line that a person sees, for the events that a machine reads, for the summary."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from tidegate.registry.batch import Began, ByteCount, Copied, Event, Pair


class Course:
    """What is known of a run while it goes on.

    Args:
        total: how many images.
        sent: counts the bytes that were sent.
        pauses: gives the registries that ask for patience, and for how many seconds.
        monotonic: a clock in seconds.
    """

    def __init__(
        self,
        total: int,
        sent: ByteCount,
        pauses: Callable[[], Mapping[str, float]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total = total
        self.pauses = pauses
        self.results: list[Copied] = []
        """How those that have ended did."""
        self._under_way: dict[int, str] = {}
        self._sent = sent
        self._monotonic = monotonic
        self._began = monotonic()

    @property
    def under_way(self) -> list[str]:
        """The targets of copies that have begun and not ended."""
        return list(self._under_way.values())

    @property
    def bytes_sent(self) -> int:
        """Bytes of blobs that were sent so far."""
        return self._sent.total

    def seconds(self) -> float:
        """Return the seconds since the run began."""
        return self._monotonic() - self._began

    def put_in_order(self, pairs: Sequence[Pair]) -> None:
        """Put the results in the order of `pairs`: they end as registries have it."""
        numbers = {id(pair): number for number, pair in enumerate(pairs)}
        self.results.sort(key=lambda each: numbers[id(each.pair)])

    def see(self, event: Event) -> None:
        """Take note of `event`. After Ctrl-C the last one may come once more; it counts once."""
        if isinstance(event, Began):
            self._under_way[id(event.pair)] = str(event.pair.written)
        elif isinstance(event, Copied):
            if not (self.results and self.results[-1].pair is event.pair):
                self.results.append(event)
            self._under_way.pop(id(event.pair), None)

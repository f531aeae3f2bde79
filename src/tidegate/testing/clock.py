"""FakeClock: the clock port without waiting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

START: Final = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until somebody sleeps or moves it; fulfils the port `Clock`.

    Args:
        start: the first moment (UTC).

    Attributes:
        sleeps: how long each sleep was, in seconds.
        events: what happens during the coming sleeps, one in each.
    """

    def __init__(self, start: datetime = START) -> None:
        self.sleeps: list[float] = []
        self.events: list[Callable[[], object]] = []
        self._now = start

    def now(self) -> datetime:
        """Return the clock's time."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock on, and let the next event happen."""
        self.sleeps.append(seconds)
        self.advance(timedelta(seconds=seconds))
        if self.events:
            self.events.pop(0)()

    def advance(self, length: timedelta) -> None:
        """Move the clock on."""
        self._now += length

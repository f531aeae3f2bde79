"""The clock port."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is, and waiting."""

    def now(self) -> datetime:
        """Return the present moment in UTC (timezone-aware)."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...

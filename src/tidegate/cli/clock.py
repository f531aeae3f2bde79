"""The clock port on the system's clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """The real time. Fulfils `tidegate.ports.Clock`."""

    def now(self) -> datetime:
        """Return the present moment in UTC (timezone-aware)."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        time.sleep(seconds)

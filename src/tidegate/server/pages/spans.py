"""How long something takes or took, in one unit: what a person reads at a glance."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

_UNITS: Final = (
    (timedelta(days=365), "y"),
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
)


def span(length: timedelta) -> str:
    """Return a length of time, rounded down: `3 d`, `5 h`, `12 min`; below a minute `<1 min`. As `board.js` has it."""
    for unit, name in _UNITS:
        if length >= unit:
            return f"{length // unit} {name}"
    return "<1 min"


def age(since: datetime | None, now: datetime) -> str | None:
    """Return how long ago `since` was; None when that is not known."""
    return span(now - since) if since is not None else None

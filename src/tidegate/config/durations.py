"""Lengths of time, as Go's `time.ParseDuration` writes them, with days: `90s`, `30m`, `24h`, `7d`, `1h30m`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from tidegate.errors.config import InvalidDuration

_GRAMMAR: Final = re.compile(
    r"(?=[0-9])(?:([0-9]{1,5})d)?(?:([0-9]{1,5})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,5})s)?", re.ASCII
)


def duration(text: str) -> timedelta:
    """Return the length of time that `text` spells.

    Raises:
        InvalidDuration: it spells none.
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise InvalidDuration(f"{text[:80]!r} is not a length of time", hint="e.g. 90s, 30m, 24h, 7d or 1h30m")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)

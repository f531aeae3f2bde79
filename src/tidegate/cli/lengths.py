"""Lengths of time in options, such as `20s`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


def length(text: str) -> timedelta:
    """Return the length of time that `text` spells.

    Raises:
        InvalidDuration: it spells none, or no time at all.
    """
    from tidegate.config import duration
    from tidegate.errors.config import InvalidDuration

    found = duration(text)
    if not found:
        raise InvalidDuration(f"{text!r} is no time at all", hint="e.g. 20s or 5m")
    return found

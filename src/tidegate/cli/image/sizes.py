"""Sizes in bytes, for people."""

from __future__ import annotations

from typing import Final

_STEP: Final = 1024


def shown(size: float) -> str:
    """Return `size` bytes in the largest unit that leaves a whole number before the point."""
    for unit in ("B", "KiB", "MiB"):
        if size < _STEP:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _STEP
    return f"{size:.1f} GiB"

"""How long to wait before a key is tried again."""

from __future__ import annotations

from typing import Final

FIRST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 300.0


def pause(attempt: int, jitter: float) -> float:
    """Return the seconds to wait after a failure: doubled each time, up to five minutes, and spread by half.

    Args:
        attempt: how often in a row it has failed before, from 0.
        jitter: a random number in [0, 1): many keys that failed together don't come back together.
    """
    longest = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempt, 16))
    return float(longest * (0.5 + jitter / 2))

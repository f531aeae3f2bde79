"""Waiting for something that another thread or process does: long enough for a machine with much else to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 60.0
"""Seconds. Who waits goes on as soon as there is no more to wait for: only what fails takes so long."""


def until(holds: Callable[[], object], *, every: float = 0.01, told: Callable[[], object] = str) -> None:
    """Wait until `holds` returns something true.

    Args:
        holds: asked again and again.
        every: seconds from one question to the next.
        told: gives what to say when patience ends.
    """
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"it did not come to hold; {told()}"
        time.sleep(every)

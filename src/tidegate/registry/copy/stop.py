"""Ending early what is not needed any more, and waiting that can end so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

NAP: Final = 0.25
"""Seconds after which who waits looks whether it is still needed."""


class Stopped(Exception):
    """Another blob of the image has failed, or the run was interrupted: this one is not needed."""


class Stop:
    """Whether to go on: neither this image has failed nor everything been stopped.

    Args:
        everything: is set when everything has been stopped.
    """

    def __init__(self, everything: threading.Event) -> None:
        self._everything = everything
        self._this = threading.Event()

    def set(self) -> None:
        """Stop this image."""
        self._this.set()

    def check(self) -> None:
        """Raise `Stopped` when there is no use in going on."""
        if self._this.is_set() or self._everything.is_set():
            raise Stopped

    def sleep(self, sleep: Callable[[float], None], seconds: float) -> None:
        """Sleep as long as it makes sense."""
        while seconds > 0 and not self._this.is_set() and not self._everything.is_set():
            sleep(min(seconds, NAP))
            seconds -= NAP


@contextmanager
def taken(turn: threading.Lock | threading.Semaphore, check: Callable[[], None]) -> Iterator[None]:
    """Return a context in which `turn` is taken; `check`, called while it is waited for, raises to end that."""
    while not turn.acquire(timeout=NAP):
        check()
    try:
        yield
    finally:
        turn.release()

"""Ctrl-C: the first one ends what goes on and says so; those behind it neither cut that short nor show a traceback."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Final

from tidegate.cli import INTERRUPTED

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_ECHO: Final = 1.0
"""Seconds in which a further one says nothing new: `timeout`, CI runners and impatient fingers send it twice."""


class Interrupts:
    """What becomes of SIGINT.

    Args:
        leave: ends the process at once with an exit code.
        monotonic: a clock in seconds.
    """

    def __init__(
        self, leave: Callable[[int], object] = os._exit, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._leave = leave
        self._monotonic = monotonic
        self._first: float | None = None

    def hear(self) -> None:
        """Take SIGINT from now on, unless whoever started the process has it ignored (`nohup`, a job behind `&`)."""
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self)
            sys.unraisablehook = self.lost

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Interrupt the main thread; leave at once when that was done and did not end the process.

        Raises:
            KeyboardInterrupt: for the first one.
        """
        del number, frame
        now = self._monotonic()
        if self._first is None:
            self._first = now
            raise KeyboardInterrupt
        if now - self._first > _ECHO:
            self._leave(INTERRUPTED)

    def lost(self, unraisable: UnraisableHookArgs) -> None:
        """Leave at once when it came where Python lets no exception out, say in a callback of its import locks."""
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            sys.stderr.write("interrupted\n")
            sys.stderr.flush()
            self._leave(INTERRUPTED)
        else:
            sys.__unraisablehook__(unraisable)

"""Ctrl-C and SIGTERM: the first ends what goes on and says so; those behind it neither cut that short nor show a trace.

SIGTERM is what CI runners, `timeout` and container engines send before they kill. It differs in the exit code alone,
which is its own when both came: who sent it looks there.
"""

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
_SIGNALS: Final = 128
"""What shells add to a signal's number to get an exit code."""


class Interrupts:
    """What becomes of SIGINT and SIGTERM.

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
        self._code = INTERRUPTED
        self._ended = False

    def hear(self) -> None:
        """Take both from now on, unless whoever started the process has them ignored (`nohup`, a job behind `&`)."""
        sys.unraisablehook = self.lost
        for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
            if signal.getsignal(number) == usual:
                signal.signal(number, self)

    def end(self, code: int) -> int:
        """Return the exit code of a process whose commands ended with `code`: 143 for 130 when it was SIGTERM.

        What comes from now on finds all said and written.
        """
        self._ended = True
        self._code = self._code if code == INTERRUPTED else code
        return self._code

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Interrupt the main thread; leave at once when that was done and did not end the process.

        Raises:
            KeyboardInterrupt: for the first one.
        """
        del frame
        now = self._monotonic()
        if not self._ended:
            self._code = max(self._code, _SIGNALS + number)
        if self._ended and self._first is None:
            self._leave(self._code)
        elif self._first is None:
            self._first = now
            raise KeyboardInterrupt
        elif now - self._first > _ECHO:
            self._leave(self._code)

    def lost(self, unraisable: UnraisableHookArgs) -> None:
        """Leave at once when it came where Python lets no exception out, say in a callback of its import locks."""
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            sys.stderr.write("interrupted\n")
            sys.stderr.flush()
            self._leave(self._code)
        else:
            sys.__unraisablehook__(unraisable)

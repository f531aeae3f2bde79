"""How many requests to one registry are under way at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Final

from tidegate.http import InFlight, Request, Response, Sender, later, retry_after
from tidegate.registry.answers import BUSY

_LONGEST_PAUSE: Final = 60.0
"""Seconds for which a Retry-After holds all requests back; whoever was told longer waits longer by himself."""
_PATIENCE: Final = 60.0
"""Seconds after which a request goes ahead without a slot: a pace is a courtesy, it must not block a copy for good."""


_ROUNDS: Final = 4
"""Above the number at which it was told to slow down, one more is tried after so many rounds: who is refused has to
read a blob again, where TCP sends a packet again."""
_BREATHS: Final = (0.05, 5.0)
"""Seconds for which all wait when one at a time is too many, and nothing says how long: the shortest, the longest."""
_FEW: Final = 16
_MANY: Final = 64
"""Answers between two such refusals that make such a wait twice as long, and half as long."""


class Pace:
    """Few requests at first, one more with each that is answered, half as many when the registry asks for patience.

    This is how TCP finds its window (RFC 5681): below the number at which it was last told to slow down it grows fast,
    above slowly. A registry that counts requests by the second may refuse even one at a time: where it does not say how
    long to wait, all wait a moment, and longer when it refuses soon again. Safe for use by many threads.

    Args:
        most: requests at once at most.
        first: requests at once in the beginning.
        sleep: waits that many seconds.
        monotonic: a clock in seconds.
    """

    def __init__(
        self,
        most: int,
        *,
        first: int = 4,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._limit = float(min(first, most))
        self._careful_from = float(most)
        self._sleep = sleep
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._under_way = 0
        self._ahead = 0
        self._slowed = 0
        self._answered = 0
        self._breath = 0.0
        self._quiet_until = self._told_until = float("-inf")

    @property
    def limit(self) -> int:
        """Requests at once that are allowed now."""
        return int(self._limit)

    @property
    def pause(self) -> float:
        """Seconds for which the registry still asks for patience; 0 when it does not, or does not say for how long."""
        return max(0.0, self._told_until - self._monotonic())

    def enter(self) -> int:
        """Return when a request may be sent; its value is handed to `leave`.

        One may always be, besides those that were sent ahead: whoever has these under way may wait here.
        """
        with self._changed:
            self._changed.wait_for(self._has_room, _PATIENCE)
            self._under_way += 1
            slowed, pause = self._slowed, self._quiet_until - self._monotonic()
        if pause > 0:
            self._sleep(pause)
        return slowed

    def enter_ahead(self) -> int | None:
        """Return as `enter` for a request whose answer is waited for later; None when there is no room for such now.

        They take half of the slots at most: whoever has some under way waits for others, and must find one.
        """
        with self._changed:
            enough = self._ahead >= self.limit // 2 or self._under_way >= self.limit
            if enough or self._quiet_until > self._monotonic():
                return None
            self._under_way += 1
            self._ahead += 1
            return self._slowed

    def _has_room(self) -> bool:
        return self._under_way < self.limit or self._under_way == self._ahead

    def leave(self, slowed: int, *, busy: bool | None, wait: float | None = None, ahead: bool = False) -> None:
        """Tell how a request ended.

        Args:
            slowed: what `enter` or `enter_ahead` returned.
            busy: whether the registry asked for patience; None when there was no answer.
            wait: seconds that it asked for, or None.
            ahead: it was `enter_ahead`.
        """
        with self._changed:
            self._under_way -= 1
            self._ahead -= ahead
            if busy:
                now, breath = self._monotonic(), 0.0
                if slowed == self._slowed:  # else it was sent before the last time that we slowed down
                    breath = self._slow_down(told=bool(wait))
                if wait:
                    self._told_until = max(self._told_until, now + min(wait, _LONGEST_PAUSE))
                self._quiet_until = max(self._quiet_until, self._told_until, now + breath)
            elif busy is False:
                self._answered += 1
                step = 1.0 if self._limit < self._careful_from else 1 / (_ROUNDS * self._limit)
                self._limit = min(self._limit + step, self._most)
            self._changed.notify(max(1, self.limit - self._under_way))

    def _slow_down(self, *, told: bool) -> float:
        """Allow half as many; return for how many seconds all wait when the registry has not told."""
        self._slowed += 1
        alone = self.limit == 1
        self._careful_from = self._limit = max(1.0, self._limit / 2)
        if told or not alone:
            return 0.0
        shortest, longest = _BREATHS
        if self._answered < _FEW:
            self._breath = min(2 * self._breath or shortest, longest)
        elif self._answered > _MANY:
            self._breath /= 2
        self._answered = 0
        return self._breath


class Paced:
    """Sends requests at a registry's pace.

    Args:
        sender: sends them.
        pace: the registry's pace.
    """

    def __init__(self, sender: Sender, pace: Pace) -> None:
        self._sender = sender
        self._pace = pace

    def send(self, request: Request) -> Response:
        """Send `request` when it may be sent, and return the answer."""
        return self._answer(partial(self._sender.send, request), self._pace.enter())

    def begin(self, request: Request) -> InFlight:
        """Send `request` at once when it may be, else when its answer is waited for."""
        slowed = self._pace.enter_ahead()
        if slowed is None:
            return later(self, request)
        leave = partial(self._pace.leave, slowed, busy=None, ahead=True)
        with ExitStack() as undo:
            undo.callback(leave)
            begun = self._sender.begin(request)
            undo.pop_all()

        def abandon() -> None:
            leave()
            begun.abandon()

        return InFlight(partial(self._answer, begun.answer, slowed, ahead=True), abandon)

    def _answer(self, answer: Callable[[], Response], slowed: int, *, ahead: bool = False) -> Response:
        busy, wait = None, None
        try:
            response = answer()
            busy = response.status in BUSY
            wait = retry_after(response) if busy else None
        finally:
            self._pace.leave(slowed, busy=busy, wait=wait, ahead=ahead)
        return response

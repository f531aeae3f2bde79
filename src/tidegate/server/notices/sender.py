"""Sender: puts together what one target is to be told, and sends it by a thread of its own."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Condition, Event, Thread
from typing import Final, TypeAlias

from tidegate.config.notify_settings import NotifyTarget
from tidegate.engine.views.notice_message import compose, still_so
from tidegate.errors import TidegateError
from tidegate.errors.notify import MessageNotTaken
from tidegate.errors.queue import QueueUnreachable
from tidegate.model.notice import Message, Notice, NoticeEvent
from tidegate.ports.messages import MessageTarget
from tidegate.server.backoff import pause
from tidegate.server.notices.claims import Claims

_LOG: Final = logging.getLogger(__name__)
_LONGEST_PAUSE: Final = 30.0
"""Seconds between two looks for who is to tell, while the database does not answer."""

Count: TypeAlias = Callable[[NoticeEvent, str, str, int], None]
"""Counts notices: event, target's name, what became of them, how many."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a target is told.

    Args:
        gather: seconds that the first notice after a silence waits for others, but no longer than messages are apart.
            What is over by then is not told.
        attempts: how often a message is tried before it is dropped.
        most: how many notices wait at most; of more, only the number is told.
        pause: seconds to wait after so many attempts, from 0; gets a random number in [0, 1), too.
    """

    gather: float = 5.0
    attempts: int = 10
    most: int = 2_000
    pause: Callable[[int, float], float] = pause


@dataclass(frozen=True, slots=True)
class Wording:
    """What messages need besides notices.

    Args:
        board: the server's address, where people reach it, or None.
        clean: takes secrets out of a text.
    """

    board: str | None
    clean: Callable[[str], str]

    def message(self, notices: Sequence[Notice], left_out: Counter[NoticeEvent]) -> Message:
        """Return the message that tells them."""
        message = compose(notices, left_out, self.board)
        return replace(message, title=self.clean(message.title), body=self.clean(message.body))


class Sender:
    """Tells one target. Whoever adds a notice waits for nothing.

    Args:
        target: whom, and of what.
        to: hands messages over.
        claims: who tells.
        wording: what messages need.
        count: counts notices.
        pace: how fast.
    """

    def __init__(
        self, target: NotifyTarget, to: MessageTarget, claims: Claims, *, wording: Wording, count: Count, pace: Pace
    ) -> None:
        self._target = target
        self._to = to
        self._claims = claims
        self._wording = wording
        self._count = count
        self._pace = pace
        self._changed = Condition()
        self._pending: list[Notice] = []
        self._left_out: Counter[NoticeEvent] = Counter()
        self._stopping = Event()
        self._thread = Thread(target=self._work, name=f"notify-{target.name}", daemon=True)

    def add(self, notices: Iterable[Notice]) -> None:
        """Have the target told of those that concern it; returns at once."""
        with self._changed:
            for each in filter(self._target.concerns, notices):
                if len(self._pending) < self._pace.most:
                    self._pending.append(each)
                elif each.event in self._target.events:
                    self._left_out[each.event] += 1
                    self._count(each.event, self._target.name, "dropped", 1)
            self._changed.notify_all()

    def start(self) -> None:
        """Begin to tell. The thread does not keep the process from ending."""
        self._thread.start()

    def stop(self) -> None:
        """Have what is left told at once, in one attempt; returns at once."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()

    def join(self, seconds: float) -> bool:
        """Wait until it has ended, for so long at most; return whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        attempt = 0
        while self._gather(attempt):
            wait, attempt = self._tell(attempt)
            self._stopping.wait(wait)
        self._tell(self._pace.attempts - 1, last=True)

    def _gather(self, attempt: int) -> bool:
        """Wait until there is something to tell, and a moment longer; return False when it is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._stopping.is_set())
        if attempt == 0:
            self._stopping.wait(min(self._pace.gather, self._target.every.total_seconds()))
        return not self._stopping.is_set()

    def _tell(self, attempt: int, *, last: bool = False) -> tuple[float, int]:
        """Try once; return the seconds to wait, and how often in a row it has failed."""
        with self._changed:
            batch, left_out = tuple(self._pending), Counter(self._left_out)
        news = self._wanted(still_so(batch))
        wait = 0.0
        try:
            if news or any(left_out.values()):
                wait = self._claim_and_send(news, left_out, last=last)
        except QueueUnreachable as error:
            if not last:
                return min(self._pace.pause(attempt, random.random()), _LONGEST_PAUSE), attempt  # noqa: S311 - no secret
            self._drop(batch, news, left_out, error)
        except Exception as error:  # noqa: BLE001 # the boundary: a bug in one message must not end all later ones
            if not isinstance(error, MessageNotTaken):
                _LOG.exception("a bug in Tidegate", extra={"fields": {"event": "notify", "target": self._target.name}})
            if attempt + 1 < self._pace.attempts:
                return self._pace.pause(attempt, random.random()), attempt + 1  # noqa: S311 - likewise
            self._drop(batch, news, left_out, error)
        else:
            if wait:
                return wait, 0
            self._forget(batch, left_out)
            self._tally(set(self._wanted(batch)) - set(news), "over")
        return 0.0, 0

    def _claim_and_send(self, news: Sequence[Notice], left_out: Counter[NoticeEvent], *, last: bool) -> float:
        """Send what is ours to tell; return the seconds after which it may be tried, or 0 when all is told."""
        identities = [each.identity for each in news]
        with self._claims.turn(self._target.name, self._target.every, identities, last=last) as turn:
            won = [each for each in news if each.identity in turn.won]
            if turn.wait or not won:
                return turn.wait
            message = self._wording.message(won, left_out)
            self._to.send(message)
        self._tally(won, "sent")
        fields = {"event": "notify", "target": self._target.name, "notices": len(won)}
        _LOG.info("told %s: %s", self._target.name, message.title, extra={"fields": fields})
        return 0.0

    def _wanted(self, notices: Iterable[Notice]) -> tuple[Notice, ...]:
        return tuple(each for each in notices if each.event in self._target.events)

    def _drop(
        self, batch: Sequence[Notice], news: Sequence[Notice], left_out: Counter[NoticeEvent], error: Exception
    ) -> None:
        self._forget(batch, left_out)
        self._tally(news, "dropped")
        fields: dict[str, object] = {"event": "notify", "target": self._target.name, "notices": len(news)}
        if isinstance(error, TidegateError):
            fields |= {"code": error.code, "hint": error.hint}
        _LOG.warning("%s notices are dropped: %s", len(news), error, extra={"fields": fields})

    def _forget(self, batch: Sequence[Notice], left_out: Counter[NoticeEvent]) -> None:
        with self._changed:
            del self._pending[: len(batch)]
            self._left_out -= left_out

    def _tally(self, notices: Iterable[Notice], outcome: str) -> None:
        for event, number in Counter(each.event for each in notices).items():
            self._count(event, self._target.name, outcome, number)

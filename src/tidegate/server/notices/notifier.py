"""Notifier: hears of every change of the board, and has people told what is new."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tidegate.config.notify_settings import NotifyTarget
from tidegate.engine.views.notices import Known, news
from tidegate.model import Pipeline
from tidegate.model.key import ServiceKey
from tidegate.ports.messages import MessageTarget
from tidegate.server.board_store import BoardChange
from tidegate.server.notices.claims import Claims, OwnClaims
from tidegate.server.notices.sender import Count, Pace, Sender, Wording


@dataclass(frozen=True, slots=True)
class Notifying:
    """Whom to tell, and how.

    Args:
        targets: each with what hands messages over.
        clean: takes secrets out of a text.
        claims: who tells, where several processes could.
        board: the server's address, where people reach it, or None.
        pace: how fast.
    """

    targets: Sequence[tuple[NotifyTarget, MessageTarget]] = ()
    clean: Callable[[str], str] = str
    claims: Claims = field(default_factory=OwnClaims)
    board: str | None = None
    pace: Pace = field(default_factory=Pace)


class Notifier:
    """Listens to a board. All it knows begins with the process: what the first look at a cell shows is told to nobody.

    Args:
        notifying: whom to tell, and how.
        pipeline: whose environments are promoted to.
        count: counts notices.
    """

    def __init__(self, notifying: Notifying, pipeline: Pipeline, count: Count) -> None:
        wording = Wording(notifying.board, notifying.clean)
        self._senders = tuple(
            Sender(target, to, notifying.claims, wording=wording, count=count, pace=notifying.pace)
            for target, to in notifying.targets
        )
        self._promoted = frozenset(each.name for each in pipeline.environments if each.source)
        self._known: dict[ServiceKey, Known | None] = {}

    def heard(self, change: BoardChange) -> None:
        """Have told what a change of the board brings; fulfils `Listener`."""
        for cell in change.cells if self._senders else ():
            if cell.environment in self._promoted:
                self._known[cell.key], notices = news(self._known.get(cell.key), cell)
                for sender in self._senders if notices else ():
                    sender.add(notices)
        if change.services is not None:
            self._known = {key: known for key, known in self._known.items() if key.service in change.services}

    def start(self) -> None:
        """Begin to tell."""
        for each in self._senders:
            each.start()

    def stop(self, seconds: float) -> bool:
        """Have what is left told at once; wait for that for so long at most, and return whether it is done."""
        until = time.monotonic() + seconds
        for each in self._senders:
            each.stop()
        ended = [each.join(max(0.0, until - time.monotonic())) for each in self._senders]
        return all(ended)

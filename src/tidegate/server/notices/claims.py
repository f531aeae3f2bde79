"""Claims: which process tells a target of what, and when it may."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

QUIET: Final = timedelta(minutes=15)
"""What was told is not told again so soon, whatever has become of it meanwhile."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a target may be told something now.

    Args:
        wait: seconds until it may be asked for again; 0: now.
        won: the notices, by identity, that are ours to tell. The others have been told already.
    """

    wait: float = 0.0
    won: frozenset[str] = frozenset()


class Claims(Protocol):
    """Who tells a target what. Safe for many threads; of many processes, where it is shared.

    - A target is told by one process at a time, and gets one message in `every` at most.
    - A notice is told once in `QUIET`, whoever saw it.
    """

    def turn(
        self, target: str, every: timedelta, identities: Sequence[str], *, last: bool = False
    ) -> AbstractContextManager[Turn]:
        """Give the turn, for as long as the message takes.

        At its end what was won counts as told; at its end by an error, it does not, and nor does it when the process is
        killed meanwhile.

        Args:
            target: its name.
            every: it gets one message in that time at most.
            identities: of what is to be told.
            last: the process ends: the pause since the last message is not waited for.

        Raises:
            QueueUnreachable: those who share it can't be asked.
        """
        ...


class OwnClaims:
    """Fulfils `Claims` for one process.

    Args:
        quiet: how long what was told is not told again.
        monotonic: seconds that only grow.
    """

    def __init__(self, quiet: timedelta = QUIET, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._quiet = quiet.total_seconds()
        self._monotonic = monotonic
        self._sent: dict[str, float] = {}
        self._told: dict[str, dict[str, float]] = {}

    @contextmanager
    def turn(self, target: str, every: timedelta, identities: Sequence[str], *, last: bool = False) -> Iterator[Turn]:
        """Give the turn; of one target, one thread asks."""
        now = self._monotonic()
        sent = self._sent.get(target)
        wait = 0.0 if sent is None or last else sent + every.total_seconds() - now
        if wait > 0:
            yield Turn(wait)
            return
        told = {each: at for each, at in self._told.get(target, {}).items() if now - at < self._quiet}
        won = frozenset(each for each in identities if each not in told)
        yield Turn(won=won)
        self._told[target] = told | dict.fromkeys(won, now)
        if won:
            self._sent[target] = now

"""What the processes of one installation share through PostgreSQL: the queue, and word of what was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Final

from tidegate.server.postgres.announcements import ANNOUNCEMENTS_CHANNEL, Announcements
from tidegate.server.postgres.database import Database
from tidegate.server.postgres.jobs import JOBS_CHANNEL
from tidegate.server.postgres.listener import Ear, Listener
from tidegate.server.postgres.notice_claims import SharedClaims
from tidegate.server.postgres.queue import STEADY, PostgresQueue, Rhythm
from tidegate.server.rests import Rests

_OTHERS: Final = 3
"""Connections besides those of workers: heartbeats, new keys, and what asks for the depth."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What a process has of the others.

    Args:
        queue: keys, wherever they were added.
        announcements: word of what was looked at, wherever that was.
        claims: who tells people of it.
    """

    queue: PostgresQueue
    announcements: Announcements
    claims: SharedClaims


@contextmanager
def open_shared(
    url: str, *, workers: int, targets: int = 0, rhythm: Rhythm = STEADY, rests: Rests | None = None
) -> Iterator[Shared]:
    """Give what is shared through the database at `url`; tables are made where there are none.

    Args:
        url: `postgresql://…`, or what else libpq takes.
        workers: how many keys this process will handle at once.
        targets: how many targets of notifications it will tell at once.
        rhythm: of heartbeats.
        rests: of keys that are added here again and again; None: there are none.

    Raises:
        InvalidQueue, QueueUnreachable, QueueNotOurs: as `Database.open` raises.
    """
    with ExitStack() as stack:
        database = stack.enter_context(closing(Database.open(url, workers + targets + _OTHERS)))
        queue = stack.enter_context(PostgresQueue.open(database, rhythm, rests))
        announcements = stack.enter_context(closing(Announcements(database)))
        ears = {
            JOBS_CHANNEL: Ear(lambda _: queue.wake(), queue.wake),
            ANNOUNCEMENTS_CHANNEL: Ear(announcements.heard, announcements.missed),
        }
        stack.enter_context(closing(Listener(database, ears)))
        yield Shared(queue, announcements, SharedClaims(database))

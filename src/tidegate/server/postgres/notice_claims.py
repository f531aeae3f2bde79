"""SharedClaims: which of several processes tells a target of what, by rows in PostgreSQL.

While one process tells a target, it holds that target's lock. When it is killed, PostgreSQL undoes what it has written,
and another process tells the same. The rows can be deleted at any time: at worst something is told twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import psycopg

from tidegate.errors.queue import QueueUnreachable
from tidegate.server.notices.claims import QUIET, Turn
from tidegate.server.postgres.database import Database
from tidegate.server.postgres.schema import Connection

_BUSY_SECONDS: Final = 1.0
"""How long to wait while another process tells the same target."""
_LOCK: Final = 0x6E6F_7465
_HOLD: Final = "SELECT pg_try_advisory_xact_lock(%(lock)s, hashtext(%(target)s))"
_WAIT: Final = """
SELECT extract(epoch FROM told_at + make_interval(secs => %(every)s) - clock_timestamp())::float8
  FROM notice_targets WHERE name = %(target)s
"""
_FORGET: Final = """
DELETE FROM notices_told
 WHERE target = %(target)s AND told_at <= clock_timestamp() - make_interval(secs => %(quiet)s)
"""
_CLAIM: Final = """
INSERT INTO notices_told (target, identity) SELECT DISTINCT %(target)s::text, unnest(%(identities)s::text[])
ON CONFLICT DO NOTHING RETURNING identity
"""
_SENT: Final = """
INSERT INTO notice_targets (name, told_at) VALUES (%(target)s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET told_at = excluded.told_at
"""


class SharedClaims:
    """Fulfils `Claims` for all processes that share a database.

    Args:
        database: with the tables.
        quiet: how long what was told is not told again.
    """

    def __init__(self, database: Database, quiet: timedelta = QUIET) -> None:
        self._database = database
        self._quiet = quiet

    @contextmanager
    def turn(self, target: str, every: timedelta, identities: Sequence[str], *, last: bool = False) -> Iterator[Turn]:
        """Give the turn."""
        try:
            with self._database.connection() as connection, connection.transaction():
                yield self._turn(connection, target, 0.0 if last else every.total_seconds(), identities)
        except psycopg.Error as error:
            raise QueueUnreachable(
                f"PostgreSQL does not say who tells {target}: {type(error).__name__}",
                where=f"server.notify.{target}",
                hint="see the log's lines about the queue",
            ) from error

    def _turn(self, connection: Connection, target: str, every: float, identities: Sequence[str]) -> Turn:
        if connection.execute(_HOLD, {"lock": _LOCK, "target": target}).fetchone() != (True,):
            return Turn(_BUSY_SECONDS)
        sent = connection.execute(_WAIT, {"target": target, "every": every}).fetchone()
        if sent is not None and every and sent[0] > 0:
            return Turn(float(sent[0]))
        connection.execute(_FORGET, {"target": target, "quiet": self._quiet.total_seconds()})
        found = connection.execute(_CLAIM, {"target": target, "identities": list(identities)}).fetchall()
        won = frozenset(str(row[0]) for row in found)
        if won:
            connection.execute(_SENT, {"target": target})
        return Turn(won=won)

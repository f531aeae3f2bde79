"""The queue's tables: procrastinate's own, and two about notices, in a schema of ours.

Nothing in the queue must be kept: a resync finds it again. So tables of an older procrastinate are not migrated, they
are made anew.
"""

from __future__ import annotations

import importlib.metadata
import logging
import re
from typing import Any, Final, TypeAlias

import psycopg
from procrastinate.schema import SchemaManager

from tidegate.errors.queue import QueueNotOurs

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
SCHEMA: Final = "tidegate_queue"
"""The PostgreSQL schema that the tables are in."""
_LOCK: Final = 0x7469_6465
_OURS: Final = re.compile(r"Tidegate's queue, procrastinate (\d+(?:\.\d+)*)")
_NOTICES: Final = f"""
CREATE TABLE IF NOT EXISTS {SCHEMA}.notice_targets (name text PRIMARY KEY, told_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS {SCHEMA}.notices_told (
    target text, identity text, told_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (target, identity)
);
"""
"""Beside procrastinate's: when each target of notifications got its last message, and what was told of late."""
_LOG: Final = logging.getLogger(__name__)


def ensure_schema(connection: Connection) -> bool:
    """Make the tables, unless they are there; many processes may ask at once. Return whether they were made.

    Raises:
        QueueNotOurs: there is a schema of that name which we did not make, or a newer one.
    """
    version = importlib.metadata.version("procrastinate")
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        found = connection.execute(
            "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", (SCHEMA,)
        ).fetchone()
        if found is not None and _known(found[0]) == _numbers(version) and _has_tables(connection):
            connection.execute(_NOTICES)
            return False
        if found is not None and _known(found[0]) > _numbers(version):
            raise QueueNotOurs(
                "the queue was made by a newer version of Tidegate", where=SCHEMA, hint="upgrade this process too"
            )
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        connection.execute(f"SET LOCAL search_path TO {SCHEMA}, pg_catalog")
        connection.execute(SchemaManager.get_schema())
        connection.execute(_NOTICES)
        connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS 'Tidegate''s queue, procrastinate {version}'")
    _LOG.info("made the queue's tables", extra={"fields": {"event": "queue", "schema": SCHEMA}})
    return True


def _has_tables(connection: Connection) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{SCHEMA}.procrastinate_jobs",)).fetchone()
    return row is not None and bool(row[0])


def _known(comment: object) -> tuple[int, ...]:
    match = _OURS.fullmatch(comment) if isinstance(comment, str) else None
    if match is None:
        raise QueueNotOurs(
            "a schema of that name is there, and Tidegate did not make it",
            where=SCHEMA,
            hint="give Tidegate a database of its own",
        )
    return _numbers(match[1])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))

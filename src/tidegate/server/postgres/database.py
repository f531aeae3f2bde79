"""Connections to PostgreSQL: a pool that opens lost ones again, and one that listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import conninfo, pq
from psycopg_pool import ConnectionPool

from tidegate.errors.queue import InvalidQueue, QueueUnreachable
from tidegate.server.postgres.schema import SCHEMA, Connection, ensure_schema

_CONNECT_SECONDS: Final = 5
_WAIT_SECONDS: Final = 5.0
_DEFAULTS: Final[dict[str, str | int]] = {
    "connect_timeout": _CONNECT_SECONDS,
    "application_name": "tidegate",
    # A machine that is gone says nothing: this is how long it takes until we notice.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class Database:
    """Fits many threads. Each call gets a connection of its own, for as long as it takes.

    Args:
        url: `postgresql://…`, or what else libpq takes; it may hold a password.
        most: how many connections there are at most, besides those that listen.
    """

    def __init__(self, url: str, most: int) -> None:
        self._address = conninfo.make_conninfo(url, **{**_DEFAULTS, **_parameters(url)})
        self._pool = ConnectionPool(
            self._address,
            min_size=1,
            max_size=most,
            open=False,
            timeout=_WAIT_SECONDS,
            reconnect_timeout=_WAIT_SECONDS,  # longer, and its pauses would grow to minutes: whoever asks tries anew
            kwargs={"autocommit": True},
            configure=_configure,
        )

    @classmethod
    def open(cls, url: str, most: int) -> Database:
        """Return the database, with the queue's tables in it; `close` it.

        Raises:
            InvalidQueue: libpq can't read the URL.
            QueueUnreachable: PostgreSQL does not answer, or does not let us in.
            QueueNotOurs: the tables' schema is somebody else's, or of a newer version.
        """
        database = cls(url, most)
        try:
            database.prepare()
        except psycopg.Error as error:
            raise _unreachable(url, error) from error
        database._pool.open()
        return database

    def prepare(self) -> bool:
        """Make the queue's tables where they are not there yet; return whether they were not.

        Raises:
            psycopg.Error: it does not answer, or does not let us.
            QueueNotOurs: as `open` raises.
        """
        with self.listening() as connection:
            return ensure_schema(connection)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Give a connection of the pool, in autocommit.

        Raises:
            psycopg.OperationalError: there is none for some seconds.
        """
        with self._pool.connection() as connection:
            yield connection

    @contextmanager
    def listening(self) -> Iterator[Connection]:
        """Give a connection of its own, closed at the end."""
        with psycopg.connect(self._address, autocommit=True) as connection:
            _configure(connection)
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def _configure(connection: Connection) -> None:
    connection.execute(f"SET search_path TO {SCHEMA}, pg_catalog")


def _unreachable(url: str, error: psycopg.Error) -> QueueUnreachable:
    said = str(error).strip().splitlines()
    return QueueUnreachable(
        f"PostgreSQL: {said[-1].strip() if said else type(error).__name__}",
        where=place(url),
        hint="check that the address is right, that the database is there, and that its user may create a schema in it",
    )


def place(url: str) -> str:
    """Return where a queue is, without a password.

    Raises:
        InvalidQueue: libpq can't read it.
    """
    known = _parameters(url)
    return f"{known.get('host', 'the local socket')}, database {known.get('dbname', 'of the user')}"


def has_password(url: str) -> bool:
    """Return whether a password stands in `url`.

    Raises:
        InvalidQueue: libpq can't read it.
    """
    return any("password" in name and name != "passfile" for name in _parameters(url))


def _parameters(url: str) -> dict[str, str]:
    try:
        options = pq.Conninfo.parse(url.encode())
    except psycopg.Error as error:
        raise InvalidQueue(
            "this is no address of a PostgreSQL database", hint="e.g. postgresql://tidegate@db.example.com/tidegate"
        ) from error
    return {option.keyword.decode(): option.val.decode() for option in options if option.val is not None}

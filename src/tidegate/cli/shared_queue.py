"""`--queue`: where the keys are that several processes share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import click

from tidegate.cli.invocation import Invocation

if TYPE_CHECKING:
    from tidegate.ports.queue import KeyQueue
    from tidegate.server.notices.claims import Claims
    from tidegate.server.others import Others

P = ParamSpec("P")
R = TypeVar("R")
_VARIABLE: Final = "TIDEGATE_QUEUE"


def queue_option(function: Callable[P, R]) -> Callable[P, R]:
    """Add `--queue URL`; the command gets `queue: str | None`."""
    return click.option(
        "--queue",
        metavar="URL",
        callback=_checked,
        help=f"Share the work with other processes through PostgreSQL, e.g. postgresql://tidegate@db/tidegate. "
        f"Default: {_VARIABLE}, which may hold a password.",
    )(function)


@contextmanager
def open_queue(url: str | None, workers: int, targets: int = 0) -> Iterator[tuple[KeyQueue, Others | None, Claims]]:
    """Give the queue, the others that share it, and who tells people; without a URL it is in memory, and for us alone.

    Args:
        url: `postgresql://…`, or None.
        workers: how many keys are handled at once by this process.
        targets: how many targets of notifications are told by it.

    Raises:
        QueueUnreachable, QueueNotOurs: as `open_shared` raises.
    """
    from tidegate.server.rests import Rests

    if url is None:
        from tidegate.server.notices.claims import OwnClaims
        from tidegate.server.thread_queue import ThreadQueue

        yield ThreadQueue(rests=Rests()), None, OwnClaims()
        return
    from tidegate.server.postgres.shared import open_shared

    with open_shared(url, workers=workers, targets=targets, rests=Rests()) as shared:
        yield shared.queue, shared.announcements, shared.claims


def _checked(context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    invocation = context.find_object(Invocation)
    if invocation is None:
        raise TypeError("the root command has not set the invocation")
    url = value or invocation.environ.get(_VARIABLE)
    if not url or context.resilient_parsing:
        return None
    _require_extra()
    from tidegate.errors.queue import PasswordInArguments
    from tidegate.server.postgres.database import has_password

    if value and has_password(url):
        raise PasswordInArguments(
            "the password in it can be read by everybody on this machine",
            where="--queue",
            hint=f"set {_VARIABLE} to the URL instead, or leave the password out and set PGPASSWORD or PGPASSFILE",
        )
    return url


def _require_extra() -> None:
    """Raise `QueueExtraMissing` where what the shared queue is made of is not installed."""
    from importlib.util import find_spec

    from tidegate.errors.queue import QueueExtraMissing

    missing = [name for name in ("procrastinate", "psycopg", "psycopg_pool") if find_spec(name) is None]
    if missing:
        raise QueueExtraMissing(
            f"a shared queue needs what is not installed: {', '.join(missing)}", hint="pip install 'tidegate[postgres]'"
        )

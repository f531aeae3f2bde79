"""Opening the desk that the command line asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidegate.cli.desk import Desk
    from tidegate.cli.invocation import Invocation


@contextmanager
def open_desk(invocation: Invocation, actor: str, *, partial: bool = False) -> Iterator[Desk]:
    """Give the desk that the command line asks for.

    Args:
        invocation: with the server's address, where one was given.
        actor: who acts, in this process; at a server it is whose token it is.
        partial: as for `bootstrap.open_world`.
    """
    if invocation.server is not None:
        from tidegate.cli.server_desk import open_server

        with open_server(invocation.server, invocation.environ, invocation.output) as desk:
            yield desk
        return
    from tidegate.bootstrap import open_world
    from tidegate.cli.local_desk import LocalDesk

    with open_world(invocation.configuration, invocation.environ, invocation.clock, actor, partial=partial) as world:
        yield LocalDesk(world, invocation.output)

"""What the keys below `server` must say; rules as in `rules`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from tidegate.config.durations import duration
from tidegate.config.tree import Block
from tidegate.errors.config import Finding, InvalidDuration

SHORTEST_RESYNC: Final = timedelta(seconds=1)


def resync_takes_time(tree: Block) -> Iterator[Finding]:
    """A pause of nothing between two resyncs is no pause."""
    server = tree.block("server")
    resync = server.text("resync") if server else None
    if resync is None:
        return
    try:
        length = duration(resync.value)
    except InvalidDuration:
        return  # the schema has reported it
    if length < SHORTEST_RESYNC:
        yield Finding(resync.place, "server.resync", "everything would be looked at without a pause", "e.g. resync: 5m")


SERVER_RULES: Final[tuple[Callable[[Block], Iterator[Finding]], ...]] = (resync_takes_time,)

"""FluxWatch: has cells looked at whose cluster says something else than they show. Clusters send no webhooks."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import timedelta
from threading import Event, Thread
from typing import Final

from tidegate.engine.live import Live, LiveState, Seen, read_clusters
from tidegate.engine.views.board import BoardCell
from tidegate.errors import TidegateError
from tidegate.errors.cluster import ReleaseAmbiguous
from tidegate.model.key import EverythingKey, Key
from tidegate.ports.queue import KeyQueue
from tidegate.server.board_store import BoardStore
from tidegate.server.reconciler import Reconciler

_LOG: Final = logging.getLogger(__name__)
_EVERY: Final = timedelta(seconds=10)
_MANY: Final = 20
"""So many cells are looked at one by one; more of them are cheaper together."""


class FluxWatch:
    """Compares the board with the clusters. One LIST of each cluster every ten seconds, and nothing remembered.

    Args:
        reconciler: knows the clusters.
        board: what is shown.
        queue: where the keys of cells go.
        every: how long it pauses.
    """

    def __init__(self, reconciler: Reconciler, board: BoardStore, queue: KeyQueue, every: timedelta = _EVERY) -> None:
        self._reconciler = reconciler
        self._board = board
        self._queue = queue
        self._every = every

    def start(self, stopping: Event) -> None:
        """Watch from now on, by a thread of its own, until `stopping` is set."""
        Thread(target=self._watch, args=(stopping,), name="flux", daemon=True).start()

    def look(self) -> None:
        """Have those cells looked at that show something else than their cluster says."""
        clusters = self._reconciler.clusters
        seen = read_clusters(clusters.values())
        keys: list[Key] = []
        for environment, cluster in clusters.items():
            keys += (cell.key for cell, live in self._cells(environment) if _is_old(live, seen[cluster]))
        if keys:
            self._queue.add(keys if len(keys) <= _MANY else [EverythingKey()])

    def _watch(self, stopping: Event) -> None:
        while not stopping.wait(self._every.total_seconds()):
            try:
                self.look()
            except Exception:  # noqa: BLE001 # the boundary: a bug here must not end the watch, and has no key
                _LOG.exception("a bug in Tidegate", extra={"fields": {"event": "watch"}})

    def _cells(self, environment: str) -> Iterator[tuple[BoardCell, Live]]:
        rows: Mapping[str, Mapping[str, BoardCell]] = self._board.snapshot.board.rows
        for row in rows.values():
            cell = row.get(environment)
            if cell is not None and cell.live is not None:
                yield cell, cell.live


def _is_old(live: Live, seen: Seen) -> bool:
    if isinstance(seen, TidegateError):
        return live.reason != seen.code
    if live.seen is None and live.state is LiveState.UNKNOWN:
        return live.reason != ReleaseAmbiguous.code  # it could not be read, and now it can
    namespace, _, name = live.release.rpartition("/")
    there = [each for each in seen.get(name, ()) if namespace in {"", each.namespace}]
    return live.seen not in there if live.seen is not None else bool(there)

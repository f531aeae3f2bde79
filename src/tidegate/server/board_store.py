"""BoardStore: the newest board, with a revision, and whoever wants to hear of changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import TypeAlias

from tidegate.engine.views.board import Board, BoardCell
from tidegate.model.key import ServiceKey


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A board at one moment; it never changes.

    Args:
        revision: grows by one with each change, from 0; begins anew with the process.
        board: all cells.
    """

    revision: int
    board: Board


@dataclass(frozen=True, slots=True)
class BoardChange:
    """What is new since the revision before.

    Args:
        revision: of the snapshot that has it.
        cells: those that are not as they were.
        services: names, in order, when services came or went; None: they are the same.
    """

    revision: int
    cells: tuple[BoardCell, ...]
    services: tuple[str, ...] | None = None


Listener: TypeAlias = Callable[[BoardChange], None]
"""Told of each change in order, by the thread that made it; must be quick and raise nothing."""


class BoardStore:
    """Keeps the newest snapshot. Safe for many threads. What it holds can be read anew from the world at any time.

    To renew one cell costs a copy of the table of rows, which share all that stays the same.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._snapshot = Snapshot(0, Board())
        self._listeners: dict[int, Listener] = {}
        self._numbers = count(1)
        self._looked: dict[ServiceKey, int] = {}
        self._arranged = 0

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        return self._snapshot

    def look(self) -> int:
        """Return the number of a look at the world that begins now; later looks have higher ones."""
        return next(self._numbers)

    def arrange(self, environments: Sequence[str], services: Iterable[str], look: int) -> None:
        """Say which environments and services there are; cells of others are forgotten.

        Args:
            environments: names in order.
            services: names.
            look: the look that told it. What a later one told stands.
        """
        with self._lock:
            if look < self._arranged:
                return
            self._arranged = look
            board = self._snapshot.board
            wanted = tuple(sorted(services))
            if board.environments == tuple(environments) and tuple(board.rows) == wanted:
                return
            rows = {
                name: {each: cell for each, cell in board.rows.get(name, {}).items() if each in environments}
                for name in wanted
            }
            self._looked = {key: at for key, at in self._looked.items() if key.service in rows}
            self._publish(Board(tuple(environments), rows), (), wanted)

    def renew(self, cells: Iterable[BoardCell], look: int) -> None:
        """Put cells in the place of older ones. Of a service or an environment that is not there, nothing is kept.

        Args:
            cells: any.
            look: the look that told them. What a later one told stands: a resync takes long, and must not undo what
                was seen meanwhile.
        """
        with self._lock:
            board = self._snapshot.board
            newer = [cell for cell in cells if self._is_newer(board, cell, look)]
            self._looked.update((cell.key, look) for cell in newer)
            changed = tuple(cell for cell in newer if board.cell(cell.key) != cell)
            if not changed:
                return
            rows = dict(board.rows)
            for cell in changed:
                rows[cell.service] = {**rows[cell.service], cell.environment: cell}
            self._publish(Board(board.environments, rows), changed, None)

    def _is_newer(self, board: Board, cell: BoardCell, look: int) -> bool:
        is_there = cell.service in board.rows and cell.environment in board.environments
        return is_there and look >= self._looked.get(cell.key, 0)

    def _publish(self, board: Board, cells: tuple[BoardCell, ...], services: tuple[str, ...] | None) -> None:
        self._snapshot = Snapshot(self._snapshot.revision + 1, board)
        change = BoardChange(self._snapshot.revision, cells, services)
        for listener in self._listeners.values():
            listener(change)

    @contextmanager
    def subscribed(self, listener: Listener) -> Iterator[Snapshot]:
        """Have `listener` told of every change that follows the snapshot which this gives."""
        with self._lock:
            number = next(self._numbers)
            self._listeners[number] = listener
            snapshot = self._snapshot
        try:
            yield snapshot
        finally:
            with self._lock:
                del self._listeners[number]

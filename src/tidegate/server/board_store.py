"""BoardStore: the newest board, with a revision, and whoever wants to hear of changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

from tidegate.engine.board import Board, BoardCell


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
        self._numbers = 0

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        return self._snapshot

    def arrange(self, environments: Sequence[str], services: Iterable[str]) -> None:
        """Say which environments and services there are; cells of others are forgotten."""
        with self._lock:
            board = self._snapshot.board
            wanted = tuple(sorted(services))
            if board.environments == tuple(environments) and tuple(board.rows) == wanted:
                return
            rows = {
                name: {each: cell for each, cell in board.rows.get(name, {}).items() if each in environments}
                for name in wanted
            }
            self._publish(Board(tuple(environments), rows), (), wanted)

    def renew(self, cells: Iterable[BoardCell]) -> None:
        """Put cells in the place of older ones. Of a service or an environment that is not there, nothing is kept."""
        with self._lock:
            board = self._snapshot.board
            changed = tuple(
                cell
                for cell in cells
                if cell.service in board.rows
                and cell.environment in board.environments
                and board.cell(cell.key) != cell
            )
            if not changed:
                return
            rows = dict(board.rows)
            for cell in changed:
                rows[cell.service] = {**rows[cell.service], cell.environment: cell}
            self._publish(Board(board.environments, rows), changed, None)

    def _publish(self, board: Board, cells: tuple[BoardCell, ...], services: tuple[str, ...] | None) -> None:
        self._snapshot = Snapshot(self._snapshot.revision + 1, board)
        change = BoardChange(self._snapshot.revision, cells, services)
        for listener in self._listeners.values():
            listener(change)

    @contextmanager
    def subscribed(self, listener: Listener) -> Iterator[Snapshot]:
        """Have `listener` told of every change that follows the snapshot which this gives."""
        with self._lock:
            self._numbers += 1
            number = self._numbers
            self._listeners[number] = listener
            snapshot = self._snapshot
        try:
            yield snapshot
        finally:
            with self._lock:
                del self._listeners[number]

"""From what was read to a cell of the board."""

from __future__ import annotations

from contextlib import suppress

from tidegate.engine.views.board import BoardCell, Fault, board_cell
from tidegate.engine.views.explanation import Explanation
from tidegate.engine.views.gap import read_gap
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.server.board_store import BoardStore


def arrange(world: World, board: BoardStore, look: int) -> None:
    """Say to the board which environments and services there are.

    While an environment can't be looked through for services, those that were found before are not forgotten.
    """
    kept = board.snapshot.board.rows if world.undiscovered else ()
    board.arrange([each.name for each in world.pipeline.environments], {*world.pipeline.services, *kept}, look)


def told(world: World, explanation: Explanation, failure: Fault | None = None) -> BoardCell:
    """Return the board's cell of an explanation; a gap that can't be read is none.

    Args:
        world: where the gap is read.
        explanation: what `tidegate why` says.
        failure: why a delivery or promotion failed just now, or None.
    """
    gap = None
    with suppress(TidegateError):  # the cell has the fault already, from looking at the same files
        gap = read_gap(world, explanation)
    return board_cell(explanation, gap, failure)

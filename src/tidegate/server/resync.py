"""Resync: looking at everything, with few questions to the forge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tidegate.engine.asked_once import AskedOnce
from tidegate.engine.auto_promotion import is_due
from tidegate.engine.observations import MergeRequestSeen
from tidegate.engine.observe_delivery import observe_delivery
from tidegate.engine.views.board import BoardCell, first_cell, unlooked_cell
from tidegate.engine.views.explanation import explained
from tidegate.engine.views.status import Cell, matrix
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model.key import Key, MergeRequestKey, ServiceKey
from tidegate.server.board_store import BoardStore
from tidegate.server.cell_memory import CellMemory
from tidegate.server.cells import told


@dataclass(frozen=True, slots=True)
class _OpenOnes:
    """The open merge requests of all projects, from afar: without their approvals.

    Args:
        moving: cell → those that move it.
        unread: project → why some can't be read.
    """

    moving: Mapping[ServiceKey, Sequence[MergeRequestSeen]]
    unread: Mapping[str, Sequence[TidegateError]]


def resync(world: World, board: BoardStore, look: int, memory: CellMemory) -> tuple[Key, ...]:
    """Renew the whole board, and return the keys of all that is to be looked at by itself.

    Those are the open merge requests that move an image, with approvals and all that decides; and the environments
    that are to get one. A repository, a registry or a merge request that can't be read hides nothing else.
    """
    pipeline = world.pipeline
    world = replace(world, images=AskedOnce(world.images))
    found = _open_ones(world)
    keys: dict[Key, None] = {}
    for seen in (one for many in found.moving.values() for one in many):
        keys[MergeRequestKey(seen.merge_request.project, seen.merge_request.iid)] = None
    for row in matrix(world, tuple(pipeline.services.values()), memory.look):
        shown = [board.snapshot.board.cell(_key_of(cell)) for cell in row]
        cells, due = _row(world, row, shown, found)
        board.renew(cells, look)
        keys.update(dict.fromkeys(due))
    return tuple(keys)


def _row(
    world: World, row: Sequence[Cell], shown: Sequence[BoardCell | None], found: _OpenOnes
) -> tuple[list[BoardCell], list[Key]]:
    """Return the new cells of one service, and those that are to get a merge request.

    Args:
        world: where the rest is read.
        row: what its environments have.
        shown: what the board has in their places.
        found: the open merge requests.
    """
    by_name = {cell.environment.name: cell for cell in row}
    cells: list[BoardCell] = []
    due: list[Key] = []
    for target, old in zip(row, shown, strict=True):
        if target.environment.source is None:
            cells.append(first_cell(target))
            continue
        moving = found.moving.get(_key_of(target), ())
        if moving:
            # Its approvals are not known yet. The merge request's own key looks at them, and renews the cell.
            if old is None or old.merge_request is None:
                cells.append(unlooked_cell(target, moving[0].merge_request))
            continue
        unread = found.unread.get(target.environment.repo, ())
        explanation = explained(world, by_name[target.environment.source], target, (), unread)
        cells.append(told(world, explanation))
        if is_due(world, explanation):
            due.append(_key_of(target))
    return cells, due


def _key_of(cell: Cell) -> ServiceKey:
    return ServiceKey(cell.service.name, cell.environment.name)


def _open_ones(world: World) -> _OpenOnes:
    moving: dict[ServiceKey, list[MergeRequestSeen]] = defaultdict(list)
    unread: dict[str, list[TidegateError]] = defaultdict(list)
    for project in sorted({each.repo for each in world.pipeline.environments if each.source}):
        try:
            opened = world.forge.merge_requests(project, unreadable=unread[project].append)
            if opened:
                world.repos.repo(project).refresh()  # it is to have the heads that the forge just named
        except TidegateError as fault:
            unread[project].append(fault)
            continue
        for each in opened:
            try:
                seen = observe_delivery(world, each)
            except TidegateError as fault:
                unread[project].append(fault)
                continue
            if seen is not None:
                for delivery in seen.deliveries:
                    moving[ServiceKey(delivery.service.name, delivery.target.name)].append(seen)
    return _OpenOnes(moving, unread)

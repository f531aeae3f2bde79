"""Reconciler: handles one key by looking at the world and doing the next right thing with the engine's own means."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from threading import Event
from typing import TypeAlias

from tidegate.engine.auto_promotion import is_due
from tidegate.engine.deliver import Delivery, deliver_merge_request
from tidegate.engine.promote import promote
from tidegate.engine.views.board import BoardCell, Fault, first_cell
from tidegate.engine.views.explanation import explain
from tidegate.engine.views.status import look as look_at
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model import Answer, Environment, Pipeline, Service
from tidegate.model.key import EverythingKey, Key, MergeRequestKey, ServiceKey
from tidegate.ports.cluster import Cluster
from tidegate.ports.queue import KeyQueue
from tidegate.server.board_store import BoardStore
from tidegate.server.cell_memory import CellMemory
from tidegate.server.cells import arrange, told
from tidegate.server.others import Others, Touched
from tidegate.server.resync import resync
from tidegate.server.step_log import StepLog
from tidegate.server.webhooks.touched import following

CountDelivery: TypeAlias = Callable[[str, float, timedelta], None]
"""Told of a delivery that went through: its environment, the seconds that it took, how long it had been open."""


class Outcome(Enum):
    """What became of a key."""

    DELIVERED = "delivered"
    SCHEDULED = "scheduled"
    """The forge is to merge it."""
    PROMOTED = "promoted"
    WAITS = "waits"
    REFUSED = "refused"
    LOOKED = "looked"
    """There was nothing to do."""


class Reconciler:
    """Handles keys. Safe for many threads: each key gets a world of its own, which sees everything anew.

    Args:
        new_world: makes a world.
        queue: where further keys go.
        board: whose cells are renewed.
        stopping: set when no further step is to begin.
        others: the other processes that share the queue, if any.
        shows: whether the board is shown to anybody here.
        count: told of each delivery that went through, or None.
    """

    def __init__(
        self,
        new_world: Callable[[], World],
        queue: KeyQueue,
        board: BoardStore,
        stopping: Event,
        others: Others | None = None,
        *,
        shows: bool = True,
        count: CountDelivery | None = None,
    ) -> None:
        self._new_world = new_world
        self._queue = queue
        self._board = board
        self._stopping = stopping
        self._others = others
        self._shows = shows
        self._count = count
        self._pipeline: Pipeline | None = None
        self._clusters: Mapping[str, Cluster] = {}
        self._memory = CellMemory()

    @property
    def pipeline(self) -> Pipeline | None:
        """The pipeline as the newest world has it, with the services that were found; None before the first."""
        return self._pipeline

    @property
    def clusters(self) -> Mapping[str, Cluster]:
        """The clusters of the environments, as the newest world has them; none before the first."""
        return self._clusters

    def _look(self) -> tuple[int, World]:
        """Return a world that sees everything anew, and the number of this look."""
        look = self._board.look()
        world = self._new_world()
        self._pipeline, self._clusters = world.pipeline, world.clusters
        arrange(world, self._board, look)
        return look, world

    def handle(self, key: Key) -> Outcome:
        """Look at what `key` names, do what is to be done, renew the board's cells; return what became of it.

        Raises:
            TidegateError: it could not be done. Where the class says so, the same may succeed later.
            HandedBack: the process is to end, or has lost the key.
        """
        match key:
            case MergeRequestKey():
                return self._merge_request(key)
            case ServiceKey():
                return self._service(key)
            case EverythingKey() if self._others is not None:
                self._others.tell(Touched(key))  # each that shows a board does it then, this process among them
                return Outcome.LOOKED
            case EverythingKey():
                return self.resync()

    def resync(self) -> Outcome:
        """Renew the whole board, and add the keys of all that is to be looked at by itself."""
        look, world = self._look()
        self._queue.add(resync(world, self._board, look, self._memory))
        return Outcome.LOOKED

    def _merge_request(self, key: MergeRequestKey) -> Outcome:
        _, world = self._look()
        if key.project not in {each.repo for each in world.pipeline.environments if each.source}:
            return Outcome.LOOKED
        shown, began = self.showing(key), time.monotonic()
        try:
            delivery = deliver_merge_request(world, key.project, key.iid, self._log(key), later=True)
        except TidegateError as error:
            self._renew(Touched(key, shown, Fault.of(error)))
            raise
        self._counted(delivery, world, time.monotonic() - began)
        touched = _cells_of(delivery) | shown
        self._renew(Touched(key, touched))
        if delivery.delivered:
            self._queue.add(following(touched, world.pipeline))
        return _outcome(delivery)

    def _counted(self, delivery: Delivery, world: World, seconds: float) -> None:
        """Count a delivery that this process did; not what somebody else had merged."""
        if self._count is not None and delivery.seen is not None and delivery.plan is not None and delivery.delivered:
            was_open = world.clock.now() - delivery.merge_request.created_at
            self._count(delivery.seen.target.name, seconds, was_open)

    def _log(self, key: Key) -> StepLog:
        return StepLog(key, _MustEnd(self._stopping, self._queue, key))

    def showing(self, key: MergeRequestKey) -> frozenset[ServiceKey]:
        """Return the cells that wait for a merge request, as far as the board knows."""
        ref = f"{key.project}!{key.iid}"
        rows = self._board.snapshot.board.rows.values()
        cells = (cell for row in rows for cell in row.values())
        return frozenset(cell.key for cell in cells if cell.merge_request and cell.merge_request.ref == ref)

    def _renew(self, touched: Touched) -> None:
        """Look at cells anew, here and elsewhere."""
        self._tell(touched)
        self.look_again(touched.cells, touched.failure)

    def _tell(self, touched: Touched) -> None:
        if self._others is not None:
            self._others.tell(touched)

    def look_again(self, keys: frozenset[ServiceKey], failure: Fault | None) -> None:
        """Look at cells anew, in a world that is newer than what was done.

        Args:
            keys: the cells.
            failure: why what was done failed, or None.

        Raises:
            TidegateError: they can't be looked at.
        """
        if keys and self._shows:
            look, world = self._look()
            known = [key for key in sorted(keys, key=str) if _is_known(world, key)]
            self._board.renew([self._cell(world, key, failure) for key in known], look)

    def _cell(self, world: World, key: ServiceKey, failure: Fault | None) -> BoardCell:
        service, environment = world.service(key.service), world.environment(key.environment)
        if environment.source is None:
            return first_cell(look_at(world, service, environment))
        return told(world, explain(world, service, environment), failure)

    def _service(self, key: ServiceKey) -> Outcome:
        look, world = self._look()
        if not _is_known(world, key):
            return Outcome.LOOKED
        service, environment = world.service(key.service), world.environment(key.environment)
        if environment.source is None:
            self._board.renew([first_cell(look_at(world, service, environment))], look)
            self._tell(Touched(key, frozenset({key})))
            return Outcome.LOOKED
        explanation = explain(world, service, environment)
        if is_due(world, explanation):
            return self._promote(world, key, service, environment)
        self._board.renew([told(world, explanation)], look)
        self._tell(Touched(key, frozenset({key})))
        passing = next((fault for fault in explanation.faults if fault.retryable), None)
        if passing is not None:
            raise passing
        found = explanation.merge_request
        if found is not None and explanation.verdict is not None and explanation.verdict.answer is Answer.GO:
            if not found.scheduled:
                self._queue.add([MergeRequestKey(found.project, found.iid)])
            return Outcome.LOOKED
        return Outcome.WAITS if explanation.wants_promotion or found is not None else Outcome.LOOKED

    def _promote(self, world: World, key: ServiceKey, service: Service, environment: Environment) -> Outcome:
        try:
            promoted = promote(world, service, environment, self._log(key))
        except TidegateError as error:
            self._renew(Touched(key, frozenset({key}), Fault.of(error)))
            raise
        if promoted.merge_request is None:
            self._renew(Touched(key, frozenset({key})))
            return Outcome.LOOKED
        # It may go at once; in any case its handling renews the cell.
        self._queue.add([MergeRequestKey(promoted.merge_request.project, promoted.merge_request.iid)])
        return Outcome.PROMOTED


@dataclass(frozen=True, slots=True)
class _MustEnd:
    """Set when the process ends, or another has got the key."""

    stopping: Event
    queue: KeyQueue
    key: Key

    def is_set(self) -> bool:
        """Whether it is set."""
        return self.stopping.is_set() or not self.queue.holds(self.key)


def _is_known(world: World, key: ServiceKey) -> bool:
    return key.service in world.pipeline.services and world.pipeline.environment(key.environment) is not None


def _cells_of(delivery: Delivery) -> frozenset[ServiceKey]:
    if delivery.seen is None:
        return frozenset()
    target = delivery.seen.target.name
    return frozenset(ServiceKey(each.service.name, target) for each in delivery.seen.deliveries)


def _outcome(delivery: Delivery) -> Outcome:
    if delivery.delivered:
        return Outcome.DELIVERED
    if delivery.scheduled:
        return Outcome.SCHEDULED
    if delivery.verdict is None:
        return Outcome.LOOKED
    return Outcome.REFUSED if delivery.verdict.answer is Answer.NO else Outcome.WAITS

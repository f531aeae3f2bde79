"""Lookout: keeps the board of this process in step with what others do."""

from __future__ import annotations

from threading import Event

from tidegate.engine.views.board import Fault
from tidegate.model.key import EverythingKey, Key, MergeRequestKey, ServiceKey
from tidegate.ports.telemetry import Telemetry
from tidegate.server.metrics import Metrics
from tidegate.server.others import Touched
from tidegate.server.reconciler import Outcome, Reconciler
from tidegate.server.thread_queue import ThreadQueue
from tidegate.server.work import Work


class Lookout:
    """Looks, and does nothing: what is to be done goes to the shared queue.

    Args:
        reconciler: looks.
        metrics: counts it.
        traces: hears of it, or None.
    """

    def __init__(self, reconciler: Reconciler, metrics: Metrics, traces: Telemetry | None = None) -> None:
        self._reconciler = reconciler
        self._failures: dict[ServiceKey, Fault] = {}
        self._work = Work(self, metrics, traces=traces)
        self.queue = ThreadQueue()
        """What is to be looked at, by this process."""

    @property
    def resynced(self) -> Event:
        """Set when everything has been looked at once."""
        return self._work.resynced

    def start(self) -> None:
        """Look from now on, by one thread. Stop the queue to end it."""
        self.queue.start(self._work, workers=1)

    def heard(self, touched: Touched) -> None:
        """Have that looked at which another process touched."""
        cells = touched.cells
        match touched.key:
            case EverythingKey():
                self.queue.add([touched.key])
            case MergeRequestKey():
                cells |= self._reconciler.showing(touched.key)
            case ServiceKey():
                pass
        for cell in cells:
            if touched.failure is None:
                self._failures.pop(cell, None)
            else:
                self._failures[cell] = touched.failure
        self.queue.add(sorted(cells, key=str))

    def handle(self, key: Key) -> Outcome:
        """Look at one cell, or at everything.

        Raises:
            TidegateError: it can't be looked at.
        """
        if isinstance(key, ServiceKey):
            self._reconciler.look_again(frozenset({key}), self._failures.get(key))
            return Outcome.LOOKED
        return self._reconciler.resync()

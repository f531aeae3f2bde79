"""A process that handles keys and nothing else."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from types import FrameType
from typing import Final

from prometheus_client import CollectorRegistry

from tidegate.engine.world import World
from tidegate.ports.queue import KeyQueue
from tidegate.ports.telemetry import Telemetry
from tidegate.server.board_store import BoardStore
from tidegate.server.call_metrics import CallMetrics
from tidegate.server.metrics import Metrics
from tidegate.server.others import Others
from tidegate.server.reconciler import Reconciler
from tidegate.server.scraped import shown_at
from tidegate.server.work import Work

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Working:
    """How to work.

    Args:
        workers: how many keys are handled at once.
        deadline: seconds within which the process ends when it is asked to.
        metrics: host and port where figures are shown, or None.
    """

    workers: int
    deadline: float
    metrics: tuple[str, int] | None = None


def work_until_stopped(
    working: Working,
    new_world: Callable[[], World],
    queue: KeyQueue,
    others: Others | None,
    *,
    calls: CallMetrics | None = None,
    traces: Telemetry | None = None,
) -> bool:
    """Handle keys until SIGTERM or SIGINT.

    Args:
        working: how.
        new_world: makes a world that sees everything anew; called by many threads.
        queue: not started yet.
        others: who is told what was touched.
        calls: counts what worlds ask of others, to be shown with the other figures.
        traces: hears of keys, or None.

    Returns:
        Whether nothing is in hand any more; else a step has taken longer than the deadline.

    Raises:
        ListenRefused: the system does not let it show figures there.
    """
    stopping, board = Event(), BoardStore()
    registry = calls.registry if calls else CollectorRegistry()
    metrics = Metrics(queue, board, registry)
    reconciler = Reconciler(new_world, queue, board, stopping, others, shows=False, count=metrics.delivered)

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopping.set()

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, stop)
    with shown_at(working.metrics, registry):
        queue.start(Work(reconciler, metrics, traces=traces), workers=working.workers)
        _LOG.info("works", extra={"fields": {"event": "work", "workers": working.workers}})
        stopping.wait()
        until = time.monotonic() + working.deadline
        ended = queue.stop(max(0.0, until - time.monotonic()))
    _LOG.info("stopped" if ended else "stopped, and left a step to the others", extra={"fields": {"event": "stop"}})
    return ended

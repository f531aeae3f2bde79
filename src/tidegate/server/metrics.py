"""What Prometheus reads at /metrics."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tidegate.ports.queue import KeyQueue
from tidegate.server.board_store import BoardStore


class Metrics:
    """Counts what happens; queue and board are looked at when they are asked for.

    Args:
        queue: whose depth is told.
        board: whose cells are counted by state.
    """

    def __init__(self, queue: KeyQueue, board: BoardStore) -> None:
        self._registry = CollectorRegistry()
        self.handled = Counter(
            "tidegate_keys_handled", "Keys that were handled.", ["kind", "outcome"], registry=self._registry
        )
        self.seconds = Histogram(
            "tidegate_key_seconds",
            "How long a key took.",
            ["kind"],
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
            registry=self._registry,
        )
        self.errors = Counter("tidegate_errors", "Errors while handling keys.", ["code"], registry=self._registry)
        self.webhooks = Counter(
            "tidegate_webhooks", "Webhooks that were answered.", ["source", "status"], registry=self._registry
        )
        self.resynced = Gauge(
            "tidegate_resync_timestamp_seconds",
            "When everything was last looked at, in seconds since 1970.",
            registry=self._registry,
        )
        self._registry.register(_Now(queue, board))

    def text(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        return generate_latest(self._registry)


class _Now(Collector):
    def __init__(self, queue: KeyQueue, board: BoardStore) -> None:
        self._queue = queue
        self._board = board

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield what is so at this moment."""
        depth = self._queue.depth()
        keys = GaugeMetricFamily("tidegate_queue_keys", "Keys in the queue.", labels=["state"])
        for state, number in (("waiting", depth.waiting), ("handling", depth.handling), ("later", depth.later)):
            keys.add_metric([state], number)
        yield keys
        rows = self._board.snapshot.board.rows.values()
        tally = Tally((cell.environment, cell.state.value) for row in rows for cell in row.values())
        cells = GaugeMetricFamily(
            "tidegate_board_cells", "Services by environment and state.", labels=["environment", "state"]
        )
        for labels, number in sorted(tally.items()):
            cells.add_metric(list(labels), number)
        yield cells

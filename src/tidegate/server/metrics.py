"""What Prometheus reads at /metrics. docs/reference/metrics.md is written from it."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tidegate.model.notice import NoticeEvent
from tidegate.ports.queue import KeyQueue
from tidegate.server.board_store import BoardStore

_DAY = 24 * 3600


class Metrics:
    """Counts what happens; queue and board are looked at when they are asked for.

    Args:
        queue: whose depth is told.
        board: whose cells are counted by state.
        registry: where they are kept, maybe beside figures that others have put there; None for a new one.
    """

    def __init__(self, queue: KeyQueue, board: BoardStore, registry: CollectorRegistry | None = None) -> None:
        self._registry = registry or CollectorRegistry()
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
        self._deliveries = Histogram(
            "tidegate_delivery_seconds",
            "How long a delivery took that went through: images made available, and merged.",
            ["environment"],
            buckets=(0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
            registry=self._registry,
        )
        self._promotions = Histogram(
            "tidegate_promotion_seconds",
            "How long a merge request had been open when it was delivered, people's time included.",
            ["environment"],
            buckets=(60, 600, 3600, 4 * 3600, _DAY, 2 * _DAY, 4 * _DAY, 7 * _DAY, 14 * _DAY, 28 * _DAY),
            registry=self._registry,
        )
        self._notices = Counter(
            "tidegate_notices",
            "Notices to targets of notifications, by what became of them.",
            ["event", "target", "outcome"],
            registry=self._registry,
        )
        self._registry.register(_Now(queue, board))

    def delivered(self, environment: str, seconds: float, was_open: timedelta) -> None:
        """Count a delivery that went through.

        Args:
            environment: where it went.
            seconds: how long it took.
            was_open: how long its merge request had been open.
        """
        self._deliveries.labels(environment).observe(seconds)
        self._promotions.labels(environment).observe(max(0.0, was_open.total_seconds()))

    def noticed(self, event: NoticeEvent, target: str, outcome: str, number: int) -> None:
        """Count notices.

        Args:
            event: what they are about.
            target: whom they are for.
            outcome: sent; over, before they were told; or dropped.
            number: how many.
        """
        self._notices.labels(event.value, target, outcome).inc(number)

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
        found = [cell for row in self._board.snapshot.board.rows.values() for cell in row.values()]
        yield _by_state(
            "tidegate_board_cells",
            "Services by environment and state.",
            Tally((cell.environment, cell.state.value) for cell in found),
        )
        moving = {(cell.environment, cell.state.value, cell.merge_request.ref) for cell in found if cell.merge_request}
        yield _by_state(
            "tidegate_promotions_open",
            "Open merge requests that move a release, by its environment and what it waits for.",
            Tally((environment, state) for environment, state, _ in moving),
        )


def _by_state(name: str, text: str, tally: Tally[tuple[str, str]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["environment", "state"])
    for labels, number in sorted(tally.items()):
        family.add_metric(list(labels), number)
    return family

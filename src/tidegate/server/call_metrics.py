"""Figures of what the server asks of others: forge, registries, git."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from tidegate.ports.telemetry import End, Ending, Kind, Operation

_COUNTED: Final = frozenset({Kind.FORGE, Kind.REGISTRY, Kind.GIT})


class CallMetrics:
    """Fulfils `Telemetry`: counts requests to forge and registries, and git commands.

    Args:
        monotonic: a clock in seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self.registry = CollectorRegistry()
        """Where the figures are kept."""
        self._calls = Counter(
            "tidegate_calls",
            "Requests to the forge and to registries, and git commands, by how they ended.",
            ["kind", "account", "operation", "outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "tidegate_call_seconds",
            "How long they took: a request until the head of its answer, a command until its end.",
            ["kind", "account", "operation"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
            registry=self.registry,
        )

    def begin(self, operation: Operation) -> End:
        """Hear that `operation` begins; return what counts it when it ends."""
        if operation.kind not in _COUNTED:
            return _forget
        labels = (operation.kind.value, operation.account, operation.name)
        began = self._monotonic()

        def end(ending: Ending) -> None:
            self._calls.labels(*labels, ending.outcome).inc()
            self._seconds.labels(*labels).observe(self._monotonic() - began)

        return end


def _forget(_ending: Ending) -> None:
    pass

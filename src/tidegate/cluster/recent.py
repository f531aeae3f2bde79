"""RecentCluster: a cluster that is asked once where many look at the same time."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from tidegate.errors import TidegateError
from tidegate.ports import Clock
from tidegate.ports.cluster import Cluster, ClusterRelease


class RecentCluster:
    """Answers for a few seconds with what was read, or with why it could not be read. Safe for many threads.

    Args:
        cluster: is asked by one thread at a time.
        clock: what time it is.
        lasting: how long an answer holds.
    """

    def __init__(self, cluster: Cluster, clock: Clock, lasting: timedelta) -> None:
        self._cluster = cluster
        self._clock = clock
        self._lasting = lasting
        self._lock = Lock()
        self._until: datetime | None = None
        self._found: tuple[ClusterRelease, ...] | TidegateError = ()

    def helm_releases(self) -> tuple[ClusterRelease, ...]:
        """Return what the cluster says, or said a moment ago."""
        with self._lock:
            if self._until is None or self._clock.now() >= self._until:
                try:
                    self._found = self._cluster.helm_releases()
                except TidegateError as error:
                    self._found = error
                self._until = self._clock.now() + self._lasting
            found = self._found
        if isinstance(found, TidegateError):
            raise found.with_traceback(None)
        return found

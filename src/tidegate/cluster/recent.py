"""RecentCluster: a cluster that is asked once where many look at the same time."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from tidegate.errors import TidegateError
from tidegate.ports import Clock
from tidegate.ports.cluster import Cluster, ClusterRelease

_PATIENCE: Final = 3
"""For so many times as long as an answer took, it holds."""


class RecentCluster:
    """Answers for a few seconds with what was read, or with why it could not be read. Safe for many threads.

    A cluster that takes long to answer, or not to answer, is left alone for longer; who asks while another thread
    does has what was read before.

    Args:
        cluster: is asked by one thread at a time.
        clock: what time it is.
        lasting: how long an answer holds at least.
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
        if self._lock.acquire(blocking=self._until is None):
            try:
                self._read()
            finally:
                self._lock.release()
        found = self._found
        if isinstance(found, TidegateError):
            raise found.with_traceback(None)
        return found

    def _read(self) -> None:
        began = self._clock.now()
        if self._until is not None and began < self._until:
            return
        try:
            self._found = self._cluster.helm_releases()
        except TidegateError as error:
            self._found = error
        ended = self._clock.now()
        self._until = ended + max(self._lasting, _PATIENCE * (ended - began))

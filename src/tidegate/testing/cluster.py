"""FakeCluster: HelmReleases in memory, and Flux's part in their life."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tidegate.errors import TidegateError
from tidegate.model import ImageRef
from tidegate.ports import Clock
from tidegate.ports.cluster import ClusterRelease, ConditionStatus, ReadyCondition


class FakeCluster:
    """The cluster port in memory.

    Attributes:
        failure: raised by every look, when it is set.
        looks: how often it was read.

    Args:
        clock: when things happen.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._releases: dict[str, ClusterRelease] = {}
        self.failure: TidegateError | None = None
        self.looks = 0

    def helm_releases(self) -> tuple[ClusterRelease, ...]:
        """Return the HelmReleases, by namespace and name."""
        self.looks += 1
        if self.failure is not None:
            raise self.failure
        return tuple(sorted(self._releases.values(), key=lambda each: (each.namespace, each.name)))

    def put(self, release: ClusterRelease) -> None:
        """Have `release` as it is."""
        self._releases[release.path] = release

    def apply(self, path: str, *images: str) -> None:
        """Have the HelmRelease at `path` (`namespace/name`) name `images`; Flux has not looked at it yet."""
        namespace, _, name = path.partition("/")
        found = self._releases.get(path) or ClusterRelease(namespace, name, 0)
        named = tuple(ImageRef.parse(each) for each in images)
        self.put(replace(found, generation=found.generation + 1, images=named))

    def reconciled(self, path: str) -> None:
        """Have Flux done with the HelmRelease at `path`, and pleased."""
        found = self._releases[path]
        self._say(found, ConditionStatus.TRUE, "UpgradeSucceeded", "Helm upgrade succeeded")
        self.put(replace(self._releases[path], observed_generation=found.generation))

    def progressing(self, path: str) -> None:
        """Have Flux busy with the HelmRelease at `path`."""
        self._say(self._releases[path], ConditionStatus.UNKNOWN, "Progressing", "Running 'upgrade' action")

    def failed(self, path: str, message: str, reason: str = "UpgradeFailed") -> None:
        """Have Flux fail with the HelmRelease at `path`; it will try again."""
        self._say(self._releases[path], ConditionStatus.FALSE, reason, message)

    def suspend(self, path: str) -> None:
        """Have Flux leave the HelmRelease at `path` alone."""
        found = self._releases[path]
        self.put(replace(found, generation=found.generation + 1, suspended=True))

    def remove(self, path: str) -> None:
        """Have no HelmRelease at `path`."""
        del self._releases[path]

    def _say(self, found: ClusterRelease, status: ConditionStatus, reason: str, message: str) -> None:
        before = found.ready
        since: datetime | None = before.since if before and before.status is status else self._clock.now()
        self.put(replace(found, ready=ReadyCondition(status, reason, message, since, found.generation)))

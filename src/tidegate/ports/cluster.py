"""The cluster port: what Flux has made of the HelmReleases of an environment. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from tidegate.model import ImageRef


class ConditionStatus(Enum):
    """What a condition says (Kubernetes, metav1.ConditionStatus)."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class ReadyCondition:
    """What Flux says of a HelmRelease as a whole (metav1.Condition of type `Ready`).

    Args:
        status: whether it is ready.
        reason: Flux's own word, e.g. `UpgradeSucceeded`.
        message: Flux's own sentence.
        since: when the status became what it is (UTC), or None.
        generation: the generation that it was said of; None where Flux did not say (v2beta1).
    """

    status: ConditionStatus
    reason: str
    message: str
    since: datetime | None
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class HelmRevision:
    """What Helm has deployed: the newest entry of the history that Flux keeps (v2, v2beta2).

    Args:
        number: Helm's revision number.
        chart: name and version of the chart, e.g. `podinfo 6.5.0`.
        status: Helm's word, e.g. `deployed` or `failed`.
        deployed: when it was deployed last (UTC), or None.
    """

    number: int
    chart: str
    status: str
    deployed: datetime | None


@dataclass(frozen=True, slots=True)
class ClusterRelease:
    """A HelmRelease as it is in the cluster.

    Args:
        namespace: where it is.
        name: its name.
        generation: grows with every change of its spec.
        observed_generation: the last one that Flux was done with; None: none yet.
        ready: what Flux says of it; None: nothing yet.
        images: what `spec.values` names, in order, as Flux's image automation would find it. An image that comes from
            `valuesFrom` or from the chart's own defaults is not among them.
        suspended: Flux has been told to leave it alone.
        applied_revision: the chart's version that was applied last, or None (v2beta1, v2beta2).
        attempted_revision: the chart's version that was tried last, or None.
        revision: what Helm has deployed, or None.
    """

    namespace: str
    name: str
    generation: int
    observed_generation: int | None = None
    ready: ReadyCondition | None = None
    images: tuple[ImageRef, ...] = ()
    suspended: bool = False
    applied_revision: str | None = None
    attempted_revision: str | None = None
    revision: HelmRevision | None = None

    @property
    def path(self) -> str:
        """Namespace and name, e.g. `apps/inventory`."""
        return f"{self.namespace}/{self.name}"


class Cluster(Protocol):
    """The cluster that an environment runs in."""

    def helm_releases(self) -> tuple[ClusterRelease, ...]:
        """Return the HelmReleases of the configured namespaces, of all where none is configured; by namespace and name.

        Raises:
            ClusterExtraMissing: the library is not installed.
            KubeconfigUnusable, ClusterCredentialsUnusable: we can't tell who we are.
            ClusterUnreachable, ClusterNotTrusted: there is no connection.
            ClusterUnauthorized, ClusterForbidden: we may not.
            ClusterBusy: not now.
            FluxMissing: the cluster knows no HelmReleases, in no version of their API that Tidegate reads.
            ClusterAnswerUnreadable: what answers is no cluster.
        """
        ...

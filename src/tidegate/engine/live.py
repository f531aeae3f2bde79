"""What runs: the HelmRelease of a service in its cluster, as Flux sees it (ADR 17). Reads only.

The live image is the one that the HelmRelease in the cluster names, once Flux says of this very generation that it is
ready. Until then the cluster has been told of an image and does not have it, and which one it has instead nobody says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Final, TypeAlias

from tidegate.errors import TidegateError
from tidegate.errors.cluster import ReleaseAmbiguous
from tidegate.model import Environment, ImageRef, Service, Version
from tidegate.ports.cluster import Cluster, ClusterRelease, ConditionStatus, ReadyCondition

_PATIENT: Final = frozenset({"DependencyNotReady", "SourceNotReady"})
"""Reasons with which Flux says "not ready" while nothing has failed (helm-controller, `reconcileRelease`)."""
_LONGEST: Final = 300
_TWO: Final = 2
_MOST_AT_ONCE: Final = 8

ByName: TypeAlias = Mapping[str, Sequence[ClusterRelease]]
Seen: TypeAlias = ByName | TidegateError
"""A cluster's HelmReleases by name, or why it can't be read."""


class LiveState(Enum):
    """How far Flux is with a service."""

    LIVE = "live"
    """What git declares runs."""
    NOT_APPLIED = "not-applied"
    """Something else runs: Flux has not brought what git declares to the cluster."""
    ROLLING_OUT = "rolling-out"
    """Flux is at it, or will be in a moment."""
    FAILED = "failed"
    """Flux tried, and says why it did not succeed. It may try again."""
    SUSPENDED = "suspended"
    """Flux has been told to leave it alone."""
    MISSING = "missing"
    """The cluster has no such HelmRelease."""
    UNKNOWN = "unknown"
    """The cluster can't be read, or does not tell."""


@dataclass(frozen=True, slots=True)
class ReleaseName:
    """What a HelmRelease is called in git; the namespace is None where it comes from elsewhere."""

    namespace: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class Live:
    """A service in its cluster.

    Args:
        state: how far Flux is.
        release: the HelmRelease, as `namespace/name`; as git calls it where there is none.
        image: what the HelmRelease in the cluster names of the service; None where it names nothing, or there is none.
        version: the release version, where the tag is written as the environment's pattern says.
        since: when Flux began to say of it what it says (UTC), or None.
        reason: Flux's own word, or the code of what was in the way of looking; "" where nothing was said of this
            generation yet.
        message: Flux's own sentence, on one line, or what was in the way; likewise.
        hint: what to do, or None.
        chart: what Helm has deployed, e.g. `podinfo 6.5.0`, or None.
        seen: the HelmRelease that all of this was read from; None: there is none, or none could be read.
    """

    state: LiveState
    release: str
    image: ImageRef | None = None
    version: Version | None = None
    since: datetime | None = None
    reason: str = ""
    message: str = ""
    hint: str | None = None
    chart: str | None = None
    seen: ClusterRelease | None = field(default=None, repr=False)

    @property
    def running(self) -> ImageRef | None:
        """The image that runs; None where Flux does not say that one does."""
        return self.image if self.state in {LiveState.LIVE, LiveState.NOT_APPLIED} else None

    @property
    def clause(self) -> str | None:
        """What there is to say besides what git declares; None where that runs, or nothing can be told."""
        tag = self.image.tag if self.image else None
        told = ": ".join(each for each in (self.reason, self.message) if each)
        match self.state:
            case LiveState.LIVE | LiveState.UNKNOWN:
                return None
            case LiveState.NOT_APPLIED:
                return f"{self.release} still runs {tag}: Flux has not applied what git declares"
            case LiveState.ROLLING_OUT:
                return f"Flux is rolling out {tag}{f' ({told})' if told else ''}"
            case LiveState.FAILED:
                return f"Flux failed to roll out {tag} ({told})"
            case LiveState.SUSPENDED:
                return f"{self.release} is suspended in its cluster"
            case LiveState.MISSING:
                return f"its cluster has no HelmRelease {self.release}"


def read_cluster(cluster: Cluster) -> Seen:
    """Return a cluster's HelmReleases by name. An error is a value here: of a cell it hides nothing else."""
    try:
        releases = cluster.helm_releases()
    except TidegateError as error:
        return error
    found: defaultdict[str, list[ClusterRelease]] = defaultdict(list)
    for each in releases:
        found[each.name].append(each)
    return found


def read_clusters(clusters: Collection[Cluster]) -> dict[Cluster, Seen]:
    """Return what each cluster has; several are asked at the same time, as each may take seconds to say nothing."""
    each = list(dict.fromkeys(clusters))
    if len(each) < _TWO:
        return {cluster: read_cluster(cluster) for cluster in each}
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - most have none

    with ThreadPoolExecutor(min(_MOST_AT_ONCE, len(each))) as pool:
        return dict(zip(each, pool.map(read_cluster, each), strict=True))


def live_in(seen: Seen, environment: Environment, service: Service, name: ReleaseName, declared: ImageRef) -> Live:
    """Return how far Flux is with a service.

    Args:
        seen: what the environment's cluster has.
        environment: where.
        service: which.
        name: what git calls its HelmRelease.
        declared: the image that git declares.
    """
    if isinstance(seen, TidegateError):
        return _unknown(str(name), seen.code, str(seen), seen.hint)
    try:
        found = _find(seen.get(name.name, ()), environment, service, name)
    except ReleaseAmbiguous as error:
        return _unknown(str(name), error.code, str(error), error.hint)
    if found is None:
        return Live(LiveState.MISSING, str(name))
    image = _image(found, service, declared)
    if image is None:
        what = f"the values of {found.path} name no image {service.image!r}"
        return replace(
            _unknown(found.path, "", what, "one from valuesFrom, or of the chart itself, is not seen"), seen=found
        )
    candidate, ready = environment.tag.read(image.tag or ""), _said(found)
    return Live(
        state=_state(found, ready, is_declared=image == declared),
        release=found.path,
        image=image,
        version=candidate.version if candidate else None,
        since=ready.since if ready else None,
        reason=ready.reason if ready else "",
        message=_one_line(ready.message) if ready else "",
        chart=(found.revision.chart if found.revision else None) or found.applied_revision or found.attempted_revision,
        seen=found,
    )


def _said(found: ClusterRelease) -> ReadyCondition | None:
    """Return what Flux says of the HelmRelease as it is now; None while what it says is of an older generation.

    `observedGeneration` moves on only when Flux is done with a generation, so that a failure which it tries again is
    known by the generation of its condition (helm-controller, `Reconcile`; fluxcd/pkg, `runtime/conditions`).
    """
    ready = found.ready
    if ready is None:
        return None
    if ready.status is ConditionStatus.TRUE or ready.generation is None:
        return ready if found.observed_generation == found.generation else None
    return ready if ready.generation == found.generation else None


def _state(found: ClusterRelease, ready: ReadyCondition | None, *, is_declared: bool) -> LiveState:
    if found.suspended:
        return LiveState.SUSPENDED
    if ready is None or ready.status is ConditionStatus.UNKNOWN or ready.reason in _PATIENT:
        return LiveState.ROLLING_OUT
    if ready.status is ConditionStatus.FALSE:
        return LiveState.FAILED
    return LiveState.LIVE if is_declared else LiveState.NOT_APPLIED


def _find(
    named: Sequence[ClusterRelease], environment: Environment, service: Service, name: ReleaseName
) -> ClusterRelease | None:
    """Return the HelmRelease that git calls `name`; None where there is none.

    The namespace may be the doing of a Kustomization (`targetNamespace`). Another than git names is believed only
    where the configuration names the environment's namespaces: a cluster may have several environments.
    """
    exact = next((each for each in named if each.namespace == name.namespace), None)
    is_told = environment.cluster is not None and bool(environment.cluster.namespaces)
    if exact is not None or (name.namespace is not None and not is_told):
        return exact
    fitting = [each for each in named if any(image.repository == service.image for image in each.images)]
    chosen = fitting if len(named) > 1 else named
    if len(chosen) > 1:
        raise ReleaseAmbiguous(
            f"the cluster has several HelmReleases {name.name}: {', '.join(each.path for each in chosen)}",
            hint=f"write metadata.namespace into git's, or environments.{environment.name}.cluster.namespaces",
        )
    return next(iter(chosen), None)


def _image(found: ClusterRelease, service: Service, declared: ImageRef) -> ImageRef | None:
    """Return what a HelmRelease names of a service; where it names several, one that is not declared."""
    named = [each for each in found.images if each.repository == service.image]
    return next((each for each in named if each != declared), named[0] if named else None)


def _unknown(release: str, code: str, what: str, hint: str | None) -> Live:
    return Live(LiveState.UNKNOWN, release, reason=code, message=_one_line(what), hint=hint)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"

"""From JSON to `ClusterRelease`. Follows helm-controller's API (docs/spec/v2, v2beta2, v2beta1 `helmreleases.md`).

What is not there or of another kind is as if it were left out: the three versions differ, and a status is Flux's to
write, at its own time. What names an object must be there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from tidegate.cluster.values import images_in_values
from tidegate.errors.cluster import ClusterAnswerUnreadable
from tidegate.model import ImageRef
from tidegate.model.json import Json
from tidegate.ports.cluster import ClusterRelease, ConditionStatus, HelmRevision, ReadyCondition

Known = Mapping[tuple[str, int], tuple[ImageRef, ...]]
"""(uid, generation) → its images: a generation's spec never changes."""


def identity_of(document: Json, server: str) -> tuple[str, int]:
    """Return uid and generation of an object.

    Raises:
        ClusterAnswerUnreadable: it is no object of Kubernetes.
    """
    metadata = _inner(document, "metadata")
    uid, generation = _text(metadata, "uid"), _number(metadata, "generation")
    if uid is None or generation is None:
        raise _unreadable(server)
    return uid, generation


def parse_release(document: Json, known: Known, server: str) -> ClusterRelease:
    """Return one HelmRelease.

    Args:
        document: as the API gives it.
        known: images that need not be searched for again.
        server: the API's address, for errors.

    Raises:
        ClusterAnswerUnreadable: it is no object of Kubernetes.
    """
    metadata, spec, status = (_inner(document, key) for key in ("metadata", "spec", "status"))
    namespace, name = _text(metadata, "namespace"), _text(metadata, "name")
    if not namespace or not name:
        raise _unreadable(server)
    identity = identity_of(document, server)
    images = known.get(identity)
    return ClusterRelease(
        namespace=namespace,
        name=name,
        generation=identity[1],
        observed_generation=_number(status, "observedGeneration"),
        ready=_ready(status),
        images=images_in_values(spec.get("values")) if images is None else images,
        suspended=spec.get("suspend") is True,
        applied_revision=_text(status, "lastAppliedRevision"),
        attempted_revision=_text(status, "lastAttemptedRevision"),
        revision=_revision(status),
    )


def items_of(document: Json, server: str) -> tuple[Sequence[Json], str | None]:
    """Return the items of a list, and what continues it, or None.

    Raises:
        ClusterAnswerUnreadable: it is no list.
    """
    items = document.get("items") if isinstance(document, Mapping) else None
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise _unreadable(server)
    return items, _text(_inner(document, "metadata"), "continue") or None


def message_of(document: Json) -> str | None:
    """Return what the API says of a failure (metav1.Status), or None."""
    return _text(document, "message") if isinstance(document, Mapping) else None


def _ready(status: Mapping[str, Json]) -> ReadyCondition | None:
    for condition in _each(status, "conditions"):
        said = _text(condition, "status")
        if condition.get("type") == "Ready" and said in {each.value for each in ConditionStatus}:
            return ReadyCondition(
                status=ConditionStatus(said),
                reason=_text(condition, "reason") or "",
                message=_text(condition, "message") or "",
                since=_time(condition, "lastTransitionTime"),
                generation=_number(condition, "observedGeneration"),
            )
    return None


def _revision(status: Mapping[str, Json]) -> HelmRevision | None:
    newest = next(iter(_each(status, "history")), None)
    if newest is None:
        return None
    return HelmRevision(
        number=_number(newest, "version") or 0,
        chart=" ".join(filter(None, (_text(newest, "chartName"), _text(newest, "chartVersion")))),
        status=_text(newest, "status") or "",
        deployed=_time(newest, "lastDeployed"),
    )


def _inner(document: Json, key: str) -> Mapping[str, Json]:
    found = document.get(key) if isinstance(document, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _each(document: Mapping[str, Json], key: str) -> list[Mapping[str, Json]]:
    found = document.get(key)
    items = found if isinstance(found, Sequence) and not isinstance(found, str) else ()
    return [each for each in items if isinstance(each, Mapping)]


def _text(document: Mapping[str, Json], key: str) -> str | None:
    found = document.get(key)
    return found if isinstance(found, str) else None


def _number(document: Mapping[str, Json], key: str) -> int | None:
    found = document.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _time(document: Mapping[str, Json], key: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(_text(document, key) or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _unreadable(server: str) -> ClusterAnswerUnreadable:
    return ClusterAnswerUnreadable(
        "the answer is no list of HelmReleases", where=server, hint="check `server:` in the kubeconfig"
    )

"""HelmReleases as the API of Kubernetes gives them."""

from __future__ import annotations

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from tidegate.model import ImageRef
from tidegate.model.json import Json
from tidegate.ports.cluster import ClusterRelease, HelmRevision, ReadyCondition

KIND = "HelmRelease"


def helm_release(release: ClusterRelease, api_version: str) -> Json:
    """Return `release` as the API gives it in `api_version`, e.g. `helm.toolkit.fluxcd.io/v2`."""
    status: dict[str, Json] = {
        "observedGeneration": release.observed_generation,
        "conditions": [_condition(release.ready, api_version)] if release.ready else None,
        "lastAppliedRevision": release.applied_revision,
        "lastAttemptedRevision": release.attempted_revision,
        "history": [_revision(release.revision)] if release.revision else None,
    }
    return {
        "apiVersion": api_version,
        "kind": KIND,
        "metadata": {
            "namespace": release.namespace,
            "name": release.name,
            "uid": str(uuid5(NAMESPACE_URL, release.path)),
            "generation": release.generation,
            "resourceVersion": "1",
        },
        "spec": {
            "interval": "10m",
            "suspend": release.suspended,
            "values": {f"part{number}": {"image": _image(each)} for number, each in enumerate(release.images)},
        },
        "status": {key: value for key, value in status.items() if value is not None},
    }


def helm_release_list(
    releases: tuple[ClusterRelease, ...], api_version: str, *, following: str | None, remaining: int
) -> Json:
    """Return one page of a list.

    Args:
        releases: those of the page.
        api_version: in which they are given.
        following: what continues it, or None.
        remaining: how many are to come.
    """
    metadata: dict[str, Json] = {"resourceVersion": "1"}
    if following is not None:
        metadata |= {"continue": following, "remainingItemCount": remaining}
    items = [helm_release(each, api_version) for each in releases]
    return {"apiVersion": api_version, "kind": f"{KIND}List", "metadata": metadata, "items": items}


def failure(code: int, reason: str, message: str) -> Json:
    """Return what the API says of a request that failed (metav1.Status)."""
    said: Json = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return said


def _image(image: ImageRef) -> Json:
    tag = f"{image.tag or ''}@{image.digest}" if image.digest else image.tag
    return {"repository": image.name, "tag": tag}


def _condition(ready: ReadyCondition, api_version: str) -> Json:
    said: dict[str, Json] = {
        "type": "Ready",
        "status": ready.status.value,
        "reason": ready.reason,
        "message": ready.message,
        "lastTransitionTime": _time(ready.since),
    }
    if ready.generation is not None and not api_version.endswith("v2beta1"):
        said["observedGeneration"] = ready.generation
    return said


def _revision(revision: HelmRevision) -> Json:
    name, _, version = revision.chart.partition(" ")
    return {
        "version": revision.number,
        "chartName": name,
        "chartVersion": version,
        "status": revision.status,
        "lastDeployed": _time(revision.deployed),
    }


def _time(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None

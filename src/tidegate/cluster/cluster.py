"""KubernetesCluster: the cluster port on one context of a kubeconfig."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Final

from tidegate.cluster.api import Api
from tidegate.cluster.parse import Known, identity_of, items_of, message_of, parse_release
from tidegate.errors import TidegateError
from tidegate.errors.cluster import ClusterAnswerUnreadable, ClusterForbidden, ClusterUnauthorized, FluxMissing
from tidegate.model.json import Json
from tidegate.ports.cluster import ClusterRelease

API_GROUP: Final = "helm.toolkit.fluxcd.io"
API_VERSIONS: Final = ("v2", "v2beta2", "v2beta1")
"""In the order in which they are asked for; a cluster gives each object in each version that it has."""
PAGE: Final = 250
_MOST_PAGES: Final = 1000
_MOST_STARTS: Final = 3


class KubernetesCluster:
    """Reads HelmReleases. For one thread at a time.

    Args:
        connect: opens a connection; again after the credentials were refused, for they may have been renewed.
        namespaces: those to read; none: all.
    """

    def __init__(self, connect: Callable[[], Api], namespaces: tuple[str, ...] = ()) -> None:
        self._connect = connect
        self._namespaces = namespaces
        self._api: Api | None = None
        self._version: str | None = None
        self._known: Known = {}

    def helm_releases(self) -> tuple[ClusterRelease, ...]:
        """Return the HelmReleases, by one LIST for each namespace, or one for all; in pages of 250."""
        api = self._api = self._api or self._connect()
        try:
            documents = [each for namespace in self._namespaces or (None,) for each in self._list(api, namespace)]
        except ClusterUnauthorized:
            self.close()
            raise
        found = {identity_of(each, api.server): parse_release(each, self._known, api.server) for each in documents}
        self._known = {identity: release.images for identity, release in found.items()}
        return tuple(sorted(found.values(), key=lambda each: (each.namespace, each.name)))

    def close(self) -> None:
        """Close the connection; the next look opens one."""
        if self._api is not None:
            self._api.close()
            self._api = None

    def _list(self, api: Api, namespace: str | None) -> list[Json]:
        """Return all objects of a namespace, or of all, in the newest version that the cluster has."""
        for version in (self._version,) if self._version else API_VERSIONS:
            place = f"namespaces/{namespace}/" if namespace else ""
            found = self._whole(api, f"/apis/{API_GROUP}/{version}/{place}helmreleases", namespace)
            if found is not None:
                self._version = version
                return found
        self._version = None  # Flux was taken away, or another version of it came
        raise FluxMissing(
            f"the cluster knows no HelmReleases of {API_GROUP}",
            where=api.server,
            hint="install Flux there, or name another cluster: environments.…cluster",
        )

    def _whole(self, api: Api, path: str, namespace: str | None) -> list[Json] | None:
        """Return all pages of a list; None where the cluster does not know the kind.

        A list that takes too long to read is begun anew (Kubernetes, "API concepts": 410 Gone to an old `continue`).
        """
        for _ in range(_MOST_STARTS):
            found: list[Json] = []
            for status, page in self._pages(api, path):
                if status == HTTPStatus.GONE:
                    break
                if status == HTTPStatus.NOT_FOUND:
                    return None
                if status != HTTPStatus.OK:
                    raise _refusal(api, status, page, namespace)
                found.extend(items_of(page, api.server)[0])
            else:
                return found
        raise ClusterAnswerUnreadable(
            "the list of HelmReleases changes faster than it can be read",
            where=api.server,
            hint="name the environment's namespaces: environments.…cluster.namespaces",
        )

    @staticmethod
    def _pages(api: Api, path: str) -> Iterator[tuple[HTTPStatus, Json]]:
        query = {"limit": str(PAGE)}
        for _ in range(_MOST_PAGES):
            status, page = api.get(path, query)
            yield status, page
            if status != HTTPStatus.OK:
                return
            following = items_of(page, api.server)[1]
            if following is None:
                return
            query["continue"] = following
        raise ClusterAnswerUnreadable(f"the list has no end after {_MOST_PAGES} pages", where=api.server)


def _refusal(api: Api, status: HTTPStatus, page: Json, namespace: str | None) -> TidegateError:
    if status != HTTPStatus.FORBIDDEN:
        said = message_of(page) or status.phrase
        return ClusterAnswerUnreadable(f"answered {status.value}: {said[:300]}", where=api.server)
    where = f"in the namespace {namespace}" if namespace else "in all namespaces"
    kind = "Role" if namespace else "ClusterRole"
    return ClusterForbidden(
        f"the credentials may not `list` helmreleases.{API_GROUP} {where}",
        where=api.server,
        hint=f"bind them to a {kind} with that right, see docs/how-to/watch-flux.md",
    )

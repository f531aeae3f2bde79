"""FakeKubernetes: a cluster's API over HTTP, as far as Tidegate speaks to it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Final
from urllib.parse import parse_qs, urlsplit

from tidegate.model.json import Json
from tidegate.ports.cluster import Cluster, ClusterRelease
from tidegate.testing.kubernetes.documents import failure, helm_release_list
from tidegate.testing.loopback import LoopbackHandler, LoopbackServer

_PATH: Final = re.compile(r"/apis/helm\.toolkit\.fluxcd\.io/(v2[a-z0-9]*)/(?:namespaces/([a-z0-9-]+)/)?helmreleases")
_WHERE: Final = 'resource "helmreleases" in API group "helm.toolkit.fluxcd.io"'


@dataclass(slots=True)
class FakeKubernetes:
    """The API of a cluster.

    Args:
        cluster: what it has.
        token: the bearer token that it accepts; None: anybody may ask.
        versions: those of Flux's API that it has; none: Flux is not installed.
        may: the namespaces in which HelmReleases may be listed; None: in all, by one list.
        expiring: after so many pages a `continue` is refused once (410), as when a list took too long.
        answer: what every request is answered with instead, as status and body; None: what is asked for.
        requests: what was asked, as `GET /path?query`, in order.
    """

    cluster: Cluster
    token: str | None = None
    versions: frozenset[str] = frozenset({"v2", "v2beta2"})
    may: frozenset[str] | None = None
    expiring: int | None = None
    answer: tuple[int, str] | None = None
    requests: list[str] = field(default_factory=list)

    def respond(self, target: str, authorization: str | None) -> tuple[int, Json | str]:
        """Return status and document for a GET; a text is no JSON."""
        self.requests.append(f"GET {target}")
        if self.answer is not None:
            return self.answer
        if self.token is not None and authorization != f"Bearer {self.token}":
            return 401, failure(401, "Unauthorized", "Unauthorized")
        url = urlsplit(target)
        found = _PATH.fullmatch(url.path)
        if found is None or found[1] not in self.versions:
            return 404, "404 page not found\n"  # so does the API of a kind that it does not know
        if self.may is not None and found[2] not in self.may:
            scope = f'in the namespace "{found[2]}"' if found[2] else "at the cluster scope"
            said = f'helmreleases.helm.toolkit.fluxcd.io is forbidden: User "robot" cannot list {_WHERE} {scope}'
            return 403, failure(403, "Forbidden", said)
        releases = tuple(each for each in self.cluster.helm_releases() if found[2] in {None, each.namespace})
        return self._page(releases, f"helm.toolkit.fluxcd.io/{found[1]}", parse_qs(url.query))

    def _page(
        self, releases: tuple[ClusterRelease, ...], version: str, query: dict[str, list[str]]
    ) -> tuple[int, Json | str]:
        limit, start = int(query.get("limit", ["0"])[0]) or len(releases), int(query.get("continue", ["0"])[0])
        if self.expiring is not None and start >= self.expiring * limit:
            self.expiring = None
            return 410, failure(410, "Expired", "The provided continue parameter is too old")
        end = start + limit
        following = str(end) if end < len(releases) else None
        page = helm_release_list(
            releases[start:end], version, following=following, remaining=max(0, len(releases) - end)
        )
        return 200, page


@contextlib.contextmanager
def serve(kubernetes: FakeKubernetes, certificate: str | None = None) -> Iterator[str]:
    """Serve `kubernetes` on loopback, and give its URL.

    Args:
        kubernetes: what answers.
        certificate: a PEM file with certificate and key, for HTTPS; None: plain HTTP.
    """
    with LoopbackServer(_Handler, certificate=certificate, given={"kubernetes": kubernetes}) as server:
        yield server.url


class _Handler(LoopbackHandler):
    kubernetes: ClassVar[FakeKubernetes]

    def respond(self) -> None:
        """Answer as the API of a cluster."""
        status, body = self.kubernetes.respond(self.path, self.headers.get("Authorization"))
        is_text = isinstance(body, str)
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send(status, {"Content-Type": "text/plain; charset=utf-8" if is_text else "application/json"}, data)

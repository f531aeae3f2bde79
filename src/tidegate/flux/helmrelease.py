"""HelmReleases in a file: which documents they are. Only what Tidegate needs of helm-controller's API is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tidegate.errors import Place
from tidegate.errors.manifest import NotHelmRelease
from tidegate.flux.follow import Follower, View
from tidegate.yamledit import Path, Scalar, Sequence, Stream, parse

API_GROUP: Final = "helm.toolkit.fluxcd.io"
API_VERSIONS: Final = frozenset(f"{API_GROUP}/{version}" for version in ("v2", "v2beta2", "v2beta1"))
KIND: Final = "HelmRelease"

_LIST: Final = ("v1", "List")


@dataclass(frozen=True, slots=True)
class HelmRelease:
    """One HelmRelease document, or a Kustomize fragment of one.

    Args:
        document: index in the file, from 0.
        api_version: e.g. `helm.toolkit.fluxcd.io/v2`.
        name: `metadata.name`; "" when the fragment has none.
        namespace: `metadata.namespace`, or None when it comes from elsewhere.
        line: line where the document's content starts.
    """

    document: int
    api_version: str
    name: str
    namespace: str | None
    line: int


def helm_releases(data: bytes, *, file: str = "<data>") -> list[HelmRelease]:
    """Return the HelmReleases in `data`, in order; the three API versions of Flux 2.

    Raises:
        NotHelmRelease: there is none.
        InvalidYaml, YamlTooLarge: as `tidegate.yamledit.documents`.
    """
    stream = parse(data, file=file)
    return [release for release, _ in releases_in(stream, Follower(stream))]


def releases_in(stream: Stream, follower: Follower) -> list[tuple[HelmRelease, View]]:
    """Return each HelmRelease of a parsed file with the view of its document; raises `NotHelmRelease`."""
    found = []
    for resource in resources_in(stream, follower):
        if resource.kind == KIND and resource.api_version in API_VERSIONS and not resource.path:
            release = HelmRelease(
                resource.document, resource.api_version, resource.name, resource.namespace, resource.line
            )
            found.append((release, resource.view))
    if not found:
        raise NotHelmRelease(
            f"holds no {KIND} of {API_GROUP}",
            where=Place(stream.file),
            hint="point to the file that holds the service's HelmRelease (v2, v2beta2 or v2beta1)",
        )
    return found


@dataclass(frozen=True, slots=True)
class Resource:
    """Any Kubernetes resource: what it is called, and the view of it.

    `path` says where in its document it stands: () for all of it, `items` and a number in a `kind: List`.
    """

    document: int
    api_version: str
    kind: str
    name: str
    namespace: str | None
    line: int
    view: View
    path: Path = ()


def resources_in(stream: Stream, follower: Follower) -> list[Resource]:
    """Return the documents that have an apiVersion and a kind; of a `kind: List`, also the items that have."""
    found = []
    for index, root in enumerate(stream.documents):
        view = follower.view((root, None), ())
        resource = _resource(follower, view, index)
        if resource is not None:
            found.append(resource)
            found += _items(follower, resource) if (resource.api_version, resource.kind) == _LIST else []
    return found


def _items(follower: Follower, resource: Resource) -> list[Resource]:
    items = view_at(follower, resource.view, "items")
    if items is None or not isinstance(items.node, Sequence):
        return []
    views = (
        follower.view((item, items.refusal), (*items.path, number)) for number, item in enumerate(items.node.items)
    )
    found = (_resource(follower, view, resource.document) for view in views)
    return [each for each in found if each is not None]


def _resource(follower: Follower, view: View, document: int) -> Resource | None:
    version, kind = text_at(follower, view, "apiVersion"), text_at(follower, view, "kind")
    if not version or not kind:
        return None
    name = text_at(follower, view, "metadata", "name") or ""
    namespace = text_at(follower, view, "metadata", "namespace")
    return Resource(document, version, kind, name, namespace, view.node.line, view, view.path)


def view_at(follower: Follower, view: View, *path: str) -> View | None:
    """Return what stands below `view` at `path`, or None."""
    for key in path:
        field = follower.fields(view).get(key)
        if field is None:
            return None
        view = follower.view(field, (*view.path, key))
    return view


def text_at(follower: Follower, view: View, *path: str) -> str | None:
    """Return the text of the value at `path`; None when there is none or it is not a single value."""
    found = view_at(follower, view, *path)
    return found.node.text if found is not None and isinstance(found.node, Scalar) else None

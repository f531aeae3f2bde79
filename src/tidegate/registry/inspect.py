"""What an image consists of, as a tree for people and programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor, Manifest, json_object
from tidegate.registry.places import ImagePlace
from tidegate.registry.platforms import platforms
from tidegate.registry.referrers import Attached, ReferrerSearch
from tidegate.registry.tree import Home, Tree, read_tree

_LARGEST_CONFIG: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Node:
    """One manifest of the tree.

    Args:
        manifest: its descriptor.
        platform: `os/architecture[/variant]`, as the index above says; None elsewhere.
        artifact_type: what kind of artifact it is, or None.
        labels: the image's labels, of its config.
        blobs: config and layers.
        foreign: layers that lie elsewhere.
        children: the manifests that it lists.
        referrers: what is attached to it.
        tag: cosign's tag that attaches it, or None.
    """

    manifest: Descriptor
    platform: str | None
    artifact_type: str | None
    labels: Mapping[str, str]
    blobs: tuple[Descriptor, ...]
    foreign: tuple[Descriptor, ...]
    children: tuple[Node, ...]
    referrers: tuple[Node, ...]
    tag: str | None = None

    @property
    def size(self) -> int:
        """Bytes of the manifest and of all below it; what several have in common counts once."""
        return sum(self._sizes().values())

    def _sizes(self) -> dict[Digest, int]:
        parts = {part.digest: part.size for part in (self.manifest, *self.blobs)}
        for below in (*self.children, *self.referrers):
            parts.update(below._sizes())  # noqa: SLF001 - another node's
        return parts


def inspect_image(image: ImagePlace) -> Node:
    """Return the tree of `image`, with all that is attached to it.

    Raises:
        ManifestMissing: there is no such image.
    """
    tree = read_tree(image.home, image.reference)
    return _Inspection(image.home, tree, ReferrerSearch().find(image.home, tree)).node(tree.root)


class _Inspection:
    def __init__(self, home: Home, tree: Tree, attached: tuple[Attached, ...]) -> None:
        self._home = home
        self._attached = attached
        trees = (tree, *(each.tree for each in attached))
        self._manifests = {manifest.digest: manifest for each in trees for manifest in each.manifests}

    def node(self, manifest: Manifest, platform: str | None = None, tag: str | None = None) -> Node:
        contents = manifest.contents()
        named = {digest: name for name, digest in platforms(manifest)}
        document = json_object(manifest.data) or {}
        artifact_type = document.get("artifactType")
        return Node(
            manifest.descriptor,
            platform,
            artifact_type if isinstance(artifact_type, str) else None,
            self._labels(contents.blobs[0]) if contents.blobs else {},
            contents.blobs,
            contents.foreign,
            tuple(self.node(self._manifests[child.digest], named.get(child.digest)) for child in contents.manifests),
            tuple(
                self.node(each.tree.root, tag=each.tag) for each in self._attached if each.subject == manifest.digest
            ),
            tag,
        )

    def _labels(self, config: Descriptor) -> Mapping[str, str]:
        """Return the labels in an image's config; none when it is another kind of config."""
        if not config.media_type.endswith((".image.config.v1+json", "container.image.v1+json")):
            return {}
        if config.size > _LARGEST_CONFIG:
            return {}
        with self._home.registry.read_blob(self._home.repository, config.digest) as pieces:
            data = b"".join(pieces)
        try:
            document: object = json.loads(data)
        except (ValueError, RecursionError):
            return {}
        inner = document.get("config") if isinstance(document, dict) else None
        labels = inner.get("Labels") if isinstance(inner, dict) else None
        found = labels.items() if isinstance(labels, dict) else ()
        return {name: value for name, value in found if isinstance(name, str) and isinstance(value, str)}

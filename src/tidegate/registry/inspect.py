"""What an image consists of, as a tree for people and programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from tidegate.model.image_node import ImageNode
from tidegate.model.manifest import Descriptor, Manifest, json_object
from tidegate.registry.places import ImagePlace
from tidegate.registry.platforms import platforms
from tidegate.registry.referrers import Attached, ReferrerSearch
from tidegate.registry.tree import Home, Tree, read_tree

_LARGEST_CONFIG: Final = 4 * 1024 * 1024


def inspect_image(image: ImagePlace) -> ImageNode:
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

    def node(self, manifest: Manifest, platform: str | None = None, tag: str | None = None) -> ImageNode:
        contents = manifest.contents()
        named = {digest: name for name, digest in platforms(manifest)}
        document = json_object(manifest.data) or {}
        artifact_type = document.get("artifactType")
        return ImageNode(
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

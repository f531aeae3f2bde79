"""What an image consists of, as a tree for people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from tidegate.model.digest import Digest
from tidegate.model.image_node import ImageNode
from tidegate.model.manifest import Manifest, json_object
from tidegate.registry.places import ImagePlace
from tidegate.registry.platforms import platform_of, platforms, read_config
from tidegate.registry.referrers import Attached, ReferrerSearch
from tidegate.registry.tree import Home, Tree, read_tree

_PREDICATE: Final = ("dev.sigstore.bundle.predicateType", "in-toto.io/predicate-type", "predicateType")
"""Annotations that name a predicate: of a Sigstore bundle, of BuildKit's attestations, of those by cosign."""


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
        self._seen: dict[Digest, ImageNode] = {}

    def node(self, manifest: Manifest, platform: str | None = None, tag: str | None = None) -> ImageNode:
        """Return the node of `manifest`. What is below it and attached to it is in the first of its nodes only.

        By a cosign tag an image can be attached to itself, and indexes that list one another twice would unfold to
        more than any memory holds.
        """
        digest = manifest.digest
        if digest in self._seen:
            known = self._seen[digest]
            return replace(known, platform=platform or known.platform, tag=tag)
        bare = self._seen[digest] = self._bare(manifest)
        named = {digest: name for name, digest in platforms(manifest)}
        return replace(
            bare,
            platform=platform or bare.platform,
            tag=tag,
            children=tuple(
                self.node(self._manifests[child.digest], named.get(child.digest))
                for child in manifest.contents().manifests
            ),
            referrers=tuple(
                self.node(each.tree.root, tag=each.tag) for each in self._attached if each.subject == digest
            ),
        )

    def _bare(self, manifest: Manifest) -> ImageNode:
        """Return the node of `manifest` without what is below it and attached to it."""
        contents = manifest.contents()
        document = json_object(manifest.data) or {}
        artifact_type = document.get("artifactType")
        config = {} if manifest.is_index else read_config(self._home, contents.blobs)
        return ImageNode(
            manifest.descriptor,
            platform_of(config),
            artifact_type if isinstance(artifact_type, str) else None,
            _labels(config),
            contents.blobs,
            contents.foreign,
            predicates=tuple(dict.fromkeys(_predicates(document))),
        )


def _labels(config: Mapping[str, object]) -> Mapping[str, str]:
    inner = config.get("config")
    return _texts(inner.get("Labels") if isinstance(inner, dict) else None)


def _predicates(manifest: Mapping[str, object]) -> Iterator[str]:
    """Yield the predicates that a manifest and its layers name."""
    layers = manifest.get("layers")
    for part in (manifest, *(layers if isinstance(layers, list) else ())):
        annotations = _texts(part.get("annotations") if isinstance(part, Mapping) else None)
        yield from (annotations[name] for name in _PREDICATE if name in annotations)


def _texts(value: object) -> Mapping[str, str]:
    found = value.items() if isinstance(value, Mapping) else ()
    return {name: text for name, text in found if isinstance(name, str) and isinstance(text, str)}

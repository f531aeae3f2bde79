"""What an image consists of, as a tree for people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tidegate.model.image_node import ImageNode
from tidegate.model.manifest import Descriptor, Manifest, json_object
from tidegate.registry.places import ImagePlace
from tidegate.registry.platforms import platform_of, platforms
from tidegate.registry.referrers import Attached, ReferrerSearch
from tidegate.registry.tree import Home, Tree, read_tree

_LARGEST_CONFIG: Final = 4 * 1024 * 1024
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

    def node(self, manifest: Manifest, platform: str | None = None, tag: str | None = None) -> ImageNode:
        contents = manifest.contents()
        named = {digest: name for name, digest in platforms(manifest)}
        document = json_object(manifest.data) or {}
        artifact_type = document.get("artifactType")
        config = self._config(contents.blobs[0]) if contents.blobs else {}
        return ImageNode(
            manifest.descriptor,
            platform or platform_of(config),
            artifact_type if isinstance(artifact_type, str) else None,
            _labels(config),
            contents.blobs,
            contents.foreign,
            tuple(self.node(self._manifests[child.digest], named.get(child.digest)) for child in contents.manifests),
            tuple(
                self.node(each.tree.root, tag=each.tag) for each in self._attached if each.subject == manifest.digest
            ),
            tag,
            tuple(dict.fromkeys(_predicates(document))),
        )

    def _config(self, config: Descriptor) -> Mapping[str, object]:
        """Return an image's config; nothing when it is another kind of config."""
        if not config.media_type.endswith((".image.config.v1+json", "container.image.v1+json")):
            return {}
        if config.size > _LARGEST_CONFIG:
            return {}
        with self._home.registry.read_blob(self._home.repository, config.digest) as pieces:
            return json_object(b"".join(pieces)) or {}


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

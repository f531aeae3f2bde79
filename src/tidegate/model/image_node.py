"""What an image consists of, as a tree of manifests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.model.digest import Digest
from tidegate.model.manifest import INDEX_TYPES, Descriptor


@dataclass(frozen=True, slots=True)
class ImageNode:
    """One manifest of an image's tree.

    Args:
        manifest: its descriptor.
        platform: `os/architecture[/variant]`, as the index above says, or its own config; None of what is no image.
        artifact_type: what kind of artifact it is, or None.
        labels: the image's labels, of its config.
        blobs: config and layers; of an index, what it lists that is no manifest.
        foreign: layers that lie elsewhere.
        children: the manifests that it lists. They, and referrers, are in the first node of a manifest only.
        referrers: what is attached to it.
        tag: cosign's tag that attaches it, or None.
        predicates: what it attests, as types of in-toto predicates, e.g. `https://slsa.dev/provenance/v1`.
    """

    manifest: Descriptor
    platform: str | None
    artifact_type: str | None
    labels: Mapping[str, str]
    blobs: tuple[Descriptor, ...]
    foreign: tuple[Descriptor, ...]
    children: tuple[ImageNode, ...] = ()
    referrers: tuple[ImageNode, ...] = ()
    tag: str | None = None
    predicates: tuple[str, ...] = ()

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests rather than layers."""
        return self.manifest.media_type in INDEX_TYPES

    @property
    def size(self) -> int:
        """Bytes of the manifest and of all below it; what several have in common counts once."""
        return sum(self._sizes().values())

    def label(self, name: str) -> str | None:
        """Return a label of the image, or of the first platform that has it; None: it has none."""
        if name in self.labels:
            return self.labels[name]
        return next((found for child in self.children if (found := child.label(name)) is not None), None)

    def _sizes(self) -> dict[Digest, int]:
        parts = {part.digest: part.size for part in (self.manifest, *self.blobs)}
        for below in (*self.children, *self.referrers):
            parts.update(below._sizes())  # noqa: SLF001 - another node's
        return parts

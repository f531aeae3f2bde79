"""Manifests and descriptors, as OCI image-spec `manifest.md`, `image-index.md` and `descriptor.md` have them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tidegate.model.digest import Digest

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"

MANIFEST_TYPES: Final = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX)
INDEX_TYPES: Final = frozenset({OCI_INDEX, DOCKER_INDEX})


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What some content is: its media type, digest and size in bytes."""

    media_type: str
    digest: Digest
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or index exactly as the registry holds it: its bytes are never written anew.

    Args:
        media_type: what the registry said it is.
        data: the bytes; their sha256 is the digest.
    """

    media_type: str
    data: bytes
    digest: Digest = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", Digest.of(self.data))

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests rather than layers."""
        return self.media_type in INDEX_TYPES

    @property
    def descriptor(self) -> Descriptor:
        """The descriptor of these bytes."""
        return Descriptor(self.media_type, self.digest, len(self.data))

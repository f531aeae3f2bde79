"""Manifests and descriptors, as OCI image-spec `manifest.md`, `image-index.md` and `descriptor.md` have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tidegate.errors.model import InvalidDigest
from tidegate.errors.registry import ManifestInvalid
from tidegate.model.digest import Digest

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"

MANIFEST_TYPES: Final = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX)
INDEX_TYPES: Final = frozenset({OCI_INDEX, DOCKER_INDEX})
FOREIGN_LAYER_TYPES: Final = (
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
)
"""Beginnings of the media types of layers that no registry hands on (image-spec `layer.md`)."""
LARGEST_MANIFEST: Final = 4 * 1024 * 1024
"""Bytes. The least that distribution-spec asks a registry to take, and what registries take in fact."""
LARGEST_WHOLE: Final = 256 * 1024
"""Bytes of a blob that goes by one request, where a registry takes it so. To ask first whether a larger one is there
costs less than to send it."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What some content is: its media type, digest and size in bytes."""

    media_type: str
    digest: Digest
    size: int


EMPTY_DATA: Final = b"{}"
EMPTY: Final = Descriptor("application/vnd.oci.empty.v1+json", Digest.of(EMPTY_DATA), len(EMPTY_DATA))
"""The config of what has none: OCI image-spec `manifest.md`, "Guidance for an Empty Descriptor"."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a manifest refers to.

    Args:
        manifests: the manifests that an index lists.
        blobs: config and layers that the registry holds. An index may list blobs, too, as BuildKit's cache does.
        foreign: layers that lie elsewhere and are not to be copied.
    """

    manifests: tuple[Descriptor, ...] = ()
    blobs: tuple[Descriptor, ...] = ()
    foreign: tuple[Descriptor, ...] = ()


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

    def contents(self) -> Contents:
        """Return what the manifest refers to.

        Raises:
            ManifestInvalid: not JSON, of a kind that is not known, or its text says that it is another kind
                than the registry did (CVE-2021-41190).
        """
        document = _document(self)
        if self.is_index:
            listed = _descriptors(self, document.get("manifests"))
            manifests = tuple(each for each in listed if is_manifest_type(each.media_type))
            return _contents(manifests, (each for each in listed if not is_manifest_type(each.media_type)))
        config = _descriptor(self, document.get("config"))
        return _contents((), (config, *_descriptors(self, document.get("layers"))))


def is_manifest_type(media_type: str) -> bool:
    """Return whether it is a manifest's media type, also one that is too old, or too new, to be read here."""
    return media_type in MANIFEST_TYPES or ".manifest." in media_type


def media_type_of(data: bytes) -> str | None:
    """Return the media type that a manifest's own bytes tell, or None when they are no manifest.

    For stores that keep bytes only. OCI manifests may leave out `mediaType`; then their fields tell.
    """
    document = json_object(data)
    if document is None or document.get("schemaVersion") != 2:  # noqa: PLR2004 - the specification's number
        return None
    said = document.get("mediaType")
    if said in MANIFEST_TYPES:
        return str(said)
    if said is not None:
        return None
    return OCI_INDEX if "manifests" in document else OCI_MANIFEST if "config" in document else None


def json_object(data: bytes) -> Mapping[str, object] | None:
    """Return the JSON object that a manifest's bytes spell; None when they are none, or larger than a manifest."""
    import json  # noqa: PLC0415 - a retag moves bytes and reads none

    if len(data) > LARGEST_MANIFEST:
        return None
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _document(manifest: Manifest) -> Mapping[str, object]:
    if manifest.media_type not in MANIFEST_TYPES:
        raise _invalid(manifest, f"is a {manifest.media_type[:100]!r}; what it refers to can't be told")
    document = json_object(manifest.data)
    if document is None:
        raise _invalid(manifest, "is not a JSON object of at most 4 MiB")
    said = document.get("mediaType", manifest.media_type)
    if said != manifest.media_type:
        raise _invalid(manifest, f"says that it is {said!r:.100}, the registry says {manifest.media_type!r}")
    if "manifests" in document and ("layers" in document or "config" in document):
        raise _invalid(manifest, "is both an index and a manifest")
    return document


def _contents(manifests: tuple[Descriptor, ...], parts: Iterable[Descriptor]) -> Contents:
    held: list[Descriptor] = []
    foreign: list[Descriptor] = []
    for part in parts:
        (foreign if part.media_type.startswith(FOREIGN_LAYER_TYPES) else held).append(part)
    return Contents(manifests, tuple(held), tuple(foreign))


def _descriptors(manifest: Manifest, values: object) -> tuple[Descriptor, ...]:
    """Return the descriptors in a list; Go writes `null` for one that it left empty."""
    if values is None:
        return ()
    if not isinstance(values, list):
        raise _invalid(manifest, "has something else where a list of descriptors should be")
    return tuple(_descriptor(manifest, value) for value in values)


def _descriptor(manifest: Manifest, value: object) -> Descriptor:
    entry: Mapping[str, object] = value if isinstance(value, dict) else {}
    media_type, digest, size = entry.get("mediaType"), entry.get("digest"), entry.get("size")
    if not isinstance(media_type, str) or not isinstance(digest, str) or type(size) is not int or size < 0:
        raise _invalid(manifest, "has a descriptor without mediaType, digest or size")
    try:
        return Descriptor(media_type, Digest.parse(digest), size)
    except InvalidDigest as error:
        raise _invalid(manifest, f"has a descriptor whose digest is {digest[:80]!r}") from error


def _invalid(manifest: Manifest, what: str) -> ManifestInvalid:
    return ManifestInvalid(
        f"manifest {manifest.digest} {what}", hint="build and push the image again, with an OCI or Docker v2 manifest"
    )

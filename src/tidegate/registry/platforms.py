"""One platform of an image. Follows OCI image-spec `image-index.md`, property `platform`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tidegate.errors.image import PlatformMissing
from tidegate.model.digest import Digest
from tidegate.model.manifest import Manifest, json_object
from tidegate.registry.places import ImagePlace


def platform_digest(image: ImagePlace, platform: str) -> Digest:
    """Return the digest of the manifest for `platform` in the index at `image`.

    Args:
        image: an index.
        platform: `os/architecture[/variant]`; without a variant, the first one of the architecture.

    Raises:
        PlatformMissing: the image is no index, or has no such platform.
    """
    index = image.home.registry.manifest(image.home.repository, str(image.reference))
    known = dict(platforms(index))
    for name, digest in known.items():
        if name == platform or name.startswith(f"{platform}/"):
            return digest
    has = f"it has {', '.join(known)}" if known else "it is made for one platform only: leave --platform out"
    raise PlatformMissing(f"there is no {platform}", where=str(image), hint=has)


def platforms(index: Manifest) -> Iterator[tuple[str, Digest]]:
    """Yield `os/architecture[/variant]` and digest of each manifest that an index lists; attestations are no image."""
    document = json_object(index.data) or {}
    entries = document.get("manifests") if index.is_index else None
    listed = index.contents().manifests
    for entry, descriptor in zip(entries if isinstance(entries, list) else [], listed, strict=True):
        name = platform_of(entry.get("platform") if isinstance(entry, Mapping) else None)
        if name is not None:
            yield name, descriptor.digest


def platform_of(platform: object) -> str | None:
    """Return what an index or an image's config says of a platform, or None: it says none, or is of an attestation."""
    if not isinstance(platform, Mapping):
        return None
    parts = [platform.get(key) for key in ("os", "architecture", "variant")]
    name = "/".join(part for part in parts if isinstance(part, str) and part)
    return name if name and name != "unknown/unknown" else None

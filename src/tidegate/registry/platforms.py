"""One platform of an image. Follows OCI image-spec `image-index.md`, property `platform`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tidegate.errors.image import PlatformMissing
from tidegate.model.digest import Digest
from tidegate.model.manifest import EMPTY, Descriptor, Manifest, json_object
from tidegate.registry.places import ImagePlace
from tidegate.registry.tree import Home, read_tree

_LARGEST_CONFIG: Final = 4 * 1024 * 1024
_SAME: Final[Mapping[str, str]] = {"arm": "arm/v7", "arm64/v8": "arm64", "amd64/v1": "amd64"}
"""Two ways to say one thing (github.com/containerd/platforms, `database.go`, normalizeArch)."""


@dataclass(frozen=True, slots=True)
class Part:
    """What an image has for one platform.

    Args:
        platform: `os/architecture[/variant]`, as the image says it.
        digest: the digest of that manifest.
        whole: the digest of the image; the same when it is for that platform alone.
    """

    platform: str
    digest: Digest
    whole: Digest


def find_part(image: ImagePlace, platform: str) -> Part:
    """Return the manifest for `platform` at `image`: in its index, in one below, or its own.

    Args:
        image: an index, or an image of one platform.
        platform: `os/architecture[/variant]`; without a variant, the only one of the architecture.

    Raises:
        PlatformMissing: the image is for no such platform, or has several that would do.
    """
    root = image.home.registry.manifest(image.home.repository, str(image.reference))
    offered = tuple(_offered(image.home, root))
    exact = [(name, digest) for name, digest in offered if _normal(name) == _normal(platform)]
    fitting = exact or [(name, digest) for name, digest in offered if name.startswith(f"{platform}/")]
    if len({digest for _, digest in fitting}) == 1:
        return Part(*fitting[0], root.digest)
    if fitting:
        which = ", ".join(f"{name} {digest}" for name, digest in fitting)
        hint = f"name one by its variant, or by its digest as IMAGE@DIGEST: {which}"
        raise PlatformMissing(f"several are for {platform}", where=str(image), hint=hint)
    names = ", ".join(dict.fromkeys(name for name, _ in offered))
    if names:
        what = f"there is no {platform or '(empty)'} among {names}"
        raise PlatformMissing(what, where=str(image), hint="name one of those with --platform")
    hint = "it does not say for which platforms it is: leave --platform out"
    raise PlatformMissing(f"there is no {platform or '(empty)'}", where=str(image), hint=hint)


def platform_in(home: Home, index: Manifest, digest: Digest) -> str | None:
    """Return for which platform the manifest with `digest` is in `index`; None when it is not there, or not said."""
    return next((name for name, each in _offered(home, index) if each == digest), None)


def platforms(index: Manifest) -> Iterator[tuple[str, Digest]]:
    """Yield `os/architecture[/variant]` and digest of each manifest that an index lists; attestations are no image."""
    for name, digest in _listed(index):
        if name:
            yield name, digest


def platform_of(platform: object) -> str | None:
    """Return what an index or an image's config says of a platform, or None: it says none, or is of an attestation."""
    return _name(platform) or None


def read_config(home: Home, blobs: Sequence[Descriptor]) -> Mapping[str, object]:
    """Return the config of an image, the first of its `blobs`; nothing when it is of another kind, or too large."""
    config = next(iter(blobs), EMPTY)
    if not config.media_type.endswith((".image.config.v1+json", "container.image.v1+json")):
        return {}
    if config.size > _LARGEST_CONFIG:
        return {}
    with home.registry.read_blob(home.repository, config.digest) as pieces:
        return json_object(b"".join(pieces)) or {}


def _offered(home: Home, root: Manifest) -> Iterator[tuple[str, Digest]]:
    """Yield platform and manifest; what an index does not say is read in what it lists."""
    if root.is_index and all(name is not None for name, _ in _listed(root)):
        yield from platforms(root)
        return
    tree = {manifest.digest: manifest for manifest in read_tree(home, root.digest).manifests}

    def below(manifest: Manifest) -> Iterator[tuple[str, Digest]]:
        if not manifest.is_index:
            name = platform_of(read_config(home, manifest.contents().blobs))
            if name:
                yield name, manifest.digest
        for said, digest in _listed(manifest):
            if said:
                yield said, digest
            elif said is None:
                yield from below(tree[digest])

    yield from below(root)


def _listed(index: Manifest) -> Iterator[tuple[str | None, Digest]]:
    """Yield what an index says of each manifest that it lists; see `_name`. Nothing for what is no index."""
    listed = {manifest.digest for manifest in index.contents().manifests}
    document = json_object(index.data) or {}
    entries = document.get("manifests")
    for entry in entries if isinstance(entries, list) else ():
        digest = Digest.parse(entry["digest"])
        if digest in listed:
            yield _name(entry.get("platform")), digest


def _name(platform: object) -> str | None:
    """Return `os/architecture[/variant]`; "" for an attestation, None when nothing is said."""
    if not isinstance(platform, Mapping):
        return None
    parts = [platform.get(key) for key in ("os", "architecture", "variant")]
    name = "/".join(part for part in parts if isinstance(part, str) and part)
    return "" if name == "unknown/unknown" else name or None


def _normal(platform: str) -> str:
    system, _, rest = platform.partition("/")
    return f"{system}/{_SAME.get(rest, rest)}"

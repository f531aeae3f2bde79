"""Real, valid OCI images from a seed: the same arguments make the same bytes.

Follows OCI image-spec `config.md`, `layer.md`, `manifest.md` and `image-index.md`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tidegate.model.digest import Digest
from tidegate.model.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, Manifest
from tidegate.ports.registry import Registry

CONFIG_TYPE: Final = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY_TYPE: Final = "application/vnd.oci.empty.v1+json"
SBOM_TYPE: Final = "application/spdx+json"
_PIECE: Final = 1024 * 1024
"""Bytes of random content made at once: Python can't make more than 256 MiB."""
_CREATED: Final = "2024-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image that exists nowhere yet.

    Args:
        root: its manifest, or its index.
        children: the manifests that the index lists.
        blobs: configs and layers, in the order of the manifests; each once.
    """

    root: Manifest
    children: tuple[Manifest, ...]
    blobs: Mapping[Descriptor, bytes]

    @property
    def digest(self) -> Digest:
        """The image's digest."""
        return self.root.digest

    def push(self, registry: Registry, repository: str, tag: str) -> Digest:
        """Write the image to `registry` and return its digest; the tag comes last. It moves when it is there.

        `tag` may be the text of the image's digest, for an image without a tag.
        """
        for blob, data in self.blobs.items():
            if not registry.has_blob(repository, blob):
                registry.write_blob(repository, blob, iter((data,)))
        for child in self.children:
            registry.put_manifest(repository, str(child.digest), child)
        registry.put_manifest(repository, tag, self.root)
        return self.digest


def build_image(
    seed: str,
    *,
    files: Mapping[str, bytes] | None = None,
    labels: Mapping[str, str] | None = None,
    layers: int = 2,
    layer_bytes: int = 1024,
    platform: str = "linux/amd64",
) -> BuiltImage:
    """Return an image of one platform.

    Args:
        seed: decides the random content; another seed makes another image.
        files: path → content, in a first layer of their own; none means no such layer.
        labels: the config's labels, e.g. `org.opencontainers.image.version`.
        layers: layers of random content besides.
        layer_bytes: how large the file in each of them is; it does not compress.
        platform: `os/architecture`.
    """
    trees = [files] if files else []
    trees += [_random_tree(f"{seed}/{number}", number, layer_bytes) for number in range(layers)]
    tars = [_tar(tree) for tree in trees]
    packed = [gzip.compress(tar, mtime=0) for tar in tars]
    config = _json(
        {
            "created": _CREATED,
            "architecture": platform.partition("/")[2],
            "os": platform.partition("/")[0],
            "config": {"Cmd": ["/app"], "Labels": dict(labels or {})},
            "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(tar)) for tar in tars]},
            "history": [{"created": _CREATED, "created_by": "tidegate.testing"} for _ in tars],
        }
    )
    blobs = {_blob(CONFIG_TYPE, config): config, **{_blob(LAYER_TYPE, data): data for data in packed}}
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _entry(_blob(CONFIG_TYPE, config)),
        "layers": [_entry(_blob(LAYER_TYPE, data)) for data in packed],
    }
    return BuiltImage(Manifest(OCI_MANIFEST, _json(document)), (), blobs)


def build_index(
    seed: str,
    *,
    files: Mapping[str, bytes] | None = None,
    labels: Mapping[str, str] | None = None,
    layers: int = 2,
    layer_bytes: int = 1024,
    platforms: Sequence[str] = ("linux/amd64", "linux/arm64"),
) -> BuiltImage:
    """Return an index of one image for each of `platforms`; the other arguments are those of `build_image`."""
    images = {
        platform: build_image(
            f"{seed}/{platform}", files=files, labels=labels, layers=layers, layer_bytes=layer_bytes, platform=platform
        )
        for platform in platforms
    }
    return index_of(images)


def index_of(images: Mapping[str, BuiltImage]) -> BuiltImage:
    """Return the index of `images`, by platform; they may be indexes themselves."""
    entries = []
    for platform, image in images.items():
        system, _, architecture = platform.partition("/")
        entries.append({**_entry(image.root.descriptor), "platform": {"os": system, "architecture": architecture}})
    root = Manifest(OCI_INDEX, _json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}))
    children = tuple(manifest for image in images.values() for manifest in (*image.children, image.root))
    blobs = {blob: data for image in images.values() for blob, data in image.blobs.items()}
    return BuiltImage(root, children, blobs)


def build_referrer(
    subject: Descriptor, content: str, *, artifact_type: str = SBOM_TYPE, annotations: Mapping[str, str] | None = None
) -> BuiltImage:
    """Return an artifact that is attached to `subject`, as `oras attach` makes it.

    Args:
        subject: the manifest that it tells something of.
        content: what its only layer holds.
        artifact_type: what kind of thing it is.
        annotations: its annotations.
    """
    empty, data = b"{}", content.encode()
    config, layer = _blob(EMPTY_TYPE, empty), _blob(artifact_type, data)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": _entry(config),
        "layers": [_entry(layer)],
        "subject": _entry(subject),
        **({"annotations": dict(annotations)} if annotations else {}),
    }
    return BuiltImage(Manifest(OCI_MANIFEST, _json(document)), (), {config: empty, layer: data})


def _random_tree(seed: str, number: int, size: int) -> Mapping[str, bytes]:
    source = random.Random(hashlib.sha256(seed.encode()).digest())  # noqa: S311 - content, not a secret
    pieces = (source.randbytes(min(_PIECE, size - at)) for at in range(0, size, _PIECE))
    return {f"data/{number}.bin": b"".join(pieces)}


def _tar(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def _blob(media_type: str, data: bytes) -> Descriptor:
    return Descriptor(media_type, Digest.of(data), len(data))


def _entry(blob: Descriptor) -> dict[str, object]:
    return {"mediaType": blob.media_type, "digest": str(blob.digest), "size": blob.size}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()

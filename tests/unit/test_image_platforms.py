"""Which manifest is meant by a platform: in an index, in one below, where nothing is said, where several would do."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tidegate.errors.image import PlatformMissing
from tidegate.model.digest import Digest
from tidegate.model.manifest import FOREIGN_LAYER_TYPES, OCI_INDEX, OCI_MANIFEST, Manifest
from tidegate.registry.places import ImagePlace
from tidegate.registry.platforms import find_part
from tidegate.registry.tree import Home
from tidegate.testing.images import BuiltImage, build_image
from tidegate.testing.registry import FakeRegistry

REPOSITORY = "inventory"


def _image(architecture: str) -> BuiltImage:
    return build_image(architecture, layers=1, platform=f"linux/{architecture}")


def _index(*listed: tuple[Manifest, Mapping[str, object] | None]) -> Manifest:
    entries = [
        {
            "mediaType": manifest.media_type,
            "digest": str(manifest.digest),
            "size": len(manifest.data),
            **({} if platform is None else {"platform": platform}),
        }
        for manifest, platform in listed
    ]
    return Manifest(OCI_INDEX, json.dumps({"schemaVersion": 2, "manifests": entries}).encode())


def _linux(architecture: str, variant: str | None = None, **more: str) -> Mapping[str, object]:
    return {"os": "linux", "architecture": architecture, **({"variant": variant} if variant else {}), **more}


AMD64, ARM64, V6, V7, ATTESTED = (_image(name) for name in ("amd64", "arm64", "arm6", "arm7", "attested"))
USUAL = _index(
    (AMD64.root, _linux("amd64")),
    (V6.root, _linux("arm", "v6")),
    (V7.root, _linux("arm", "v7")),
    (ARM64.root, _linux("arm64", "v8")),
    (ATTESTED.root, {"os": "unknown", "architecture": "unknown"}),
)
NESTED = _index((USUAL, None), (_image("s390x").root, _linux("s390x")))
FOREIGN = Manifest(
    OCI_MANIFEST,
    json.dumps(
        {
            "schemaVersion": 2,
            "config": {"mediaType": FOREIGN_LAYER_TYPES[0], "digest": str(Digest.of(b"c")), "size": 1},
            "layers": [],
        }
    ).encode(),
)
SILENT = _index((AMD64.root, None), (ARM64.root, None))


def _found(root: Manifest, platform: str) -> Digest:
    registry = FakeRegistry()
    for image in (AMD64, ARM64, V6, V7, ATTESTED, _image("s390x")):
        image.push(registry, REPOSITORY, str(image.digest))
    for manifest in (USUAL, root):
        registry.put_manifest(REPOSITORY, str(manifest.digest), manifest)
    return find_part(ImagePlace(Home(registry, "r.example", REPOSITORY), None, root.digest), platform).digest


@pytest.mark.parametrize(
    ("root", "platform", "image"),
    [
        (USUAL, "linux/amd64", AMD64),
        (USUAL, "linux/amd64/v1", AMD64),
        (USUAL, "linux/arm/v6", V6),
        (USUAL, "linux/arm/v7", V7),
        (USUAL, "linux/arm", V7),
        (USUAL, "linux/arm64", ARM64),
        (USUAL, "linux/arm64/v8", ARM64),
        (_index((V6.root, _linux("arm", "v6"))), "linux/arm", V6),
        (NESTED, "linux/amd64", AMD64),
        (NESTED, "linux/s390x", _image("s390x")),
        (SILENT, "linux/arm64", ARM64),
        (AMD64.root, "linux/amd64", AMD64),
    ],
)
def test_a_platform_is_found(root: Manifest, platform: str, image: BuiltImage) -> None:
    assert _found(root, platform) == image.digest


@pytest.mark.parametrize(
    ("root", "platform", "told"),
    [
        (USUAL, "linux/mips", "among linux/amd64, linux/arm/v6, linux/arm/v7, linux/arm64/v8"),
        (USUAL, "linux/arm64/v9", "among"),
        (USUAL, "unknown/unknown", "among"),
        (USUAL, "linux", "by its digest"),
        (USUAL, "", "among"),
        (AMD64.root, "linux/arm64", "there is no linux/arm64 among linux/amd64"),
        (_index(), "linux/amd64", "does not say for which platforms"),
        (FOREIGN, "linux/amd64", "does not say for which platforms"),
        (
            _index((V6.root, _linux("amd64", "v2")), (V7.root, _linux("amd64", "v3"))),
            "linux/amd64",
            f"linux/amd64/v2 {V6.digest}, linux/amd64/v3 {V7.digest}",
        ),
        (
            _index((V6.root, _linux("amd64", **{"os.version": "1"})), (V7.root, _linux("amd64"))),
            "linux/amd64",
            "by its digest as IMAGE@DIGEST",
        ),
    ],
)
def test_a_platform_that_is_not_there_or_not_the_only_one_is_an_error(root: Manifest, platform: str, told: str) -> None:
    with pytest.raises(PlatformMissing) as caught:
        _found(root, platform)
    assert told in f"{caught.value.what}; {caught.value.hint}"

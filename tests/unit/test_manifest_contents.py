"""What a manifest refers to; what is no manifest."""

from __future__ import annotations

import json

import pytest

from tidegate.errors.registry import ManifestInvalid
from tidegate.model.digest import Digest
from tidegate.model.manifest import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    FOREIGN_LAYER_TYPES,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    media_type_of,
)

DIGEST = str(Digest.of(b"x"))
CONFIG = {"mediaType": "application/c", "digest": DIGEST, "size": 1}
LAYER = {"mediaType": "application/l", "digest": str(Digest.of(b"y")), "size": 2, "urls": ["https://x"]}


def _manifest(document: object, media_type: str = OCI_MANIFEST) -> Manifest:
    return Manifest(media_type, document if isinstance(document, bytes) else json.dumps(document).encode())


def test_config_and_layers_are_blobs_and_foreign_layers_are_not() -> None:
    foreign = [{**LAYER, "mediaType": f"{kind}.gzip"} for kind in FOREIGN_LAYER_TYPES]
    contents = _manifest({"config": CONFIG, "layers": [LAYER, *foreign]}).contents()
    assert contents.blobs == (
        Descriptor("application/c", Digest.parse(DIGEST), 1),
        Descriptor("application/l", Digest.of(b"y"), 2),
    )
    assert [layer.media_type for layer in contents.foreign] == [entry["mediaType"] for entry in foreign]
    assert contents.manifests == ()


@pytest.mark.parametrize("kind", [OCI_INDEX, DOCKER_INDEX])
def test_an_index_lists_manifests(kind: str) -> None:
    old = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    for listed in (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX, old):
        contents = _manifest({"mediaType": kind, "manifests": [{**CONFIG, "mediaType": listed}]}, kind).contents()
        assert contents.manifests == (Descriptor(listed, Digest.parse(DIGEST), 1),)
        assert contents.blobs == ()


def test_an_index_may_list_blobs_as_buildkits_cache_does() -> None:
    image = {**LAYER, "mediaType": OCI_MANIFEST}
    contents = _manifest({"mediaType": OCI_INDEX, "manifests": [CONFIG, image]}, OCI_INDEX).contents()
    assert contents.blobs == (Descriptor("application/c", Digest.parse(DIGEST), 1),)
    assert contents.manifests == (Descriptor(OCI_MANIFEST, Digest.of(b"y"), 2),)


def test_a_list_that_go_left_empty_is_null() -> None:
    assert len(_manifest({"config": CONFIG, "layers": None}).contents().blobs) == 1
    assert not _manifest({"manifests": None}, OCI_INDEX).contents().manifests


@pytest.mark.parametrize(
    ("document", "media_type"),
    [
        (b"{", OCI_MANIFEST),
        (b"[]", OCI_MANIFEST),
        (b"[" * 200_000, OCI_MANIFEST),
        (b" " * (4 * 1024 * 1024) + b"{}", OCI_INDEX),
        ({"config": CONFIG}, "application/vnd.docker.distribution.manifest.v1+prettyjws"),
        ({"config": CONFIG, "mediaType": OCI_INDEX}, OCI_MANIFEST),
        ({"config": CONFIG, "manifests": []}, OCI_MANIFEST),
        ({"layers": [], "manifests": []}, OCI_INDEX),
        ({"layers": []}, OCI_MANIFEST),
        ({"config": CONFIG, "layers": {}}, OCI_MANIFEST),
        ({"config": {**CONFIG, "size": -1}}, OCI_MANIFEST),
        ({"config": {**CONFIG, "size": True}}, OCI_MANIFEST),
        ({"config": {**CONFIG, "digest": "sha256:../../etc"}}, OCI_MANIFEST),
        ({"config": CONFIG, "layers": ["x"]}, OCI_MANIFEST),
    ],
)
def test_what_is_refused(document: object, media_type: str) -> None:
    with pytest.raises(ManifestInvalid) as caught:
        _manifest(document, media_type).contents()
    assert caught.value.hint


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST}, DOCKER_MANIFEST),
        ({"schemaVersion": 2, "config": CONFIG}, OCI_MANIFEST),
        ({"schemaVersion": 2, "manifests": []}, OCI_INDEX),
        ({"schemaVersion": 2, "mediaType": "application/x"}, None),
        ({"schemaVersion": 1, "mediaType": OCI_INDEX}, None),
        ({"architecture": "amd64", "config": {}}, None),
        (b"not JSON", None),
    ],
)
def test_what_bytes_alone_tell(document: object, expected: str | None) -> None:
    assert media_type_of(_manifest(document).data) == expected

"""What an image consists of: platforms, labels, and what is attested of it. Bytes as BuildKit and cosign write them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tidegate.model.digest import Digest
from tidegate.model.image_node import ImageNode
from tidegate.model.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, Manifest
from tidegate.model.referrers import cosign_tags
from tidegate.registry.inspect import inspect_image
from tidegate.registry.places import ImagePlace
from tidegate.registry.tree import Home
from tidegate.testing.images import CONFIG_TYPE, build_image, build_index
from tidegate.testing.registry import FakeRegistry

REPOSITORY = "inventory"
PROVENANCE = "https://slsa.dev/provenance/v1"


def put_json(registry: FakeRegistry, document: Mapping[str, object], media_type: str) -> Descriptor:
    data = json.dumps(document).encode()
    blob = Descriptor(media_type, Digest.of(data), len(data))
    registry.write_blob(REPOSITORY, blob, iter((data,)))
    return blob


def entry(part: Descriptor, **more: object) -> dict[str, object]:
    return {"mediaType": part.media_type, "digest": str(part.digest), "size": part.size, **more}


def put_manifest(registry: FakeRegistry, document: Mapping[str, object], media_type: str = OCI_MANIFEST) -> Manifest:
    manifest = Manifest(media_type, json.dumps({"schemaVersion": 2, "mediaType": media_type, **document}).encode())
    registry.put_manifest(REPOSITORY, str(manifest.digest), manifest)
    return manifest


def inspected(registry: FakeRegistry, digest: Digest) -> ImageNode:
    return inspect_image(ImagePlace(Home(registry, "r.example", REPOSITORY), None, digest))


def test_an_image_of_one_platform_tells_it_in_its_config() -> None:
    registry = FakeRegistry()
    image = build_image("a", platform="linux/arm64", labels={"a": "b"})
    found = inspected(registry, image.push(registry, REPOSITORY, "1"))
    assert (found.platform, found.labels, found.predicates) == ("linux/arm64", {"a": "b"}, ())


def test_an_attestation_in_an_index_names_its_predicate_and_is_no_platform() -> None:
    registry = FakeRegistry()
    image = build_image("a")
    image.push(registry, REPOSITORY, "1")
    config = put_json(registry, {"architecture": "unknown", "os": "unknown", "config": {}}, CONFIG_TYPE)
    statement = put_json(registry, {"_type": "https://in-toto.io/Statement/v0.1"}, "application/vnd.in-toto+json")
    layer = entry(statement, annotations={"in-toto.io/predicate-type": PROVENANCE})
    attested = put_manifest(registry, {"config": entry(config), "layers": [layer]})
    nowhere = {"platform": {"architecture": "unknown", "os": "unknown"}}
    manifests = [
        entry(image.root.descriptor, platform={"architecture": "amd64", "os": "linux"}),
        entry(attested.descriptor, **nowhere),
    ]
    root = put_manifest(registry, {"manifests": manifests}, OCI_INDEX)
    found = inspected(registry, root.digest)
    assert [(each.platform, each.predicates) for each in found.children] == [("linux/amd64", ()), (None, (PROVENANCE,))]


def test_a_sigstore_bundle_names_its_predicate() -> None:
    registry = FakeRegistry(lists_referrers=True)
    image = build_image("a")
    image.push(registry, REPOSITORY, "1")
    empty = put_json(registry, {}, "application/vnd.oci.empty.v1+json")
    bundle = put_manifest(
        registry,
        {
            "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "config": entry(empty),
            "layers": [entry(empty)],
            "subject": entry(image.root.descriptor),
            "annotations": {"dev.sigstore.bundle.predicateType": PROVENANCE, "dev.sigstore.bundle.content": 1},
        },
    )
    (attached,) = inspected(registry, image.digest).referrers
    assert (attached.manifest.digest, attached.predicates) == (bundle.digest, (PROVENANCE,))


def test_what_is_attached_to_itself_by_a_tag_is_shown_once() -> None:
    registry = FakeRegistry()
    image = build_index("a")
    digest = image.push(registry, REPOSITORY, "1")
    for child in image.children:
        registry.put_manifest(REPOSITORY, cosign_tags(child.digest)[1], image.root)
    registry.put_manifest(REPOSITORY, cosign_tags(digest)[0], image.root)
    found = inspected(registry, digest)
    (itself,) = found.referrers
    assert (itself.manifest, itself.children, itself.referrers) == (found.manifest, (), ())
    assert [[each.manifest.digest for each in child.referrers] for child in found.children] == [[digest], [digest]]


def test_indexes_that_list_one_another_twice_unfold_once() -> None:
    registry = FakeRegistry()
    image = build_image("a")
    image.push(registry, REPOSITORY, "1")
    root = image.root
    for _ in range(15):
        root = put_manifest(registry, {"manifests": [entry(root.descriptor)] * 500}, OCI_INDEX)
    assert inspected(registry, root.digest).size < 2 * 1024 * 1024


def test_an_index_that_lists_blobs_has_them_and_no_config() -> None:
    registry = FakeRegistry()
    cache = put_json(registry, {"architecture": "amd64", "os": "linux"}, CONFIG_TYPE)
    found = inspected(registry, put_manifest(registry, {"manifests": [entry(cache)]}, OCI_INDEX).digest)
    assert (found.is_index, found.blobs, found.children, found.platform) == (True, (cache,), (), None)

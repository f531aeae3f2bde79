"""What every registry keeps to: docker-registry over HTTP, image-layout folders, the fake, and it as a run sees it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from support.docker_registry import PASSWORD, USERNAME, DockerRegistry
from tidegate.errors.registry import BlobMissing, DeletionUnsupported, DigestMismatch, ManifestMissing
from tidegate.model.digest import Digest
from tidegate.model.manifest import DOCKER_MANIFEST, Descriptor, Manifest
from tidegate.model.registry_account import RegistryAccount
from tidegate.ports.registry import Registry
from tidegate.registry.images import RegistryImages
from tidegate.registry.read_once import ReadOnce
from tidegate.testing.images import build_image, build_index, build_referrer
from tidegate.testing.registry import FakeRegistry

NOWHERE = Digest.of(b"nobody has this")
HOST = "registry.example.com"


KINDS = ("docker-registry", "image layout", "fake", "fake that knows more", "fake that is read once")


@pytest.fixture(scope="module", params=KINDS)
def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("registry")
    if request.param.startswith("fake"):
        more = request.param != "fake"
        fake = FakeRegistry(lists_referrers=more, largest_whole=1024 if more else -1)
        yield ReadOnce(fake, frozenset()) if request.param.endswith("once") else fake
    elif request.param == "image layout":
        with _images(f"oci-layout:{folder}", folder) as images:
            yield images.registry(HOST)
    else:
        with DockerRegistry(folder, auth=True) as process, _images(process.url, folder) as images:
            yield images.registry(HOST)


def _images(endpoint: str, home: Path) -> RegistryImages:
    environment = {"TIDEGATE_REGISTRY_TEST_USERNAME": USERNAME, "TIDEGATE_REGISTRY_TEST_PASSWORD": PASSWORD}
    return RegistryImages({HOST: RegistryAccount("test", HOST, endpoint)}, environment=environment, home=home)


@pytest.fixture
def repository() -> str:
    return f"team/inventory-{uuid.uuid4().hex[:12]}"


def _blob(data: bytes) -> Descriptor:
    return Descriptor("application/octet-stream", Digest.of(data), len(data))


def _read(registry: Registry, repository: str, digest: Digest) -> bytes:
    with registry.read_blob(repository, digest) as pieces:
        return b"".join(pieces)


def test_what_is_not_there_is_none_or_an_error(registry: Registry, repository: str) -> None:
    for name in (repository, f"{repository}/deeper"):
        assert registry.resolve(name, "1.0.0") is None
        assert registry.resolve(name, str(NOWHERE)) is None
        assert not registry.has_blob(name, Descriptor("", NOWHERE, 1))
        assert list(registry.tags(name)) == []
        with pytest.raises(ManifestMissing):
            registry.manifest(name, "1.0.0")
        with pytest.raises(ManifestMissing):
            registry.manifest(name, str(NOWHERE))
        with pytest.raises(BlobMissing):
            _read(registry, name, NOWHERE)


def test_to_expect_writes_is_to_write_nothing(registry: Registry, repository: str) -> None:
    registry.expect_writes(repository)
    assert registry.resolve(repository, "1.0.0") is None
    assert list(registry.tags(repository)) == []
    image = build_image("inventory")
    image.push(registry, repository, "1.0.0")
    registry.expect_writes(repository)
    assert registry.resolve(repository, "1.0.0") == image.root.descriptor
    assert list(registry.tags(repository)) == ["1.0.0"]


def test_an_image_comes_back_byte_for_byte(registry: Registry, repository: str) -> None:
    image = build_image("inventory", files={"etc/motd": b"hello"}, labels={"version": "1.0.0"})
    assert image.push(registry, repository, "1.0.0") == image.digest
    for reference in ("1.0.0", str(image.digest)):
        assert registry.resolve(repository, reference) == image.root.descriptor
        assert registry.manifest(repository, reference) == image.root
    for blob, data in image.blobs.items():
        assert registry.has_blob(repository, blob)
        assert _read(registry, repository, blob.digest) == data


def test_an_index_and_each_platform_come_back(registry: Registry, repository: str) -> None:
    image = build_index("inventory")
    image.push(registry, repository, "1.0.0")
    assert registry.manifest(repository, "1.0.0") == image.root
    for child in image.children:
        assert registry.resolve(repository, str(child.digest)) == child.descriptor
        assert registry.manifest(repository, str(child.digest)) == child


def test_docker_manifests_keep_their_media_type(registry: Registry, repository: str) -> None:
    image = build_image("docker")
    data = image.root.data.replace(image.root.media_type.encode(), DOCKER_MANIFEST.encode())
    image.push(registry, repository, "oci")
    registry.put_manifest(repository, "docker", Manifest(DOCKER_MANIFEST, data))
    found = registry.resolve(repository, "docker")
    assert found is not None
    assert found.media_type == DOCKER_MANIFEST
    assert registry.manifest(repository, str(found.digest)) == Manifest(DOCKER_MANIFEST, data)


def test_a_tag_moves_when_it_is_put_again(registry: Registry, repository: str) -> None:
    build_image("one").push(registry, repository, "latest")
    two = build_image("two").push(registry, repository, "latest")
    found = registry.resolve(repository, "latest")
    assert found is not None
    assert found.digest == two
    assert list(registry.tags(repository)) == ["latest"]


def test_all_tags_are_listed(registry: Registry, repository: str) -> None:
    image = build_image("inventory")
    names = {f"1.0.{number}" for number in range(12)}
    for name in names:
        image.push(registry, repository, name)
    assert sorted(registry.tags(repository)) == sorted(names)


def test_a_manifest_without_its_blobs_is_refused(registry: Registry, repository: str) -> None:
    index = build_index("inventory")
    for manifest in (index.children[0], index.root):
        with pytest.raises(BlobMissing):
            registry.put_manifest(repository, "1.0.0", manifest)
    assert registry.resolve(repository, "1.0.0") is None


def test_a_manifest_under_another_digest_is_refused(registry: Registry, repository: str) -> None:
    image = build_image("inventory")
    image.push(registry, repository, "1.0.0")
    with pytest.raises(DigestMismatch):
        registry.put_manifest(repository, str(NOWHERE), image.root)
    assert registry.resolve(repository, str(NOWHERE)) is None


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 900_001])
def test_blobs_of_any_size_stream_in_bounded_pieces(registry: Registry, repository: str, size: int) -> None:
    data = (b"%07d\n" % size) * (size // 8 + 1)
    data = data[:size]
    parts = [data[at : at + 100_000] for at in range(0, size, 100_000)]
    registry.write_blob(repository, _blob(data), iter(parts))
    with registry.read_blob(repository, Digest.of(data)) as pieces:
        assert b"".join(pieces) == data


@pytest.mark.parametrize("sent", [b"the right lengtH", b"shorter", b"longer than the descriptor says", b""])
def test_other_bytes_than_described_are_not_stored(registry: Registry, repository: str, sent: bytes) -> None:
    blob = _blob(b"the right length")
    with pytest.raises(DigestMismatch):
        registry.write_blob(repository, blob, iter((sent[:4], sent[4:]) if sent else ()))
    assert not registry.has_blob(repository, blob)


def test_a_source_that_breaks_leaves_nothing(registry: Registry, repository: str) -> None:
    blob = _blob(b"half and half")

    def breaks() -> Iterator[bytes]:
        yield b"half and "
        raise BlobMissing("the source is gone")

    with pytest.raises(BlobMissing, match="the source is gone"):
        registry.write_blob(repository, blob, breaks())
    assert not registry.has_blob(repository, blob)
    registry.write_blob(repository, blob, iter((b"half and half",)))
    assert registry.has_blob(repository, blob)


def test_a_small_blob_goes_by_one_request_or_as_ever(registry: Registry, repository: str) -> None:
    data = repository.encode()
    blob = _blob(data)
    if not registry.write_whole(repository, blob, data):
        registry.write_blob(repository, blob, iter((data,)))
    assert _read(registry, repository, blob.digest) == data


def test_a_blob_is_mounted_from_another_repository(registry: Registry, repository: str) -> None:
    blob = _blob(repository.encode())
    registry.write_blob(repository, blob, iter((repository.encode(),)))
    assert registry.mount_blob(f"{repository}-copy", blob, repository)
    assert _read(registry, f"{repository}-copy", blob.digest) == repository.encode()


def test_a_mount_from_itself_tells_whether_the_blob_is_there(registry: Registry, repository: str) -> None:
    blob = _blob(repository.encode())
    assert not registry.mount_blob(repository, blob, repository)
    registry.write_blob(repository, blob, iter((repository.encode(),)))
    assert registry.mount_blob(repository, blob, repository)


def test_a_blob_of_another_length_is_not_the_one(registry: Registry, repository: str) -> None:
    blob = _blob(repository.encode())
    registry.write_blob(repository, blob, iter((repository.encode(),)))
    assert registry.has_blob(repository, blob)
    assert not registry.has_blob(repository, replace(blob, size=blob.size + 1))


def test_who_does_not_list_referrers_says_so(registry: Registry, repository: str) -> None:
    image = build_image("inventory")
    image.push(registry, repository, "1.0.0")
    sbom = build_referrer(image.root.descriptor, repository)
    sbom.push(registry, repository, str(sbom.digest))
    assert registry.manifest(repository, str(sbom.digest)) == sbom.root
    listed = registry.referrers(repository, image.digest)
    assert listed is None or listed.digests == (sbom.digest,)
    other = registry.referrers(repository, NOWHERE)
    assert other is None or other.digests == ()
    assert (listed is None) == (other is None)


def test_a_manifest_is_deleted_with_its_tags_and_the_others_stay(registry: Registry, repository: str) -> None:
    one, two = build_image("one"), build_image("two")
    for tag in ("1.0.0", "1.0"):
        one.push(registry, repository, tag)
    two.push(registry, repository, "2.0.0")
    for _ in range(2):
        registry.delete(repository, str(one.digest))
        assert registry.resolve(repository, "1.0.0") is None
        assert registry.resolve(repository, str(one.digest)) is None
        assert registry.manifest(repository, "2.0.0") == two.root
        assert [tag for tag in registry.tags(repository) if registry.resolve(repository, tag)] == ["2.0.0"]


def test_a_tag_is_deleted_alone_or_not_at_all(registry: Registry, repository: str) -> None:
    image = build_image("one")
    for tag in ("1.0.0", "1.0"):
        image.push(registry, repository, tag)
    try:
        registry.delete(repository, "1.0")
    except DeletionUnsupported:
        assert registry.resolve(repository, "1.0") is not None
    else:
        assert registry.resolve(repository, "1.0") is None
        registry.delete(repository, "1.0")
    assert registry.manifest(repository, "1.0.0") == image.root


def test_many_threads_push_at_once(registry: Registry, repository: str) -> None:
    images = {f"1.0.{number}": build_image(f"image {number % 3}") for number in range(9)}
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda tag: images[tag].push(registry, repository, tag), images):
            pass
    assert sorted(registry.tags(repository)) == sorted(images)
    for tag, image in images.items():
        assert registry.manifest(repository, tag) == image.root

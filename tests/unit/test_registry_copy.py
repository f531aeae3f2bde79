"""The copy, between fakes: what is written, in which order, at which cost."""

from __future__ import annotations

import itertools
import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tidegate.errors.model import InvalidImageRef
from tidegate.errors.registry import (
    BlobMissing,
    EndpointInvalid,
    HostNotConfigured,
    ManifestInvalid,
    ManifestMissing,
    RegistryFailed,
    TagExists,
)
from tidegate.http import Retry
from tidegate.model.digest import Digest
from tidegate.model.image import ImageRef
from tidegate.model.manifest import FOREIGN_LAYER_TYPES, OCI_INDEX, OCI_MANIFEST, Descriptor, Manifest
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.copy.copier import Copier
from tidegate.registry.endpoint import locate
from tidegate.registry.images import RegistryImages
from tidegate.registry.tree import Home
from tidegate.testing.images import BuiltImage, build_image, build_index, index_of
from tidegate.testing.registry import FakeRegistry

COPIER = Copier(Retry(attempts=3, sleep=lambda _seconds: None))
SLOW = Copier(Retry(), monotonic=itertools.count(0, 10).__next__)
"""Between any two looks at the clock ten seconds pass."""


class _Stubborn(FakeRegistry):
    """A fake whose first `failures` writes of a blob fail, after some pieces; `race` is tagged meanwhile."""

    def __init__(self, failures: int = 0, race: BuiltImage | None = None) -> None:
        super().__init__()
        self.failures = failures
        self.race = race

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        if self.race is not None:
            race, self.race = self.race, None
            race.push(self, repository, "1.0.0")
        if self.failures:
            self.failures -= 1
            next(pieces)
            raise RegistryFailed("sorry", where="the target")
        super().write_blob(repository, blob, pieces)


def _source(image: BuiltImage, repository: str = "inventory") -> Home:
    registry = FakeRegistry()
    image.push(registry, repository, "built")
    registry.calls.clear()
    return Home(registry, "dev", repository)


def _calls(home: Home) -> list[str]:
    assert isinstance(home.registry, FakeRegistry)
    return [call.split()[0] for call in home.registry.calls]


def _tag(home: Home, tag: str = "1.0.0") -> Digest | None:
    found = home.registry.resolve(home.repository, tag)
    return found.digest if found else None


def test_children_come_before_parents_and_the_tag_last() -> None:
    inner = build_index("inner")
    image = index_of({"linux/amd64": build_image("outer"), "linux/arm64": inner})
    source, target = _source(image), Home(FakeRegistry(), "prd", "inventory")
    report = COPIER.copy(source, image.digest, target, "1.0.0")
    assert (report.digest, report.blobs_sent, report.blobs_present, report.adopted) == (image.digest, 9, 0, False)
    assert report.bytes_sent == sum(blob.size for blob in image.blobs)
    assert _tag(target) == image.digest
    calls = _calls(target)
    written = [call for call in calls if call.startswith(("write", "put"))]
    assert written == ["write_blob"] * 9 + ["put_manifest"] * 5
    assert target.registry.calls[-2].startswith("put_manifest")  # type: ignore[attr-defined]
    assert target.registry.calls[-2].endswith("1.0.0")  # type: ignore[attr-defined]


def test_what_is_there_already_costs_one_question() -> None:
    image = build_index("inventory")
    target = Home(FakeRegistry(), "prd", "inventory")
    COPIER.copy(_source(image), image.digest, target, "1.0.0")
    target.registry.calls.clear()  # type: ignore[attr-defined]
    gone = Home(FakeRegistry(), "dev", "inventory")
    report = COPIER.copy(gone, image.digest, target, "1.0.0")
    assert report.adopted
    assert _calls(target) == ["resolve"]
    assert _calls(gone) == []


def test_a_tag_in_the_same_repository_needs_no_blob() -> None:
    image = build_index("inventory")
    source = _source(image)
    COPIER.copy(source, image.digest, source, "1.0.0-rc1")
    assert _calls(source) == ["resolve", "manifest", "put_manifest"]


def test_blobs_are_mounted_within_one_registry() -> None:
    image = build_image("inventory")
    source = _source(image)
    report = COPIER.copy(source, image.digest, replace(source, repository="copy"), "1.0.0")
    assert (report.blobs_sent, report.blobs_present) == (0, 3)
    assert "read_blob" not in _calls(source)


def test_blobs_that_are_there_are_not_read() -> None:
    large = build_image("large", layers=1, layer_bytes=1_200_000)
    source, target = _source(large), Home(FakeRegistry(), "prd", "inventory")
    large.push(target.registry, "inventory", "other-name")
    target.registry.calls.clear()  # type: ignore[attr-defined]
    report = COPIER.copy(source, large.digest, target, "1.0.0")
    assert (report.blobs_sent, report.blobs_present, report.bytes_sent) == (0, 2, 0)
    assert _calls(source) == ["manifest", "referrers", "tags"]
    assert sorted(_calls(target)) == ["has_blob", "mount_blob", "put_manifest", "resolve"]


def test_another_digest_under_the_tag_is_never_overwritten() -> None:
    old, new = build_image("old"), build_image("new")
    target = Home(FakeRegistry(), "prd.example.com", "inventory")
    old.push(target.registry, "inventory", "1.0.0")
    target.registry.calls.clear()  # type: ignore[attr-defined]
    with pytest.raises(TagExists, match=str(old.digest)) as caught:
        COPIER.copy(_source(new), new.digest, target, "1.0.0")
    assert caught.value.where == "prd.example.com/inventory:1.0.0"
    assert _calls(target) == ["resolve"]


def test_a_tag_that_appears_during_the_copy_is_not_overwritten() -> None:
    image, rival = build_image("inventory"), build_image("rival")
    target = Home(_Stubborn(race=rival), "prd", "inventory")
    with pytest.raises(TagExists):
        SLOW.copy(_source(image), image.digest, target, "1.0.0")
    assert _tag(target) == rival.digest


def test_another_process_may_have_been_as_far() -> None:
    image = build_image("inventory")
    target = Home(_Stubborn(race=image), "prd", "inventory")
    assert SLOW.copy(_source(image), image.digest, target, "1.0.0").digest == image.digest
    assert _calls(target).count("put_manifest") == 1  # the other's


@pytest.mark.parametrize(("failures", "succeeds"), [(2, True), (99, False)])
def test_a_blob_is_tried_again_from_its_start(failures: int, *, succeeds: bool) -> None:
    image = build_image("inventory", layers=1)
    target = Home(_Stubborn(failures), "prd", "inventory")
    if succeeds:
        COPIER.copy(_source(image), image.digest, target, "1.0.0")
        assert _tag(target) == image.digest
    else:
        with pytest.raises(RegistryFailed):
            COPIER.copy(_source(image), image.digest, target, "1.0.0")
        assert _tag(target) is None


class _Slow(FakeRegistry):
    """A fake whose first blob never ends and whose others fail and are to be tried again much later."""

    def __init__(self) -> None:
        super().__init__()
        self.began = threading.Event()

    @contextmanager
    def read_blob(self, repository: str, digest: Digest) -> Iterator[Iterator[bytes]]:  # noqa: ARG002 - the port's
        if self.began.is_set():
            raise RegistryFailed("come back tomorrow", retry_after=60)
        self.began.set()
        yield iter(lambda: time.sleep(0.01) or b"", b"never")


def test_an_interrupted_copy_ends_at_once() -> None:
    image = build_image("inventory")
    source = Home(_Slow(), "dev", "inventory")
    image.push(source.registry, "inventory", "built")
    target = Home(FakeRegistry(), "prd", "inventory")
    main = threading.main_thread().ident or 0
    timer = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        Copier(Retry()).copy(source, image.digest, target, "1.0.0")
    assert time.monotonic() - started < 10
    timer.join()
    assert _tag(target) is None


def test_what_the_source_does_not_have() -> None:
    target = Home(FakeRegistry(), "prd", "inventory")
    image = build_image("inventory")
    with pytest.raises(ManifestMissing):
        COPIER.copy(Home(FakeRegistry(), "dev", "inventory"), image.digest, target, "1.0.0")
    source = _source(image)
    del source.registry._blobs["inventory"][list(image.blobs)[-1].digest]  # type: ignore[attr-defined]
    with pytest.raises(BlobMissing):
        COPIER.copy(source, image.digest, target, "1.0.0")
    assert _tag(target) is None


def test_foreign_layers_stay_where_they_are_and_are_reported() -> None:
    image = build_image("inventory")
    document = json.loads(image.root.data)
    foreign = {"mediaType": f"{FOREIGN_LAYER_TYPES[1]}.gzip", "digest": str(Digest.of(b"windows")), "size": 7}
    document["layers"].append(foreign)
    root = Manifest(OCI_MANIFEST, json.dumps(document).encode())
    image = replace(image, root=root)
    target = Home(FakeRegistry(), "prd", "inventory")
    report = COPIER.copy(_source(image), root.digest, target, "1.0.0")
    assert report.foreign == (Digest.of(b"windows"),)
    assert target.registry.manifest("inventory", "1.0.0").data == root.data


def _index(*children: Descriptor) -> BuiltImage:
    entries = [{"mediaType": child.media_type, "digest": str(child.digest), "size": child.size} for child in children]
    data = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    return BuiltImage(Manifest(OCI_INDEX, data), (), {})


def test_an_index_that_is_deeper_than_any_image() -> None:
    registry = FakeRegistry()
    image = build_image("inventory")
    image.push(registry, "inventory", "0")
    for depth in range(20):
        image = _index(image.root.descriptor)
        image.push(registry, "inventory", str(depth))
    target = Home(FakeRegistry(), "prd", "inventory")
    with pytest.raises(ManifestInvalid, match="deeper"):
        COPIER.copy(Home(registry, "dev", "inventory"), image.digest, target, "1.0.0")
    assert _calls(target) == ["resolve"]


def test_an_index_that_is_wrong_about_a_child() -> None:
    registry = FakeRegistry()
    child = build_image("inventory")
    child.push(registry, "inventory", "child")
    image = _index(replace(child.root.descriptor, size=3))
    image.push(registry, "inventory", "index")
    with pytest.raises(ManifestInvalid, match="size"):
        COPIER.copy(Home(registry, "dev", "inventory"), image.digest, Home(FakeRegistry(), "prd", "x"), "1.0.0")


@contextmanager
def _images(folder: Path, **endpoints: str | None) -> Iterator[RegistryImages]:
    accounts = {
        f"{name}.example.com": RegistryAccount(name, f"{name}.example.com", endpoint)
        for name, endpoint in endpoints.items()
    }
    with RegistryImages(accounts, environment={}, home=folder) as images:
        yield images


def test_images_go_from_account_to_account(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "prd").mkdir()
    with _images(tmp_path, dev=f"oci-layout:{tmp_path}/dev", prd=f"oci-layout:{tmp_path}/prd") as images:
        digest = build_index("inventory").push(images.registry("dev.example.com"), "team/app", "1.0.0-rc1")
        source = ImageRef.parse("dev.example.com/team/app:1.0.0-rc1")
        target = ImageRef.parse("prd.example.com/team/app:1.0.0")
        assert images.digest(target) is None
        assert images.digest(source) == digest
        images.copy(source.with_digest(digest), target)
        assert images.digest(target) == digest
        assert images.digest(ImageRef("prd.example.com", "team/app").with_digest(digest)) == digest
        assert images.tags("prd.example.com", "team/app") == ("1.0.0",)
        assert images.tags("prd.example.com", "nothing") == ()


def test_what_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    pinned = ImageRef("dev.example.com", "app", "1", Digest.of(b"x"))
    with _images(tmp_path, dev=f"oci-layout:{tmp_path}/dev") as images:
        with pytest.raises(HostNotConfigured) as caught:
            images.copy(pinned, ImageRef.parse("evil.example.com/app:1"))
        assert "dev.example.com" in (caught.value.hint or "")
        with pytest.raises(HostNotConfigured):
            images.digest(ImageRef.parse("nginx"))
        with pytest.raises(InvalidImageRef):
            images.copy(ImageRef("dev.example.com", "app", "1"), pinned)
        with pytest.raises(InvalidImageRef):
            images.copy(pinned, ImageRef("dev.example.com", "app", None, Digest.of(b"x")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "endpoint", "insecure", "place"),
    [
        ("registry.example.com:5000", None, False, "https://registry.example.com:5000"),
        ("registry.example.com", None, True, "http://registry.example.com"),
        ("docker.io", None, False, "https://registry-1.docker.io"),
        ("index.docker.io", None, False, "https://registry-1.docker.io"),
        ("r", "http://127.0.0.1:5102", False, "http://127.0.0.1:5102"),
        ("r", "https://mirror.example.com/prefix/", True, "https://mirror.example.com/prefix"),
        ("r", "oci-layout:/srv/registries/prd", False, Path("/srv/registries/prd")),
    ],
)
def test_where_an_account_is(host: str, endpoint: str | None, place: str | Path, *, insecure: bool) -> None:
    assert locate(RegistryAccount("a", host, endpoint, insecure)) == place


@pytest.mark.parametrize(
    "endpoint", ["registry:5000", "ftp://x", "https://me:pw@host", "http://host?x=1", "oci-layout:", ""]
)
def test_endpoints_that_can_not_be_used(endpoint: str) -> None:
    with pytest.raises(EndpointInvalid) as caught:
        locate(RegistryAccount("prd", "r", endpoint))
    assert caught.value.where == "registries.prd.endpoint"
    assert "pw" not in str(caught.value)

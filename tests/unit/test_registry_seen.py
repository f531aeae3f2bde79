"""What a run has seen of the blobs at a registry: it is not asked for again, and brought again when it is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tidegate.http import Retry
from tidegate.model.manifest import Descriptor
from tidegate.ports.images import CopyReport
from tidegate.registry.copy.copier import Copier
from tidegate.registry.copy.seen import SeenBlobs
from tidegate.registry.copy.transfer import LARGE
from tidegate.registry.tree import Home
from tidegate.testing.images import build_image
from tidegate.testing.registry import FakeRegistry

REPOSITORY = "team/inventory"


def _home() -> Home:
    return Home(FakeRegistry(), "dev", REPOSITORY)


def test_a_blob_that_a_run_has_seen_is_mounted_or_not_even_asked_for() -> None:
    copier = Copier(Retry(sleep=lambda _seconds: None))
    source, target = _home(), _home()
    image = build_image("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    first = copier.copy(source, "1.0.0", target, "1.0.0")
    target.registry.calls.clear()  # type: ignore[attr-defined]
    source.registry.calls.clear()  # type: ignore[attr-defined]
    elsewhere = copier.copy(source, "1.0.0", replace(target, repository="elsewhere"), "1.0.0")
    again = copier.copy(source, "1.0.0", target, "again")
    assert (first.blobs_sent, elsewhere.blobs_sent, again.blobs_sent) == (3, 0, 0)
    assert not [call for call in source.registry.calls if "blob" in call]  # type: ignore[attr-defined]
    blobs = [call for call in target.registry.calls if "blob" in call]  # type: ignore[attr-defined]
    assert [call.split()[:2] for call in blobs] == [["mount_blob", "elsewhere"]] * 3


def test_a_registry_that_has_lost_blobs_since_gets_them_again() -> None:
    copier = Copier(Retry(sleep=lambda _seconds: None))
    source, target, image = _home(), _home(), build_image("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    copier.copy(source, "1.0.0", target, "1.0.0")
    target.registry.delete(REPOSITORY, str(image.digest))
    target.registry._blobs[REPOSITORY].clear()  # type: ignore[attr-defined]
    assert copier.copy(source, "1.0.0", target, "1.0.0").blobs_sent == 3


class _Refusing(FakeRegistry):
    """Mounts nothing, as ECR does unless it is told to; large blobs after the first wait for one another."""

    def __init__(self, at_once: int = 1) -> None:
        super().__init__()
        self._first = threading.Lock()
        self._together = threading.Barrier(at_once)

    def mount_blob(self, repository: str, blob: Descriptor, source: str) -> bool:
        self._note("mount_blob", repository, str(blob.digest), source)
        return False

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        if blob.size >= LARGE and not self._first.acquire(blocking=False):
            self._together.wait(10)
        super().write_blob(repository, blob, pieces)


def _with_large_layer(source: FakeRegistry, names: Sequence[str]) -> Descriptor:
    """Push the same image, whose layer is large, to several repositories; return that layer."""
    image = build_image("base", layers=1, layer_bytes=LARGE)
    for name in names:
        image.push(source, name, "1.0.0")
    return max(image.root.contents().blobs, key=lambda blob: blob.size)


def test_a_large_blob_that_is_there_is_not_read_where_the_registry_refuses_to_mount() -> None:
    source, target, names = FakeRegistry(), _Refusing(), [f"app-{number}" for number in range(4)]
    layer = _with_large_layer(source, names)
    for name in names:
        with source.read_blob(name, layer.digest) as pieces:
            FakeRegistry.write_blob(target, name, layer, pieces)
    source.calls.clear()
    copier = Copier(Retry(attempts=1))
    for name in names:
        copier.copy(Home(source, "dev", name), "1.0.0", Home(target, "prd", name), "1.0.0")
    assert not [call for call in source.calls if call.startswith("read_blob") and str(layer.digest) in call]
    asked = [call for call in target.calls if call.startswith("has_blob") and str(layer.digest) in call]
    assert asked == [f"has_blob {name} {layer.digest}" for name in names]


def test_where_the_registry_refuses_to_mount_nobody_waits_for_the_chance_to() -> None:
    source, target, names = FakeRegistry(), _Refusing(3), [f"app-{number}" for number in range(4)]
    _with_large_layer(source, names)
    copier = Copier(Retry(attempts=1))

    def copy(name: str) -> CopyReport:
        return copier.copy(Home(source, "dev", name), "1.0.0", Home(target, "prd", name), "1.0.0")

    with ThreadPoolExecutor(len(names)) as pool:
        reports = list(pool.map(copy, names))
    assert [report.blobs_sent for report in reports] == [2] * 4


def test_a_small_blob_is_asked_for_where_a_mount_was_refused() -> None:
    source, target = FakeRegistry(), _Refusing()
    image = build_image("base", layers=1, layer_bytes=20_000)
    for name in ("first", "second", "third"):
        image.push(source, name, "1.0.0")
    layer = max(image.root.contents().blobs, key=lambda blob: blob.size)
    copier = Copier(Retry(attempts=1))
    for name in ("first", "second"):
        copier.copy(Home(source, "dev", name), "1.0.0", Home(target, "prd", name), "1.0.0")
    with source.read_blob("third", layer.digest) as pieces:
        target.write_blob("third", layer, pieces)
    source.calls.clear()
    copier.copy(Home(source, "dev", "third"), "1.0.0", Home(target, "prd", "third"), "1.0.0")
    assert f"read_blob third {layer.digest}" not in source.calls


def test_a_registry_that_mounts_again_is_hoped_for_again() -> None:
    home, seen = _home(), SeenBlobs()
    assert seen.mounts(home)
    seen.learn_mount(home, done=False)
    assert not seen.mounts(home)
    assert seen.mounts(_home())
    seen.learn_mount(home, done=True)
    assert seen.mounts(home)


class _Undecided(FakeRegistry):
    """Lets one of many blobs, which come at the same moment, try whether it is taken in one request: it is not."""

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self._together = threading.Barrier(at_once)
        self._asked = threading.local()
        self._is_known = False

    def takes_whole(self, size: int) -> bool:
        return size <= 64 * 1024 and not self._is_known

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        self._together.wait(10)
        return super().resolve(repository, reference)

    def mount_blob(self, repository: str, blob: Descriptor, source: str) -> bool:
        if not getattr(self._asked, "once", False):
            self._asked.once = True
            self._together.wait(10)
        return super().mount_blob(repository, blob, source)

    def write_whole(self, repository: str, blob: Descriptor, data: bytes) -> bool:
        self._asked.once = True
        self._together.wait(10)
        self._is_known = True
        return super().write_whole(repository, blob, data)


def test_one_blob_only_is_risked_to_learn_whether_one_request_does() -> None:
    source, target, names = FakeRegistry(), _Undecided(4), [f"app-{number}" for number in range(4)]
    for name in names:
        image = build_image(name, layers=1)
        image.push(source, name, "1.0.0")
        for blob, data in image.blobs.items():
            target.write_blob(name, blob, iter((data,)))
    source.calls.clear()
    copier = Copier(Retry(attempts=1), workers=1)

    def copy(name: str) -> CopyReport:
        return copier.copy(Home(source, "dev", name), "1.0.0", Home(target, "prd", name), "1.0.0")

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(copy, names))
    assert len([call for call in source.calls if call.startswith("read_blob")]) == 1

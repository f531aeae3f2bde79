"""One image for many places: a run reads it once, and remembers no more than it may."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.attached import attach
from tidegate.errors.registry import ManifestMissing
from tidegate.http import Retry
from tidegate.model.digest import Digest
from tidegate.model.manifest import Manifest
from tidegate.registry.batch import Batch, Copied, Pair
from tidegate.registry.copy.copier import Wish
from tidegate.registry.places import ImagePlace
from tidegate.registry.read_once import ReadOnce
from tidegate.registry.tree import Home
from tidegate.testing.images import build_image, build_index, build_referrer
from tidegate.testing.registry import FakeRegistry

IMAGE = build_index("inventory")
OTHER = build_image("other", layers=1)
APP = frozenset({"app"})


def _filled() -> FakeRegistry:
    registry = FakeRegistry()
    IMAGE.push(registry, "app", "1")
    attach(Home(registry, "dev", "app"), build_referrer(IMAGE.root.descriptor, "sbom"))
    registry.calls.clear()
    return registry


def _run(pairs: list[Pair]) -> list[Copied]:
    batch = Batch(Retry(attempts=1), 4, tells_blobs=False)
    events = batch.copy(pairs, wish=Wish(), platform=None, tick=lambda: None)
    return [event for event in events if isinstance(event, Copied)]


def test_an_image_for_ten_repositories_is_read_once() -> None:
    source, target = _filled(), FakeRegistry()
    place = ImagePlace(Home(source, "dev", "app"), "1")
    pairs = [Pair(place, ImagePlace(Home(target, "prd", f"app-{number}"))) for number in range(10)]
    assert all(each.report and each.report.referrers == 1 for each in _run(pairs))
    calls = Counter(call.split()[0] for call in source.calls)
    assert calls["manifest"] == 1 + 2 + 1 + 1  # its platforms, its list, its SBOM
    assert calls["read_blob"] == 7  # all but the empty one
    source.calls.clear()
    assert all(each.report and each.report.adopted for each in _run(pairs))
    assert source.calls == ["resolve app 1"]


def test_what_a_run_writes_to_is_not_remembered() -> None:
    registry = _filled()
    home = Home(registry, "dev", "app")
    pairs = [Pair(ImagePlace(home, "1"), ImagePlace(home, tag)) for tag in ("2", "3")]
    assert all(each.report for each in _run(pairs))
    assert [call for call in registry.calls if call.startswith("manifest")] == ["manifest app 1"] * 2


def test_it_is_forgotten_beyond_a_bound_and_the_oldest_first() -> None:
    registry = FakeRegistry()
    for tag in ("a", "b", "c"):
        build_image(tag, layers=1).push(registry, "app", tag)
    read = ReadOnce(registry, APP, most_bytes=5 * len(build_image("a", layers=1).root.data) // 2)
    registry.calls.clear()
    for tag in ("a", "b", "a", "c", "a", "b"):
        read.manifest("app", tag)
    assert [call.removeprefix("manifest app ") for call in registry.calls] == ["a", "b", "c", "b"]


def test_a_list_of_referrers_is_remembered_and_that_there_is_none() -> None:
    for registry in (FakeRegistry(), FakeRegistry(lists_referrers=True)):
        read = ReadOnce(registry, APP)
        for _ in range(2):
            assert (read.referrers("app", IMAGE.digest) is None) == (registry.referrers("app", IMAGE.digest) is None)
            assert read.resolve("app", "none") is None
        asked = Counter(call.split()[0] for call in registry.calls)
        assert (asked["resolve"], asked["referrers"]) == (1, 1 + 2)


class _Slow(FakeRegistry):
    """Answers when it may, and that there is nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Semaphore(0)
        self.go = threading.Event()

    def manifest(self, repository: str, reference: str) -> Manifest:
        self.asked.release()
        assert self.go.wait(10)
        return super().manifest(repository, reference)


def test_who_waits_for_a_reading_fails_with_it_and_the_next_one_tries_anew() -> None:
    registry = _Slow()
    read = ReadOnce(registry, APP)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(read.manifest, "app", "1") for _ in range(3)]
        assert registry.asked.acquire(timeout=10)
        registry.go.set()
        for each in waiting:
            with pytest.raises(ManifestMissing):
                each.result(10)
    OTHER.push(registry, "app", "1")
    assert read.manifest("app", "1").digest == OTHER.digest
    assert read.manifest("app", "1").digest == Digest.of(OTHER.root.data)

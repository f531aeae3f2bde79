"""How many blobs are on their way at once over all images: a few large ones, and as many small ones as there are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tidegate.http import Retry
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor
from tidegate.registry.copy.copier import Copier
from tidegate.registry.copy.stop import Stopped
from tidegate.registry.tree import Home
from tidegate.testing.images import build_image
from tidegate.testing.registry import FakeRegistry

IMAGES = 12
LARGE = 1024 * 1024


class _Meeting(FakeRegistry):
    """Holds blobs of at least `size` bytes up until `expected` of them are under way, or `let_go` is called."""

    def __init__(self, size: int, expected: int) -> None:
        super().__init__()
        self._size = size
        self._expected = expected
        self._changed = threading.Condition()
        self._under_way = 0
        self._open = False
        self.most = 0

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        if blob.size >= self._size:
            with self._changed:
                self._under_way += 1
                self.most = max(self.most, self._under_way)
                self._open = self._open or self._under_way == self._expected
                self._changed.notify_all()
                assert self._changed.wait_for(lambda: self._open, 10), f"{self.most} were under way at most"
        super().write_blob(repository, blob, pieces)
        if blob.size >= self._size:
            with self._changed:
                self._under_way -= 1

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._under_way == count, 10)

    def let_go(self) -> None:
        with self._changed:
            self._open = True
            self._changed.notify_all()


@pytest.mark.parametrize(
    ("layer_bytes", "size", "at_once"), [(LARGE, LARGE, 8), (64, 1, IMAGES)], ids=["large", "small"]
)
def test_eight_large_blobs_are_sent_at_once_and_small_ones_of_all_images(
    layer_bytes: int, size: int, at_once: int
) -> None:
    source, target = FakeRegistry(), _Meeting(size, at_once)
    names = [f"app-{number}" for number in range(IMAGES)]
    digests = {name: build_image(name, layers=1, layer_bytes=layer_bytes).push(source, name, "built") for name in names}
    copier = Copier(Retry(attempts=1), workers=1)

    def copy(name: str) -> None:
        copier.copy(Home(source, "dev", name), digests[name], Home(target, "prd", name), "1.0.0")

    with ThreadPoolExecutor(IMAGES) as pool:
        list(pool.map(copy, names))
    assert target.most == at_once


def test_large_blobs_for_one_registry_take_no_turns_of_another() -> None:
    source, targets = FakeRegistry(), [_Meeting(LARGE, 8), _Meeting(LARGE, 8)]
    digests = [
        build_image(f"{number}", layers=1, layer_bytes=LARGE).push(source, "app", "built") for number in range(8)
    ]
    copier = Copier(Retry(attempts=1), workers=1)

    def copy(target: FakeRegistry, digest: Digest) -> None:
        copier.copy(Home(source, "dev", "app"), digest, Home(target, "prd", digest.hex), "1.0.0")

    with ThreadPoolExecutor(16) as pool:
        for each in [pool.submit(copy, target, digest) for digest in digests for target in targets]:
            each.result()
    assert [target.most for target in targets] == [8, 8]


def test_who_waits_for_his_turn_ends_with_the_run() -> None:
    source, target = FakeRegistry(), _Meeting(LARGE, IMAGES)
    images = {f"app-{number}": build_image(f"{number}", layers=1, layer_bytes=LARGE) for number in range(9)}
    digests = {name: image.push(source, name, "built") for name, image in images.items()}
    copier = Copier(Retry(attempts=1), workers=1)
    ended: list[str] = []

    def copy(name: str) -> None:
        try:
            copier.copy(Home(source, "dev", name), digests[name], Home(target, "prd", name), "1.0.0")
        except Stopped:
            ended.append(name)
            target.let_go()  # this one has waited for its turn; the others are under way

    with ThreadPoolExecutor(len(images)) as pool:
        under_way = [pool.submit(copy, name) for name in images]
        target.wait_for(8)
        copier.stop()
        for each in under_way:
            each.result()
    assert sorted(ended) == sorted(images)

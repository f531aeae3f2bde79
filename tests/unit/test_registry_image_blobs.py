"""The blobs of one image on their way: what becomes of each, who waits for whom, what ends them early."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from typing import Final

import pytest

from tidegate.errors.registry import RegistryDenied, RegistryUnreachable
from tidegate.http import Retry
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor
from tidegate.registry.copy.blobs import BlobMover
from tidegate.registry.copy.image_blobs import ImageBlobs
from tidegate.registry.copy.seen import SeenBlobs
from tidegate.registry.copy.stop import NAP, Stop, Stopped
from tidegate.registry.copy.transfer import LARGE, Moved
from tidegate.registry.tree import Home
from tidegate.testing.registry import FakeRegistry

ALONE: Final = Retry(attempts=1)


class _Watched(FakeRegistry):
    """Lets a test act before a blob is looked for or written.

    Args:
        largest_whole: bytes of a blob that it takes in one request.
    """

    def __init__(self, *, largest_whole: int = -1) -> None:
        super().__init__(largest_whole=largest_whole)
        self.before_look: Callable[[], object] = lambda: None
        self.before_write: Callable[[Descriptor], object] = lambda _blob: None

    def has_blob(self, repository: str, blob: Descriptor) -> bool:
        self.before_look()
        return super().has_blob(repository, blob)

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        self.before_write(blob)
        super().write_blob(repository, blob, pieces)


class _World:
    """A registry with blobs, and one that wants them."""

    def __init__(self, sizes: Sequence[int], *, largest_whole: int = -1) -> None:
        self.target = _Watched(largest_whole=largest_whole)
        self.source = Home(FakeRegistry(), "dev", "app")
        self.home = Home(self.target, "prd", "app")
        self.blobs = [self._blob(bytes([number]) * size) for number, size in enumerate(sizes)]
        self.seen = SeenBlobs()
        self.stop = Stop(threading.Event())
        self.told: list[tuple[Descriptor, Moved]] = []

    def image(self, *, turns: int = 1, stop: Stop | None = None) -> ImageBlobs:
        """Return what brings the blobs."""
        return ImageBlobs(
            self.source,
            self.home,
            retry=ALONE,
            seen=self.seen,
            unasked=True,
            turns=threading.Semaphore(turns),
            stop=stop or self.stop,
            on_bytes=lambda _size: None,
            on_blob=lambda blob, moved: self.told.append((blob, moved)),
        )

    def mover(self, retry: Retry = ALONE) -> BlobMover:
        """Return what brings the blobs of a run."""
        return BlobMover(retry, 4, lambda _size: None, lambda _home, blob, moved: self.told.append((blob, moved)))

    def _blob(self, data: bytes) -> Descriptor:
        blob = Descriptor("application/octet-stream", Digest.of(data), len(data))
        self.source.registry.write_blob("app", blob, iter((data,)))
        return blob


def test_of_a_bunch_each_is_told_how_it_came_and_only_what_was_sent_is_returned() -> None:
    world = _World([10, 20, 30])
    there, missing, known = world.blobs
    world.target.write_blob("app", there, iter((bytes([0]) * 10,)))
    world.seen.note(world.home, known.digest)
    world.target.calls.clear()
    assert world.image().bring(world.blobs) == [missing]
    assert sorted((blob.size, moved) for blob, moved in world.told) == [
        (10, Moved.MOUNTED),
        (20, Moved.SENT),
        (30, Moved.PRESENT),
    ]
    assert not [call for call in world.target.calls if str(known.digest) in call]


def test_a_single_blob_that_has_been_seen_there_is_not_asked_for() -> None:
    world = _World([10])
    world.seen.note(world.home, world.blobs[0].digest)
    assert world.image().bring(world.blobs) == []
    assert (world.target.calls, world.told) == ([], [(world.blobs[0], Moved.PRESENT)])


class _Counting(Stop):
    """Stops at the second look."""

    looks = 0

    def check(self) -> None:
        self.looks += 1
        if self.looks > 1:
            self.set()
        super().check()


def test_what_somebody_else_brings_is_waited_for_until_the_image_is_stopped() -> None:
    world = _World([10])
    with ThreadPoolExecutor(1) as pool, world.seen.one_at_a_time(world.home, world.blobs[0].digest, 0) as mine:
        stop = _Counting(threading.Event())
        bringing = pool.submit(world.image(stop=stop).bring, world.blobs)
        with pytest.raises(Stopped):
            bringing.result(10)
    assert mine
    assert world.target.calls == []


def test_nothing_is_asked_for_an_image_that_has_been_stopped() -> None:
    world = _World([10, 20])
    world.stop.set()
    with pytest.raises(Stopped):
        world.image().bring(world.blobs)
    assert world.target.calls == []


def test_a_large_blob_waits_for_its_turn_and_a_small_one_takes_none() -> None:
    world = _World([LARGE - 1, LARGE])
    small, large = world.blobs
    image = world.image(turns=0)
    assert image.bring((small,)) == [small]
    world.target.before_look = world.stop.set
    with pytest.raises(Stopped):
        image.bring((large,))
    assert f"read_blob app {large.digest}" not in world.source.registry.calls  # type: ignore[attr-defined]


@pytest.mark.parametrize("everything", [False, True], ids=["the image", "everything"])
def test_a_wait_ends_soon_after_a_stop(*, everything: bool) -> None:
    all_stopped = threading.Event()
    stop, slept = Stop(all_stopped), list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            (all_stopped if everything else stop).set()

    stop.check()
    stop.sleep(sleep, 100)
    assert slept == [NAP, NAP]
    with pytest.raises(Stopped):
        stop.check()


def test_a_wait_for_the_next_attempt_ends_with_the_run() -> None:
    world, slept = _World([10]), list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        mover.stop()

    def fail(_blob: Descriptor) -> None:
        raise RegistryUnreachable("it broke")

    mover = world.mover(Retry(attempts=2, first=100, longest=100, total=1000, sleep=sleep))
    world.target.before_write = fail
    with pytest.raises(Stopped):
        mover.bring(world.source, world.home, world.blobs)
    assert slept == [NAP]


def test_an_error_ends_the_image_s_other_blobs() -> None:
    world, begun = _World([LARGE, LARGE + 1]), threading.Event()

    class _Endless(FakeRegistry):
        @contextmanager
        def read_blob(self, repository: str, digest: Digest) -> Iterator[Iterator[bytes]]:
            del repository, digest
            yield self._pieces()

        def _pieces(self) -> Iterator[bytes]:
            yield from repeat(b"", 10_000_000)
            read.append("to the end")

    def write(blob: Descriptor) -> None:
        if blob.size > LARGE:
            begun.set()
        else:
            assert begun.wait(10)
            raise RegistryDenied("you may not")

    read: list[str] = []
    world.target.before_write = write
    with pytest.raises(RegistryDenied):
        world.mover().bring(Home(_Endless(), "dev", "app"), world.home, world.blobs)
    assert read == []


def test_a_single_blob_is_tried_as_often_as_it_may_be() -> None:
    world, looks = _World([LARGE]), list[None]()

    def fail() -> None:
        looks.append(None)
        raise RegistryUnreachable("it broke")

    world.target.before_look = fail
    with pytest.raises(RegistryUnreachable):
        world.image().bring(world.blobs)
    assert len(looks) == 1


def test_what_the_run_has_brought_is_told_and_not_asked_for() -> None:
    world = _World([10, 20])
    mover = world.mover()
    mover.bring(world.source, world.home, world.blobs)
    world.target.calls.clear()
    world.told.clear()
    assert mover.bring(world.source, world.home, world.blobs) == []
    assert (world.target.calls, world.told) == ([], [(blob, Moved.PRESENT) for blob in world.blobs])


def test_with_few_images_each_small_blob_has_a_thread() -> None:
    world, together = _World([10, 20, 30, 40]), threading.Barrier(4)
    world.target.before_write = lambda _blob: together.wait(10)
    assert len(world.mover().bring(world.source, world.home, world.blobs)) == 4


def test_the_blob_that_goes_first_is_brought_once() -> None:
    world = _World([10, 20, 30], largest_whole=64 * 1024)
    world.mover().bring(world.source, world.home, world.blobs)
    assert sorted((blob.size, moved) for blob, moved in world.told) == [(size, Moved.SENT) for size in (10, 20, 30)]

"""What a run of copies tells when it is interrupted."""

from __future__ import annotations

import threading

import pytest

from tidegate.cli.image.course import Course
from tidegate.errors.registry import TagExists
from tidegate.http import Retry
from tidegate.model.manifest import Manifest
from tidegate.registry.batch import Batch, Began, ByteCount, Copied, Pair
from tidegate.registry.copy.copier import Wish
from tidegate.registry.places import ImagePlace
from tidegate.registry.tree import Home
from tidegate.testing.images import build_image
from tidegate.testing.registry import FakeRegistry


class _Held(FakeRegistry):
    """Writes a tag when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.go = threading.Event()

    def put_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        self.begun.set()
        assert self.go.wait(10)
        super().put_manifest(repository, reference, manifest)


def test_a_tag_that_was_just_written_is_told_and_nothing_more_is_begun() -> None:
    source, target = FakeRegistry(), _Held()
    names = [f"app-{number}" for number in range(3)]
    for name in names:
        build_image(name, layers=1).push(source, name, "1.0.0")
    pairs = [
        Pair(ImagePlace(Home(source, "dev", name), "1.0.0"), ImagePlace(Home(target, "prd", name))) for name in names
    ]
    batch = Batch(Retry(attempts=1), 1, tells_blobs=False)
    going_on = batch.copy(pairs, wish=Wish(), platform=None, tick=lambda: None)
    assert isinstance(next(going_on), Began)
    assert target.begun.wait(10)
    going_on.close()
    target.go.set()
    after = (event for event in batch.interrupted(10) if isinstance(event, Copied))
    ended = next(after)
    assert ended.report is not None
    assert ended.pair is pairs[0]
    after.close()
    assert list(batch.interrupted(0.05)) == [ended]  # the last one comes again, as nobody says that it was told
    assert list(batch.interrupted(0.05)) == []
    assert target.resolve("app-1", "1.0.0") is None


def test_an_end_that_comes_once_more_counts_once_also_with_another_hint() -> None:
    """What is told of an error is made anew each time: see `--replace` in the hint of a taken tag."""
    home, course = Home(FakeRegistry(), "prd", "app"), Course(1, ByteCount(), dict)
    pair = Pair(ImagePlace(home, "1.0.0"), ImagePlace(home, "1"))
    for _ in range(2):
        course.see(Copied(pair, error=TagExists("the tag exists")))
    assert len(course.results) == 1


def test_an_end_that_was_not_told_is_told_when_the_interrupt_is_over() -> None:
    """Ctrl-C comes between the end of a copy and its line."""
    source, target = FakeRegistry(), FakeRegistry()
    build_image("app", layers=1).push(source, "app", "1.0.0")
    pair = Pair(ImagePlace(Home(source, "dev", "app"), "1.0.0"), ImagePlace(Home(target, "prd", "app")))

    def run(batch: Batch, course: Course, *, told: bool) -> None:
        for event in batch.copy([pair], wish=Wish(), platform=None, tick=lambda: None):
            if told or isinstance(event, Began):
                course.see(event)
            if isinstance(event, Copied):
                raise KeyboardInterrupt

    for told in (False, True):
        batch, course = Batch(Retry(attempts=1), 1, tells_blobs=False), Course(1, ByteCount(), dict)
        with pytest.raises(KeyboardInterrupt):
            run(batch, course, told=told)
        for event in batch.interrupted(0.05):
            course.see(event)
        assert [each.pair for each in course.results] == [pair]
        assert course.under_way == []
        assert target.resolve("app", "1.0.0") is not None

"""What a run of copies tells when it is interrupted."""

from __future__ import annotations

import threading

from tidegate.http import Retry
from tidegate.model.manifest import Manifest
from tidegate.registry.batch import Batch, Began, Copied, Pair
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
    after = next(batch.interrupted(10))
    assert isinstance(after, Copied)
    assert after.report is not None
    assert after.pair is pairs[0]
    assert list(batch.interrupted(0.05)) == []
    assert target.resolve("app-1", "1.0.0") is None

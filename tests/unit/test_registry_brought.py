"""Several tags of one image in one repository: the run brings the image once, and then writes tags."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.attached import attach
from tidegate.errors.registry import TagExists
from tidegate.http import Retry
from tidegate.ports.images import CopyReport
from tidegate.registry.batch import Batch, Copied, Pair
from tidegate.registry.copy.brought import Brought
from tidegate.registry.copy.copier import Copier, Referrers, Wish
from tidegate.registry.copy.stop import Stopped
from tidegate.registry.places import ImagePlace
from tidegate.registry.tree import Home
from tidegate.testing.images import build_index, build_referrer
from tidegate.testing.registry import FakeRegistry

IMAGE = build_index("inventory")
TAGS = ("1.2.3", "1.2", "latest")


def _source() -> Home:
    home = Home(FakeRegistry(), "dev", "app")
    IMAGE.push(home.registry, "app", "built")
    attach(home, build_referrer(IMAGE.root.descriptor, "sbom"))
    home.registry.calls.clear()  # type: ignore[attr-defined]
    return home


def test_further_tags_of_an_image_cost_a_look_a_read_and_a_write() -> None:
    source, registry = _source(), FakeRegistry()
    target = Home(registry, "prd", "app")
    pairs = [Pair(ImagePlace(source, "built"), ImagePlace(target, tag)) for tag in TAGS]
    batch = Batch(Retry(attempts=1), 3, tells_blobs=False)
    events = list(batch.copy(pairs, wish=Wish(), platform=None, tick=lambda: None))
    reports = [each.report for each in events if isinstance(each, Copied)]
    first, *others = sorted((each for each in reports if each is not None), key=lambda each: -each.blobs_sent)
    assert (first.blobs_sent, first.referrers, first.referrers_written) == (8, 1, 1)
    assert others == [CopyReport(IMAGE.digest, blobs_present=8, referrers=1)] * 2
    read = Counter(call.split()[0] for call in source.registry.calls)  # type: ignore[attr-defined]
    assert read["manifest"] == 1 + 2 + 2  # the image, its children, the list and what it names: once for all tags
    put = [call.split()[-1] for call in registry.calls if call.startswith("put_manifest")]
    assert [put.count(str(child.digest)) for child in IMAGE.children] == [1, 1]
    assert set(TAGS) < set(put)


def test_what_the_registry_has_lost_since_is_brought_again() -> None:
    source, registry, brought = _source(), FakeRegistry(), Brought()
    target, copier = Home(registry, "prd", "app"), Copier(Retry(attempts=1))
    first = copier.copy(source, IMAGE.digest, target, "1.2.3", brought=brought)
    registry._blobs["app"].clear()
    registry._manifests["app"].clear()
    again = copier.copy(source, IMAGE.digest, target, "latest", brought=brought)
    assert (again.blobs_sent, again.referrers_written) == (first.blobs_sent, 1)


def test_a_copy_that_is_to_be_another_one_is_made() -> None:
    source, target, brought = _source(), Home(FakeRegistry(), "prd", "app"), Brought()
    copier = Copier(Retry(attempts=1))
    copier.copy(source, "built", target, "bare", wish=Wish(Referrers.NEVER), brought=brought)
    assert copier.copy(source, "built", target, "1.2.3", brought=brought).referrers_written == 1


def test_a_tag_that_holds_something_else_is_left_alone_by_further_copies_too() -> None:
    source, target, brought = _source(), Home(FakeRegistry(), "prd", "app"), Brought()
    copier = Copier(Retry(attempts=1))
    copier.copy(source, "built", target, "1.2.3", brought=brought)
    build_index("other").push(target.registry, "app", "latest")
    with pytest.raises(TagExists):
        copier.copy(source, "built", target, "latest", brought=brought)
    moved = copier.copy(source, "built", target, "latest", wish=Wish(replace=True), brought=brought)
    assert moved.digest == IMAGE.digest


def test_who_waits_for_an_image_ends_with_the_run() -> None:
    brought, stopped, waits = Brought(), threading.Event(), threading.Event()

    def check() -> None:
        waits.set()
        if stopped.is_set():
            raise Stopped

    def wait() -> None:
        with brought.one_at_a_time("image", check):
            raise AssertionError("it was somebody else's turn")

    with brought.one_at_a_time("image", check), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        assert waits.wait(10)
        stopped.set()
        with pytest.raises(Stopped):
            waiting.result(10)

"""One blob on its way: what the target is asked before it is sent, in which order. docs/adr/0024 says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from typing import Final

import pytest

from tidegate.model.digest import Digest
from tidegate.model.manifest import LARGEST_WHOLE, Descriptor
from tidegate.registry.copy.seen import SeenBlobs
from tidegate.registry.copy.transfer import Moved, Question, Transfer, questions
from tidegate.registry.tree import Home
from tidegate.testing.registry import FakeRegistry

LOOK: Final = "look"
HERE: Final = "mount here"
FROM: Final = "mount from"
LARGE: Final = 1024 * 1024
WORTH_ASKING: Final = 16 * 1024
TABLE: Final = [
    # bytes, another repository has it, a mount was refused: what is asked
    (0, False, False, (HERE,)),
    (WORTH_ASKING - 1, False, False, (HERE,)),
    (WORTH_ASKING - 1, False, True, (HERE,)),
    (WORTH_ASKING - 1, True, False, (FROM,)),
    (WORTH_ASKING - 1, True, True, (FROM,)),
    (WORTH_ASKING, False, False, (HERE,)),
    (WORTH_ASKING, False, True, (LOOK,)),
    (WORTH_ASKING, True, False, (FROM,)),
    (WORTH_ASKING, True, True, (LOOK, FROM)),
    (LARGE - 1, False, False, (HERE,)),
    (LARGE - 1, False, True, (LOOK,)),
    (LARGE - 1, True, False, (FROM,)),
    (LARGE - 1, True, True, (LOOK, FROM)),
    (LARGE, False, False, (LOOK,)),
    (LARGE, False, True, (LOOK,)),
    (LARGE, True, False, (FROM, LOOK)),
    (LARGE, True, True, (LOOK, FROM)),
]
ROWS: Final = pytest.mark.parametrize(("size", "elsewhere", "refused", "asked"), TABLE)


@ROWS
def test_what_is_asked(size: int, *, elsewhere: bool, refused: bool, asked: tuple[Question, ...]) -> None:
    assert questions(size, whole=False, elsewhere=elsewhere, refused=refused) == asked
    assert questions(size, whole=True, elsewhere=elsewhere, refused=refused) == ()


class _Recording(FakeRegistry):
    """Says of each blob what it is told to, and notes what it was asked.

    Args:
        has: it says that it has each blob.
        mounts: it says that it has mounted each.
        largest: bytes of a blob that is worth a try in one request; it is known to do where they are `LARGEST_WHOLE`.
        stores_whole: it stores such a blob.
    """

    def __init__(self, *, has: bool, mounts: bool, largest: int = -1, stores_whole: bool = True) -> None:
        super().__init__()
        self._stores_whole = stores_whole
        self._has = has
        self._mounts = mounts
        self._largest = largest

    def has_blob(self, repository: str, blob: Descriptor) -> bool:
        self._note("look", repository, str(blob.digest))
        return self._has

    def mount_blob(self, repository: str, blob: Descriptor, source: str) -> bool:
        self._note("mount", repository, str(blob.digest), source)
        return self._mounts

    def takes_whole(self, size: int) -> bool:
        return size <= self._largest

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        self._note("write", repository, str(blob.digest), str(sum(map(len, pieces))))

    def write_whole(self, repository: str, blob: Descriptor, data: bytes) -> bool:
        self._note("whole", repository, str(blob.digest), str(len(data)))
        return self._stores_whole

    def expected(self, asked: tuple[Question, ...], blob: Descriptor, other: str) -> tuple[list[str], Moved]:
        """Return the calls that `asked` means here, and how the blob comes; `other` repository is said to have it."""
        calls: list[str] = []
        for question in asked:
            source = {HERE: " app", FROM: f" {other}", LOOK: ""}[question]
            calls.append(f"{'look' if question == LOOK else 'mount'} app {blob.digest}{source}")
            if self._has if question == LOOK else self._mounts:
                return calls, Moved.PRESENT if question == LOOK else Moved.MOUNTED
        return [*calls, f"write app {blob.digest} {blob.size}"], Moved.SENT


def _blob(size: int, source: FakeRegistry) -> Descriptor:
    """Return a blob that `source` has."""
    data = bytes(size)
    blob = Descriptor("application/octet-stream", Digest.of(data), size)
    source._blobs["built"][blob.digest] = data
    return blob


def _transferred(source: FakeRegistry, target: _Recording, blob: Descriptor, seen: SeenBlobs) -> Moved:
    with Transfer(Home(source, "dev", "built"), Home(target, "prd", "app"), blob, seen) as transfer:
        return transfer.find() or transfer.send(lambda pieces: pieces)


@pytest.mark.parametrize("at_the_source", [False, True], ids=["two registries", "one registry"])
@ROWS
def test_it_is_asked_in_this_order_until_the_target_has_got_the_blob(
    size: int, *, elsewhere: bool, refused: bool, asked: tuple[Question, ...], at_the_source: bool
) -> None:
    for has, mounts in product((False, True), repeat=2):
        target, seen = _Recording(has=has, mounts=mounts), SeenBlobs()
        source = target if elsewhere and at_the_source else FakeRegistry()
        blob, there = _blob(size, source), Home(target, "prd", "app")
        if elsewhere:
            seen.note(Home(target, "prd", "other"), blob.digest)
        if refused:
            seen.learn_mount(there, done=False)
        moved = _transferred(source, target, blob, seen)
        calls, expected = target.expected(asked, blob, "built" if source is target else "other")
        assert ([call for call in target.calls if not call.startswith("read_blob")], moved) == (calls, expected)
        mounted_from = FROM in asked and any(call.startswith("mount") for call in calls)
        assert seen.mounts(there) is (mounts if mounted_from else not refused)
        assert seen.has(there, blob.digest)


@pytest.mark.parametrize("trying", [False, True], ids=["nobody tries", "another tries"])
@pytest.mark.parametrize("largest", [WORTH_ASKING, LARGEST_WHOLE], ids=["worth a try", "sure"])
@ROWS
def test_what_may_go_by_one_request_is_sent_at_once(
    size: int, largest: int, *, elsewhere: bool, refused: bool, asked: tuple[Question, ...], trying: bool
) -> None:
    source, target, seen = FakeRegistry(), _Recording(has=False, mounts=False, largest=largest), SeenBlobs()
    blob, there = _blob(size, source), Home(target, "prd", "app")
    if elsewhere:
        seen.note(Home(target, "prd", "other"), blob.digest)
    if refused:
        seen.learn_mount(there, done=False)
    with ExitStack() as held:
        if trying:
            held.enter_context(Transfer(Home(source, "dev", "built"), there, _blob(1, source), seen))
        moved = _transferred(source, target, blob, seen)
    calls, _ = target.expected(asked, blob, "other")
    if not elsewhere and size <= largest and (largest == LARGEST_WHOLE or not trying):
        calls = [f"whole app {blob.digest} {size}"]
    assert (target.calls, moved) == (calls, Moved.SENT)


def test_another_blob_may_try_when_a_trial_has_ended() -> None:
    source, target, seen = FakeRegistry(), _Recording(has=True, mounts=True, largest=64), SeenBlobs()
    blob = _blob(4, source)
    for _ in range(2):
        _transferred(source, target, blob, seen)
    assert target.calls == [f"whole app {blob.digest} 4"] * 2


def test_what_is_not_taken_by_one_request_is_written_the_usual_way() -> None:
    source, target = FakeRegistry(), _Recording(has=False, mounts=False, largest=64, stores_whole=False)
    blob = _blob(4, source)
    assert _transferred(source, target, blob, SeenBlobs()) is Moved.SENT
    assert target.calls == [f"whole app {blob.digest} 4", f"write app {blob.digest} 4"]

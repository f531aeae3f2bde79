"""Who is next of what waits to be copied: one slow registry does not hold up what goes to others."""

from __future__ import annotations

import threading
from contextlib import ExitStack

from tidegate.http import Retry
from tidegate.model.manifest import Descriptor
from tidegate.registry.batch import Batch, Copied, Pair
from tidegate.registry.copy.copier import Wish
from tidegate.registry.places import ImagePlace
from tidegate.registry.tree import Home
from tidegate.registry.waiting import Waiting
from tidegate.testing.images import build_image
from tidegate.testing.registry import FakeRegistry


def _taken(waiting: Waiting[str], count: int, held: ExitStack) -> list[str | None]:
    return [held.enter_context(waiting.turn()) for _ in range(count)]


def test_next_is_the_first_of_the_lane_with_the_fewest_under_way() -> None:
    waiting = Waiting(["a1", "a2", "a3", "a4", "b1", "b2", "b3"], lambda name: name[0])
    with ExitStack() as held:
        assert _taken(waiting, 5, held) == ["a1", "b1", "a2", "b2", "a3"]
        with ExitStack() as soon:
            assert _taken(waiting, 2, soon) == ["b3", "a4"]
        assert _taken(waiting, 2, held) == [None, None]


def test_one_hand_takes_them_in_order() -> None:
    names = ["a1", "b1", "b2", "a2", "c1", "a3"]
    waiting, found = Waiting(names, lambda name: name[0]), list[str | None]()
    for _ in names:
        with ExitStack() as held:
            found += _taken(waiting, 1, held)
    assert found == names


class _Silent(FakeRegistry):
    """Says nothing until `go`."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        assert self.go.wait(10)
        return super().resolve(repository, reference)


def test_images_for_a_registry_that_is_silent_leave_room_for_those_of_another() -> None:
    source, silent, other = FakeRegistry(), _Silent(), FakeRegistry()
    names = [f"app-{number}" for number in range(6)]
    for name in names:
        build_image(name, layers=1).push(source, name, "1.0.0")
    pairs = [
        Pair(ImagePlace(Home(source, "dev", name), "1.0.0"), ImagePlace(Home(target, "prd", name)))
        for target in (silent, other)
        for name in names
    ]
    batch = Batch(Retry(attempts=1), 4, tells_blobs=False)
    done: list[Copied] = []
    for event in batch.copy(pairs, wish=Wish(), platform=None, tick=lambda: None):
        done += [event] if isinstance(event, Copied) else []
        if len(done) == len(names):
            silent.go.set()
    assert {each.pair.target.home.registry for each in done[: len(names)]} == {other}
    assert [each.error for each in done] == [None] * len(pairs)

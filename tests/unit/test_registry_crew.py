"""Several threads for one list of things to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import ContextVar

import pytest

from tidegate.registry.crew import Crew, at_once, together


def _crew(
    act: Callable[[int], int], count: int, *, room: int = 8, most: int = 4, stop: threading.Event | None = None
) -> Crew[int, int]:
    return Crew(act, range(count), room=threading.Semaphore(room), most=most, stop=(stop or threading.Event()).set)


@pytest.mark.parametrize(
    ("count", "room", "most", "threads"), [(20, 8, 4, 4), (20, 2, 4, 2), (20, 0, 4, 1), (2, 8, 4, 2)]
)
def test_as_many_threads_as_there_is_room_and_work(count: int, room: int, most: int, threads: int) -> None:
    names, lock, free = set(), threading.Lock(), threading.Semaphore(room)

    def act(thing: int) -> int:
        time.sleep(0.01)
        with lock:
            names.add(threading.current_thread())
        return thing

    done = Crew(act, range(count), room=free, most=most, stop=lambda: None).run()
    assert sorted(done) == list(range(count))
    assert len(names) == threads
    assert threading.current_thread() in names
    assert all(free.acquire(blocking=False) for _ in range(room))


def test_one_thing_is_done_without_a_thread() -> None:
    before = threading.active_count()
    assert _crew(lambda _thing: threading.active_count() - before, 1).run() == [0]


@pytest.mark.parametrize("thrower", [0, 1])
def test_the_first_error_ends_the_others_and_is_raised(thrower: int) -> None:
    stop = threading.Event()
    did: list[int] = []

    def act(thing: int) -> int:
        did.append(thing)
        if thing == thrower:
            time.sleep(0.01)
            raise KeyError("the first")
        stop.wait(5)
        raise ValueError("stopped")

    began = time.monotonic()
    with pytest.raises(KeyError):
        _crew(act, 50, most=2, stop=stop).run()
    assert time.monotonic() - began < 3
    assert sorted(did) == [0, 1]


def test_what_is_done_at_once_comes_back_in_order() -> None:
    begun = threading.Barrier(8, timeout=5)

    def slow(value: int) -> int:
        if value < 8:
            begun.wait()  # none gets further unless eight are under way
        time.sleep(0.01 * (value % 3))
        return value * value

    assert at_once(slow, range(30)) == [value * value for value in range(30)]
    assert at_once(slow, []) == []


def test_at_once_the_first_error_leaves_the_rest_undone() -> None:
    done: list[int] = []

    def fails(value: int) -> None:
        if value == 3:
            raise KeyError(value)
        time.sleep(0.01)
        done.append(value)

    with pytest.raises(KeyError, match="3"):
        at_once(fails, range(100))
    assert len(done) < 20


def test_two_things_at_the_same_time_in_the_same_context() -> None:
    asker: ContextVar[str] = ContextVar("asker", default="nobody")
    asker.set("a test")
    met = threading.Barrier(2, timeout=10)
    assert together(lambda: met.wait() >= 0, lambda: (met.wait() >= 0, asker.get())) == (True, (True, "a test"))


def test_the_error_of_what_goes_on_aside_is_raised_when_the_other_has_ended() -> None:
    ended: list[str] = []
    failed = threading.Event()

    def aside() -> None:
        failed.set()
        raise KeyError("aside")

    with pytest.raises(KeyError):
        together(lambda: failed.wait(10) and ended.append("here"), aside)
    assert ended == ["here"]

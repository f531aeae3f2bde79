"""What every key queue does; an adapter is added to `QUEUES`."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from support.postgres_server import PostgresServer
from support.until import PATIENCE, until
from tidegate.model.key import EverythingKey, Key, MergeRequestKey, ServiceKey
from tidegate.ports.queue import Handle, KeyQueue, QueueDepth
from tidegate.server.postgres.shared import open_shared
from tidegate.server.thread_queue import ThreadQueue

A, B, C = (ServiceKey(name, "e2e") for name in ("a", "b", "c"))


def in_memory(stack: ExitStack, request: pytest.FixtureRequest) -> KeyQueue:
    del request
    queue = ThreadQueue()
    stack.callback(queue.stop, PATIENCE)
    return queue


def in_postgresql(stack: ExitStack, request: pytest.FixtureRequest) -> KeyQueue:
    server: PostgresServer = request.getfixturevalue("postgres")
    shared = stack.enter_context(open_shared(stack.enter_context(server.database()), workers=4))
    stack.callback(shared.queue.stop, PATIENCE)
    return shared.queue


QUEUES: dict[str, Callable[[ExitStack, pytest.FixtureRequest], KeyQueue]] = {
    "in memory": in_memory,
    "in PostgreSQL": in_postgresql,
}


@pytest.fixture(params=list(QUEUES))
def queue(request: pytest.FixtureRequest) -> Iterator[KeyQueue]:
    with ExitStack() as stack:
        yield QUEUES[request.param](stack, request)


class Hands:
    """A `handle` that notes what it gets, and waits where it is told to."""

    def __init__(self, *answers: float | None) -> None:
        self.got: list[tuple[Key, int]] = []
        self.answers = list(answers)
        self.held: set[Key] = set()
        self.released = threading.Event()
        self.began = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, key: Key, attempt: int) -> float | None:
        with self._lock:
            self.got.append((key, attempt))
            answer = self.answers.pop(0) if self.answers else None
        self.began.set()
        if key in self.held:
            assert self.released.wait(PATIENCE)
        return answer

    @property
    def keys(self) -> list[Key]:
        return [key for key, _ in self.got]


def idle(queue: KeyQueue) -> Callable[[], bool]:
    return lambda: queue.depth() == QueueDepth(0, 0, 0)


def test_keys_are_handled_in_order_each_once(queue: KeyQueue) -> None:
    hands = Hands()
    queue.add([A, B, MergeRequestKey("platform/gitops", 4), A, EverythingKey(), B])
    assert queue.depth().waiting == 4
    queue.start(hands, workers=1)
    until(idle(queue))
    assert hands.got == [(A, 0), (B, 0), (MergeRequestKey("platform/gitops", 4), 0), (EverythingKey(), 0)]


def test_a_key_added_while_it_is_handled_is_handled_once_more_after_that(queue: KeyQueue) -> None:
    hands = Hands()
    hands.held.add(A)
    queue.start(hands, workers=3)
    queue.add([A])
    assert hands.began.wait(PATIENCE)
    queue.add([A])
    queue.add([A, B])
    until(lambda: B in hands.keys)
    assert hands.keys.count(A) == 1
    hands.released.set()
    until(idle(queue))
    assert Counter(hands.keys) == {A: 2, B: 1}


def test_a_key_that_failed_comes_back_after_its_pause_with_its_count(queue: KeyQueue) -> None:
    hands = Hands(0.3)
    began = time.monotonic()
    queue.add([A, B])
    queue.start(hands, workers=1)
    until(idle(queue))
    assert hands.got == [(A, 0), (B, 0), (A, 1)]
    assert time.monotonic() - began >= 0.3
    queue.add([A])
    until(idle(queue))
    assert hands.got[3:] == [(A, 0)]


def test_a_key_that_waits_after_a_pause_is_handled_at_once_when_it_is_added(queue: KeyQueue) -> None:
    hands = Hands(3600.0)
    queue.start(hands, workers=1)
    queue.add([A])
    until(lambda: queue.depth().later == 1)
    queue.add([A])
    until(idle(queue))
    assert hands.got == [(A, 0), (A, 1)]


def test_stop_waits_for_what_is_in_hand_and_takes_no_more(queue: KeyQueue) -> None:
    hands = Hands()
    hands.held.add(A)
    assert not queue.is_alive
    queue.start(hands, workers=1)
    until(lambda: queue.is_alive)
    queue.add([A, B])
    assert hands.began.wait(PATIENCE)
    assert not queue.stop(0.05)
    assert not queue.is_alive
    hands.released.set()
    assert queue.stop(PATIENCE)
    assert hands.keys == [A]


def test_no_key_is_handled_twice_at_once_and_no_add_is_lost(queue: KeyQueue) -> None:
    lock = threading.Lock()
    busy: set[Key] = set()
    collisions: list[Key] = []
    version = dict.fromkeys((A, B, C), 0)
    seen = dict.fromkeys((A, B, C), 0)

    def handle(key: Key, attempt: int) -> float | None:
        del attempt
        with lock:
            if key in busy:
                collisions.append(key)
            busy.add(key)
        at_start = version[key]
        time.sleep(random.random() / 500)  # noqa: S311 - no secret
        with lock:
            busy.discard(key)
            seen[key] = at_start
        return 0.001 if random.random() < 0.1 else None  # noqa: S311 - likewise

    def change(handle: Handle) -> None:
        del handle
        for _ in range(100):
            key = random.choice((A, B, C))  # noqa: S311 - likewise
            with lock:
                version[key] += 1
            queue.add([key])

    queue.start(handle, workers=4)
    changers = [threading.Thread(target=change, args=(handle,)) for _ in range(3)]
    for each in changers:
        each.start()
    for each in changers:
        each.join()
    until(idle(queue))
    assert not collisions
    assert seen == version


def test_who_adds_is_told_when_the_queue_has_it(queue: KeyQueue) -> None:
    told = [threading.Event() for _ in range(3)]
    for event, keys in zip(told, ([A, B], [A], []), strict=True):
        queue.add(keys, event.set)
    assert all(event.wait(PATIENCE) for event in told)
    assert queue.depth() == QueueDepth(2, 0, 0)

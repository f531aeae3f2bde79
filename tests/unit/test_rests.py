"""A key of which word comes without end is handled now and then; one that was left alone, at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tidegate.model.key import EverythingKey, Key, ServiceKey
from tidegate.ports.queue import QueueDepth
from tidegate.server.rests import LONGEST_SECONDS, Rests
from tidegate.server.thread_queue import ThreadQueue

A, B = ServiceKey("a", "e2e"), ServiceKey("b", "e2e")


class Seconds:
    """Seconds that grow when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_first_word_is_heard_at_once_and_further_ones_later_and_later() -> None:
    seconds = Seconds()
    rests = Rests(seconds)
    turns = []
    for _ in range(6):
        rest = rests.rest("a")
        assert rests.rest(f"another {len(turns)}") == 0
        seconds.now += rest
        turns.append(rest)
    assert turns == [0, 0.25, 1, LONGEST_SECONDS, LONGEST_SECONDS, LONGEST_SECONDS]


def test_words_now_and_then_are_heard_at_once() -> None:
    seconds = Seconds()
    rests = Rests(seconds)
    for _ in range(10):
        assert rests.rest("a") == 0
        seconds.now += 1


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_a_rest_is_never_long_and_ends_with_silence(pauses: list[float]) -> None:
    seconds = Seconds()
    rests = Rests(seconds)
    due = 0.0
    for pause in pauses:
        seconds.now += pause
        if seconds.now < due:
            continue  # it rests already, and is not asked for
        rest = rests.rest("a")
        assert 0 <= rest <= LONGEST_SECONDS
        due = seconds.now + rest
    seconds.now = due + LONGEST_SECONDS
    assert rests.rest("a") == 0
    assert len(rests._turns) == 1


def test_a_storm_of_words_is_a_few_turns_and_the_last_word_is_not_lost() -> None:
    seconds = Seconds()
    queue = ThreadQueue(monotonic=seconds, rests=Rests(seconds))
    turns: list[Key] = []
    for _ in range(1000):  # ten seconds of it
        queue.add([A])
        if key := taken(queue):
            turns.append(key)
            queue.add([A])  # while it is handled
            queue._put_back(key, None)
        seconds.now += 0.01
    assert 4 <= len(turns) <= 6
    assert queue.depth() == QueueDepth(0, 0, 1)
    queue.add([B])
    assert taken(queue) == B, "who has said nothing for a while goes first"
    seconds.now += LONGEST_SECONDS
    assert taken(queue) == A


def test_a_key_that_rests_waits_for_no_longer_pause() -> None:
    seconds = Seconds()
    queue = ThreadQueue(monotonic=seconds, rests=Rests(seconds))
    queue.add([A])
    assert taken(queue) == A
    queue._put_back(A, 60.0)
    queue.add([A])
    seconds.now += LONGEST_SECONDS
    assert taken(queue) == A


def test_a_full_queue_looks_at_everything_once() -> None:
    seconds = Seconds()
    queue = ThreadQueue(most=1, monotonic=seconds, rests=Rests(seconds))
    queue.add([EverythingKey()])
    assert taken(queue) == EverythingKey()
    queue.add([A, B])
    assert queue.depth() == QueueDepth(1, 1, 0), "it is handled, and will be once more"


def taken(queue: ThreadQueue) -> Key | None:
    """Return the key whose turn it is, as a worker gets it."""
    with queue._changed:
        queue._wake()
        return queue._take() if queue._waiting else None

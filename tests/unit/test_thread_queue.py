from __future__ import annotations

import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.until import PATIENCE
from tidegate.errors.model import InvalidKey
from tidegate.model.key import EverythingKey, Key, MergeRequestKey, ServiceKey, parse_key
from tidegate.server.backoff import LONGEST_SECONDS, pause
from tidegate.server.thread_queue import ThreadQueue

NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
PROJECTS = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,9}(/[a-z0-9][a-z0-9._-]{0,9}){1,3}", fullmatch=True)
KEYS = st.one_of(
    st.just(EverythingKey()),
    st.builds(ServiceKey, NAMES, NAMES),
    st.builds(MergeRequestKey, PROJECTS, st.integers(1, 2**31)),
)


@given(KEYS)
def test_a_key_is_read_back_from_its_text(key: Key) -> None:
    assert parse_key(str(key)) == key


@pytest.mark.parametrize(
    "text", ["", "merge-request platform/gitops!0", "service e2e", "service e2e a b", "everything "]
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidKey):
        parse_key(text)


def test_a_full_queue_looks_at_everything_instead() -> None:
    queue = ThreadQueue(most=2)
    queue.add(ServiceKey(name, "e2e") for name in "abcdef")
    got: list[Key] = []
    handled = threading.Event()

    def handle(key: Key, attempt: int) -> None:
        del attempt
        got.append(key)
        if key == EverythingKey():
            handled.set()

    queue.start(handle, workers=1)
    assert handled.wait(PATIENCE)
    assert queue.stop(PATIENCE)
    assert got == [ServiceKey("a", "e2e"), ServiceKey("b", "e2e"), EverythingKey()]


def test_a_stopped_queue_forgets() -> None:
    queue = ThreadQueue()
    assert queue.stop(1)
    queue.add([EverythingKey()])
    assert queue.depth().waiting == 0


def test_pauses_double_up_to_a_limit_and_are_spread_by_half() -> None:
    assert [pause(attempt, 0.0) for attempt in range(4)] == [0.5, 1, 2, 4]
    assert pause(0, 0.999) == pytest.approx(1, rel=0.01)
    assert all(one <= other for one, other in itertools.pairwise(pause(attempt, 0.5) for attempt in range(40)))
    assert pause(1000, 0.0) == LONGEST_SECONDS / 2

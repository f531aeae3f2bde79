"""How many requests to one registry are under way at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.scripted_http import Received, Reply, ScriptedServer
from tidegate.http import Client, Request
from tidegate.registry.pace import Pace, Paced


def _answer(pace: Pace, count: int = 1, *, busy: bool | None = False) -> None:
    for _ in range(count):
        pace.leave(pace.enter(), busy=busy)


def test_it_starts_careful_and_grows_to_its_bound() -> None:
    pace = Pace(16)
    assert pace.limit == 4
    _answer(pace, 5)
    assert pace.limit == 9
    _answer(pace, 100)
    assert pace.limit == 16


def test_a_bound_below_the_start_holds() -> None:
    pace = Pace(2)
    _answer(pace, 9)
    assert pace.limit == 2


def test_it_halves_when_asked_for_patience_and_grows_slowly_afterwards() -> None:
    pace = Pace(16)
    _answer(pace, 12)
    _answer(pace, busy=True)
    assert pace.limit == 8
    _answer(pace, 32)
    assert pace.limit == 8
    _answer(pace, 2)
    assert pace.limit == 9
    for _ in range(4):
        _answer(pace, busy=True)
    assert pace.limit == 1
    _answer(pace, 5)
    assert pace.limit == 1
    _answer(pace)
    assert pace.limit == 2


def test_who_refuses_one_at_a_time_is_given_a_moment_and_longer_when_it_refuses_soon_again() -> None:
    slept: list[float] = []
    pace = Pace(1, sleep=slept.append, monotonic=lambda: 0.0)

    def waits_after(answers: int) -> float:
        """Return how long the next request waits after so many answers and a refusal."""
        pace._quiet_until = float("-inf")
        _answer(pace, answers)
        _answer(pace, busy=True)
        assert not pace.pause  # nobody has asked for it
        slept.clear()
        _answer(pace)
        return slept[0]

    assert [waits_after(0) for _ in range(3)] == [0.05, 0.1, 0.2]
    assert waits_after(20) == 0.2
    assert waits_after(100) == 0.1
    assert [waits_after(0) for _ in range(9)][-1] == 5


def test_answers_to_what_was_sent_before_do_not_halve_again() -> None:
    pace = Pace(16)
    _answer(pace, 12)
    sent = [pace.enter() for _ in range(8)]
    for slowed in sent:
        pace.leave(slowed, busy=True)
    assert pace.limit == 8


def test_a_request_without_an_answer_says_nothing() -> None:
    pace = Pace(16)
    _answer(pace, 3, busy=None)
    assert pace.limit == 4


def test_all_wait_as_long_as_the_registry_asked() -> None:
    now, slept = [100.0], []
    pace = Pace(16, sleep=slept.append, monotonic=lambda: now[0])
    pace.leave(pace.enter(), busy=True, wait=7)
    _answer(pace)
    now[0] += 3
    _answer(pace)
    now[0] += 5
    _answer(pace)
    assert slept == [7, 4]
    pace.leave(pace.enter(), busy=True, wait=86_400)
    _answer(pace)
    assert slept[-1] == 60


@pytest.mark.parametrize("status", [429, 503])
def test_no_more_requests_are_under_way_than_allowed(status: int) -> None:
    lock, under_way, most = threading.Lock(), [0], [0]

    def script(received: Received) -> Reply:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.02)
        with lock:
            under_way[0] -= 1
        return Reply(status if received.path == "/busy" else 200, fields={"Retry-After": "1"})

    slept: list[float] = []
    pace = Pace(3, sleep=slept.append)
    with ScriptedServer(script) as server, Client("test") as client, ThreadPoolExecutor(8) as pool:
        paced = Paced(client, pace)

        def send(path: str) -> None:
            paced.send(Request("GET", f"{server.url}{path}")).close()

        list(pool.map(send, ["/"] * 20))
        assert most[0] == 3
        send("/busy")
        assert pace.limit == 1
        send("/")
        assert 0 < slept[-1] <= 1

"""Requests that are on their way at once in one thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from support.scripted_http import Received, Reply, ScriptedServer, by_line
from tidegate.errors.http import ConnectionBroken, HostUnreachable
from tidegate.http import Client, Request, Timeouts, later
from tidegate.registry.pace import Pace, Paced


@pytest.fixture
def client() -> Iterator[Client]:
    with Client("test/1", timeouts=Timeouts(5, 10)) as client:
        yield client


def _get(path: str, server: ScriptedServer) -> Request:
    return Request("GET", f"{server.url}{path}")


def test_all_have_been_sent_before_the_first_answer_is_waited_for(client: Client) -> None:
    met = threading.Barrier(3, timeout=10)  # no answer comes before all three have

    def script(received: Received) -> Reply:
        met.wait()
        return Reply(body=received.path.encode())

    with ScriptedServer(script) as server:
        begun = [client.begin(_get(f"/{number}", server)) for number in range(3)]
        for number, each in enumerate(begun):
            with each.answer() as response:
                assert response.read(10) == f"/{number}".encode()
        assert server.connections == 3


def test_one_that_is_given_up_leaves_nothing_open(client: Client) -> None:
    with ScriptedServer(by_line({"GET /a": Reply(body=b"a"), "GET /b": Reply(body=b"b")})) as server:
        client.begin(_get("/a", server)).abandon()
        with client.send(_get("/b", server)) as response:
            assert response.read(10) == b"b"  # not the answer to the other
        assert server.connections == 2


@pytest.mark.parametrize(("method", "tried_again"), [("GET", True), ("POST", False)])
def test_a_kept_connection_that_breaks_before_the_answer_is_replaced(
    client: Client, method: str, *, tried_again: bool
) -> None:
    answers: list[Reply | None] = [Reply(), None, Reply(201)]
    with ScriptedServer(lambda _: answers.pop(0)) as server:
        client.send(_get("/", server)).close()
        begun = client.begin(Request(method, f"{server.url}/"))
        if tried_again:
            with begun.answer() as response:
                assert response.status == 201
        else:
            with pytest.raises(ConnectionBroken):
                begun.answer()


def test_a_redirect_is_followed_when_the_answer_is_waited_for(client: Client) -> None:
    lines = {"GET /a": Reply(302, fields={"Location": "/b"}), "GET /b": Reply(body=b"b")}
    with ScriptedServer(by_line(lines)) as server, client.begin(_get("/a", server)).answer() as response:
        assert response.read(10) == b"b"


def test_one_for_which_there_is_no_place_is_sent_when_its_answer_is_waited_for(client: Client) -> None:
    with ScriptedServer(by_line({"GET /a": Reply(body=b"a")})) as server:
        kept = later(client, _get("/a", server))
        kept.abandon()
        assert server.connections == 0
        with kept.answer() as response:
            assert response.read(10) == b"a"


def test_half_of_a_registrys_slots_are_kept_for_those_who_wait() -> None:
    pace = Pace(8, first=4)
    ahead = [pace.enter_ahead() for _ in range(3)]
    assert ahead == [0, 0, None]
    pace.enter()
    pace.enter()
    pace.leave(0, busy=None, ahead=True)
    assert pace.enter_ahead() is not None
    pace.leave(0, busy=None)
    pace.leave(0, busy=None)
    assert pace.enter_ahead() is None  # two of four are free, and two are under way ahead


def test_nothing_is_sent_ahead_while_all_slots_are_taken_or_the_registry_asks_for_patience() -> None:
    now = [100.0]
    pace = Pace(2, first=2, sleep=lambda _seconds: None, monotonic=lambda: now[0])
    held = [pace.enter(), pace.enter()]
    assert pace.enter_ahead() is None
    pace.leave(held[0], busy=None)
    pace.leave(held[1], busy=None)
    slowed = pace.enter_ahead()
    assert slowed is not None
    pace.leave(slowed, busy=True, wait=5, ahead=True)
    for _ in range(6):
        pace.leave(pace.enter(), busy=False)
    assert pace.limit == 2, "there is room for two again"
    assert pace.enter_ahead() is None
    now[0] += 6
    assert pace.enter_ahead() is not None


def test_who_has_some_under_way_gets_a_slot_also_when_fewer_are_left_than_these_take() -> None:
    pace = Pace(8, first=8, sleep=lambda _seconds: None)
    assert None not in [pace.enter_ahead() for _ in range(4)]
    for _ in range(3):
        pace.leave(pace.enter(), busy=True)
    assert pace.limit == 1
    entered = threading.Event()
    threading.Thread(target=lambda: (pace.enter(), entered.set()), daemon=True).start()
    assert entered.wait(10), "it waits until patience ends"


def test_a_paced_request_holds_its_slot_until_it_is_answered_or_given_up(client: Client) -> None:
    pace = Pace(2, first=2)
    paced = Paced(client, pace)
    with ScriptedServer(by_line({"GET /a": Reply(body=b"a"), "GET /b": Reply(429)})) as server:
        begun = paced.begin(_get("/a", server))
        assert pace.enter_ahead() is None
        begun.answer().close()
        paced.begin(_get("/a", server)).abandon()
        paced.begin(_get("/b", server)).answer().close()
        assert pace.limit == 1


def test_a_request_that_can_not_be_sent_gives_its_slot_back(client: Client) -> None:
    pace = Pace(2, first=2)
    with pytest.raises(HostUnreachable):
        Paced(client, pace).begin(Request("GET", "http://127.0.0.1:1/"))
    assert pace.enter_ahead() is not None

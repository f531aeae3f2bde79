"""Who tells: one suite on the claims of one process, and on those that processes share through PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta

import pytest

from support.postgres_server import PostgresServer
from support.until import PATIENCE, until
from tidegate.errors.queue import QueueUnreachable
from tidegate.server.notices.claims import Claims, OwnClaims
from tidegate.server.postgres.database import Database
from tidegate.server.postgres.notice_claims import SharedClaims

AT_ONCE = timedelta(0)
MINUTE = timedelta(minutes=1)
Open = Callable[[timedelta], Claims]


@contextmanager
def shared(url: str, quiet: timedelta) -> Iterator[SharedClaims]:
    with closing(Database.open(url, 3)) as database:
        yield SharedClaims(database, quiet)


@pytest.fixture(params=["own", "shared"])
def opened(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Give what opens claims: for one process, or another of several."""
    if request.param == "own":
        yield OwnClaims
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with ExitStack() as stack:
        url = stack.enter_context(server.database())
        yield lambda quiet: stack.enter_context(shared(url, quiet))


def won(claims: Claims, *identities: str, target: str = "sre", every: timedelta = AT_ONCE) -> set[str]:
    with claims.turn(target, every, identities) as turn:
        assert turn.wait == 0
        return set(turn.won)


def test_what_was_told_is_not_told_again(opened: Open) -> None:
    claims = opened(MINUTE)
    assert won(claims, "a", "b", "a") == {"a", "b"}
    assert won(claims, "a", "b", "c") == {"c"}
    assert won(claims, "a", "b", "c") == set()
    assert won(claims, "a", target="dev") == {"a"}, "another target has not heard of it"


def test_after_a_while_it_is_news_again(opened: Open) -> None:
    claims = opened(timedelta(milliseconds=100))
    assert won(claims, "a") == {"a"}
    until(lambda: won(claims, "a"))


def test_what_could_not_be_told_is_not_told_yet(opened: Open) -> None:
    claims = opened(MINUTE)
    with pytest.raises(ZeroDivisionError), claims.turn("sre", MINUTE, ["a"]):
        raise ZeroDivisionError
    assert won(claims, "a", every=MINUTE) == {"a"}


def test_a_target_gets_one_message_in_a_time(opened: Open) -> None:
    claims = opened(MINUTE)
    assert won(claims, "a", every=MINUTE) == {"a"}
    with claims.turn("sre", MINUTE, ["b"]) as turn:
        assert turn.won == frozenset()
        assert 50 < turn.wait <= 60
    with claims.turn("dev", MINUTE, ["b"]) as turn:
        assert turn.won == {"b"}
    with claims.turn("sre", MINUTE, ["b"], last=True) as turn:
        assert turn.won == {"b"}, "the process ends"


def test_a_turn_that_tells_nothing_is_no_message(opened: Open) -> None:
    claims = opened(MINUTE)
    assert won(claims, "a") == {"a"}
    with claims.turn("dev", MINUTE, []):
        pass
    assert won(claims, "b", target="dev", every=MINUTE) == {"b"}


def test_a_notice_is_told_by_one_of_two(postgres: PostgresServer) -> None:
    with postgres.database() as url, shared(url, MINUTE) as one, shared(url, MINUTE) as other:
        with one.turn("sre", MINUTE, ["a", "b"]) as turn:
            assert turn.won == {"a", "b"}
            with other.turn("sre", MINUTE, ["a", "c"]) as busy:
                assert (busy.wait > 0, busy.won) == (True, frozenset())
            assert won(other, "a", target="dev") == {"a"}, "only this target is in hand"
        with other.turn("sre", MINUTE, ["c"]) as turn:
            assert turn.wait > 50, "the message was the other's, and is one all the same"
        with other.turn("sre", MINUTE, ["a", "c"], last=True) as turn:
            assert turn.won == {"c"}


def test_one_that_ends_while_it_tells_has_told_nothing(postgres: PostgresServer) -> None:
    with postgres.database() as url, shared(url, MINUTE) as one, shared(url, MINUTE) as other:
        lost = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
        with pytest.raises(QueueUnreachable), one.turn("sre", MINUTE, ["a"]):
            assert postgres.ask(url, lost) == "t"
        assert won(other, "a", every=MINUTE) == {"a"}


def test_tables_that_somebody_deleted_are_an_error_until_they_are_there_again(postgres: PostgresServer) -> None:
    with postgres.database() as url, closing(Database.open(url, 3)) as database:
        claims = SharedClaims(database)
        postgres.ask(url, "DROP TABLE tidegate_queue.notices_told, tidegate_queue.notice_targets")
        with pytest.raises(QueueUnreachable, match="who tells sre"):
            won(claims, "a")
        database.prepare()
        assert won(claims, "a") == {"a"}


def test_many_threads_of_two_processes_tell_each_notice_once(postgres: PostgresServer) -> None:
    told: list[str] = []
    with postgres.database() as url, shared(url, MINUTE) as one, shared(url, MINUTE) as other:

        def tell(claims: Claims) -> None:
            left = [f"notice {number}" for number in range(20)]
            while left:
                with claims.turn("sre", AT_ONCE, left[:3]) as turn:
                    told.extend(turn.won)
                if not turn.wait:
                    del left[:3]

        threads = [threading.Thread(target=tell, args=(each,)) for each in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert sorted(told) == sorted(f"notice {number}" for number in range(20))

"""What the queue in PostgreSQL does beyond the contract: several processes, lost ones, a database that goes away."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from support.postgres_server import PostgresServer
from support.until import PATIENCE, until
from tidegate.engine.views.board import Fault
from tidegate.model.key import EverythingKey, Key, MergeRequestKey, ServiceKey
from tidegate.ports.queue import QueueDepth
from tidegate.server.others import Touched
from tidegate.server.postgres import jobs
from tidegate.server.postgres.database import Database
from tidegate.server.postgres.queue import Rhythm
from tidegate.server.postgres.shared import open_shared
from tidegate.server.rests import LONGEST_SECONDS, Rests

A, B = ServiceKey("a", "e2e"), ServiceKey("b", "e2e")
QUICK = Rhythm(beat=0.1, fence=0.6, stalled=60.0, poll=0.2)
"""Nobody is taken for dead because the machine had no time for its heartbeat."""
AN_HOUR_AGO = "UPDATE tidegate_queue.procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database() as url:
        yield url


class Hands:
    """Notes what it gets, and how many have a key at once; holds on until it is told to let go."""

    def __init__(self, *, holding: bool = False) -> None:
        self.got: list[Key] = []
        self.busy: Counter[Key] = Counter()
        self.most = 0
        self.free = threading.Event()
        self._lock = threading.Lock()
        if not holding:
            self.free.set()

    def __call__(self, key: Key, attempt: int) -> None:
        del attempt
        with self._lock:
            self.got.append(key)
            self.busy[key] += 1
            self.most = max(self.most, self.busy[key])
        assert self.free.wait(PATIENCE)
        with self._lock:
            self.busy[key] -= 1


def test_processes_share_the_keys_and_none_has_one_that_another_has(url: str) -> None:
    hands = Hands()
    keys = [ServiceKey(f"s{number}", "e2e") for number in range(5)]
    with open_shared(url, workers=3) as one, open_shared(url, workers=3) as other:
        for shared in (one, other):
            shared.queue.start(hands, workers=3)
        for number in range(60):
            (one if number % 2 else other).queue.add([keys[number % 5], keys[(number * 7) % 5]])
            time.sleep(0.003)
        for shared in (one, other):  # what is still to be written is known to who added it alone
            until(lambda: shared.queue.depth() == QueueDepth(0, 0, 0))  # noqa: B023 - called at once
    assert hands.most == 1
    assert set(hands.got) == set(keys)


def test_what_a_killed_process_had_in_hand_is_taken_over(url: str) -> None:
    hands = Hands(holding=True)
    with closing(Database.open(url, 1)) as database, database.connection() as connection:
        jobs.add(connection, {str(A): 0.0})
        dead = jobs.register(connection)
        taken = jobs.take(connection, dead)
        assert taken is not None
        connection.execute(AN_HOUR_AGO)
        with open_shared(url, workers=1, rhythm=QUICK) as shared:
            shared.queue.start(hands, workers=1)
            until(lambda: hands.got == [A])
            # It was not dead, only slow: what it says of a key that is in another's hand counts no more.
            jobs.put_back(connection, taken, 0.0)
            assert jobs.depth(connection) == QueueDepth(0, 1, 0)
            jobs.finish(connection, taken)
            assert jobs.depth(connection) == QueueDepth(0, 1, 0)
            hands.free.set()
            until(lambda: shared.queue.depth() == QueueDepth(0, 0, 0))
    assert hands.got == [A]


def test_a_key_that_was_added_again_is_not_lost_with_the_process_that_had_it(url: str) -> None:
    with closing(Database.open(url, 1)) as database, database.connection() as connection:
        jobs.add(connection, {str(A): 0.0, str(B): 0.0})
        dead = jobs.register(connection)
        assert jobs.take(connection, dead)
        jobs.add(connection, {str(A): 0.0})
        assert jobs.depth(connection) == QueueDepth(2, 1, 0)
        assert jobs.take_over(connection, 3600) == 0
        assert jobs.take_over(connection, 0) == 1
        assert jobs.depth(connection) == QueueDepth(2, 0, 0)


def test_who_adds_is_told_when_all_of_theirs_is_in_the_database(url: str) -> None:
    seen: list[int] = []
    with closing(Database.open(url, 1)) as database, open_shared(url, workers=1) as shared:

        def look(number: int) -> None:
            with database.connection() as connection:
                rows = connection.execute("SELECT queueing_lock FROM procrastinate_jobs").fetchall()
            seen.extend([number] if {str(key) for key in wanted(number)} <= {row[0] for row in rows} else [-1])

        for number in range(20):
            shared.queue.add(wanted(number), lambda number=number: look(number))  # type: ignore[misc]
        until(lambda: len(seen) == 20)
    assert sorted(seen) == [*range(20)]


def wanted(number: int) -> list[Key]:
    """More keys than are written at once."""
    return [ServiceKey(f"s{number}-{each}", "e2e") for each in range(100)]


def test_the_others_are_woken_for_a_key_whose_turn_it_is_and_for_no_other(url: str) -> None:
    with closing(Database.open(url, 1)) as database, database.connection() as connection:
        assert jobs.add(connection, {str(A): 0.0})
        assert not jobs.add(connection, {str(A): 0.0}), "it waits already"
        assert not jobs.add(connection, {str(A): 0.0, str(B): 60.0}), "the one waits, the other rests"
        assert not jobs.add(connection, {str(B): 90.0}), "it rests for no longer than it did"
        assert jobs.depth(connection) == QueueDepth(1, 0, 1)
        assert jobs.add(connection, {str(B): 0.0})
        assert jobs.depth(connection) == QueueDepth(2, 0, 0)


def test_what_the_database_has_not_taken_yet_is_counted(url: str) -> None:
    with closing(Database.open(url, 1)) as database, database.connection() as connection:
        with open_shared(url, workers=1) as shared, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (jobs._LOCK,))  # adding waits for it
            shared.queue.add([A])
            assert shared.queue.depth() == QueueDepth(1, 0, 0)
        assert jobs.depth(connection) == QueueDepth(1, 0, 0)


def test_who_adds_while_the_database_is_away_is_told_that_it_waits_in_memory(
    url: str, postgres: PostgresServer
) -> None:
    first, second = threading.Event(), threading.Event()
    with open_shared(url, workers=1, rhythm=QUICK) as shared:
        postgres.stop()
        shared.queue.add([A], first.set)
        assert first.wait(PATIENCE)
        shared.queue.add([B], second.set)
        assert second.is_set(), "nobody waits for what is known to be away"
        postgres.start()
        until(lambda: shared.queue.depth() == QueueDepth(2, 0, 0))


def test_a_key_that_is_added_again_and_again_rests_and_the_last_word_is_not_lost(url: str) -> None:
    hands = Hands()
    said, heard = 0, 0

    def hear(key: Key, attempt: int) -> None:
        nonlocal heard
        now = said
        hands(key, attempt)
        heard = now

    with open_shared(url, workers=2, rhythm=QUICK, rests=Rests()) as shared:
        shared.queue.start(hear, workers=2)
        began = time.monotonic()
        while len(hands.got) < 2 or said < 300:
            assert time.monotonic() < began + PATIENCE
            said += 1
            shared.queue.add([A])
            time.sleep(0.002)
        until(lambda: heard == said)
        until(lambda: shared.queue.depth() == QueueDepth(0, 0, 0))
        took = time.monotonic() - began
        assert len(hands.got) <= 3 * (1 + took / LONGEST_SECONDS), "at once, after 0.25 s, after 1 s, and then seldom"
        shared.queue.add([B])
        until(lambda: B in hands.got)
    assert hands.most == 1


def test_the_database_goes_away_and_comes_back(url: str, postgres: PostgresServer) -> None:
    hands = Hands(holding=True)
    heard: list[Touched] = []
    with open_shared(url, workers=1, rhythm=QUICK) as shared:
        queue = shared.queue
        queue.start(hands, workers=1)
        queue.add([A])
        until(lambda: hands.got == [A])
        until(lambda: queue.holds(A))
        assert not queue.holds(B)
        shared.announcements.subscribe(heard.append)
        postgres.stop()
        until(lambda: not queue.holds(A))
        assert not queue.is_alive
        queue.add([B])
        hands.free.set()
        postgres.start()
        until(lambda: queue.is_alive)
        until(lambda: B in hands.got)  # the depth is our own until the database answers: it may be 0 before that
        until(lambda: queue.depth() == QueueDepth(0, 0, 0))
        until(lambda: Touched() in heard)  # what others told meanwhile is not known
    assert hands.most == 1
    assert hands.got == [A, B]


def test_tables_that_somebody_deletes_are_made_anew_and_everything_is_looked_at(
    url: str, postgres: PostgresServer
) -> None:
    hands = Hands()
    with open_shared(url, workers=1, rhythm=QUICK) as shared:
        shared.queue.start(hands, workers=1)
        until(lambda: shared.queue.is_alive)
        postgres.ask(url, "DROP SCHEMA tidegate_queue CASCADE")
        until(lambda: EverythingKey() in hands.got)
        shared.queue.add([A])
        until(lambda: A in hands.got)


def test_tables_of_an_older_version_are_made_anew_by_the_first_of_many(url: str, postgres: PostgresServer) -> None:
    with closing(Database.open(url, 1)):
        postgres.ask(url, "COMMENT ON SCHEMA tidegate_queue IS 'Tidegate''s queue, procrastinate 3.9.1'")

        def prepare(_: int) -> bool:
            with closing(Database(url, 1)) as database:
                return database.prepare()

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(prepare, range(6))) == [*[False] * 5, True]


def test_what_is_in_hand_at_the_end_is_handed_back(url: str) -> None:
    hands, others = Hands(holding=True), Hands()
    with open_shared(url, workers=1) as shared:
        shared.queue.start(hands, workers=1)
        shared.queue.add([A])
        until(lambda: hands.got == [A])
        assert not shared.queue.stop(0)
        shared.queue.add([B])
    assert not shared.queue.holds(A)
    with open_shared(url, workers=1) as shared:
        shared.queue.start(others, workers=1)
        until(lambda: set(others.got) == {A, B})
    hands.free.set()


def test_others_are_told_what_was_touched(url: str) -> None:
    heard: dict[str, list[Touched]] = {"one": [], "other": []}
    key = MergeRequestKey("platform/gitops", 4)
    long = frozenset(ServiceKey(f"service-{number:04}", "staging") for number in range(1000))
    with open_shared(url, workers=1) as one, open_shared(url, workers=1) as other:
        one.announcements.subscribe(heard["one"].append)
        other.announcements.subscribe(heard["other"].append)
        for shared, there in ((one, heard["other"]), (other, heard["one"])):
            until(lambda: shared.announcements.tell(Touched(B)) or there)  # noqa: B023 - called at once
            shared.announcements.tell(Touched(A))
            until(lambda: Touched(A) in there)  # noqa: B023 - likewise: they listen, and have heard all until now
        for each in heard.values():
            each.clear()
        told = Touched(key, frozenset({A, B}), Fault("forge/unreachable", "no answer – §", None, waits=True))
        one.announcements.tell(told)
        one.announcements.tell(Touched(A, long))
        one.announcements.tell(Touched())
        until(lambda: len(heard["other"]) == 3)
        until(lambda: len(heard["one"]) == 2)
    assert heard["other"] == [told, Touched(), Touched()]
    assert heard["one"] == [Touched(), Touched()], "its own wish for a resync it hears too"

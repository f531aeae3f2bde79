"""Nothing that matters lives in the server: killed under load and its data deleted, it is right after one resync."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from support.busy_world import PROOF, approval, approve, assert_delivered_once, busy_world, names_of, undelivered
from support.hook_load import HookLoad
from support.postgres_server import PostgresServer
from support.server_process import ServerProcess

MANY = 8
KILLED_AFTER = (2, 5)
"""How many are delivered when the server is killed."""


@contextmanager
def in_memory(request: pytest.FixtureRequest) -> Iterator[tuple[tuple[str, ...], Callable[[], object]]]:
    """Give the options of a queue in memory, and how its data is deleted."""
    del request
    yield (), lambda: None


@contextmanager
def in_postgresql(request: pytest.FixtureRequest) -> Iterator[tuple[tuple[str, ...], Callable[[], object]]]:
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield ("--queue", url), lambda: server.ask(url, "DROP SCHEMA tidegate_queue CASCADE")


@pytest.mark.parametrize("queue", [in_memory, in_postgresql])
def test_killed_under_load_and_its_data_deleted_it_is_right_after_one_resync(
    tmp_path: Path,
    queue: Callable[[pytest.FixtureRequest], AbstractContextManager[tuple[tuple[str, ...], Callable[[], object]]]],
    request: pytest.FixtureRequest,
) -> None:
    world = busy_world(tmp_path / "world", MANY)
    approve(world, range(1, MANY))
    events = [approval(number) for number in range(1, MANY + 1)]
    running: list[ServerProcess] = []
    with (
        queue(request) as (options, delete_data),
        HookLoad(lambda: int(running[-1].url.rpartition(":")[2]) if running else 1, events, PROOF) as load,
    ):
        for count in KILLED_AFTER:
            with ServerProcess(world, ("--resync", "1h", *options)) as server:
                running.append(server)
                server.until(lambda: MANY - len(undelivered(world, MANY)) >= count)  # noqa: B023 - called at once
                server.kill()
            delete_data()
            (world.folder / "cache").rename(world.folder / f"gone-{count}")  # its last git commands may run still
        with ServerProcess(world, ("--resync", "1h", *options)) as server:
            running.append(server)
            server.ready()
            # One resync, and what follows from it: the last one is not approved yet.
            server.until(lambda: undelivered(world, MANY) == names_of(MANY)[-1:])
            server.until(lambda: server.cell("staging", "app00")["version"] == "1.1.3")
            server.until(lambda: server.cell("staging", names_of(MANY)[-1])["state"] == "waiting")
            approve(world, [MANY])
            server.until(lambda: not undelivered(world, MANY))
            assert server.stop() == 0
    assert load.answers[202] > MANY
    assert load.answers[401] > 0
    assert set(load.answers) <= {202, 401}
    assert_delivered_once(world, MANY)

"""Processes that share a queue in PostgreSQL: what one loses another takes over, and nothing is done twice."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from support.busy_world import PROOF, approval, approve, assert_delivered_once, busy_world, names_of, undelivered
from support.postgres_server import PostgresServer
from support.road_texts import STAGING
from support.server_process import ServerProcess
from support.until import PATIENCE, until
from support.worker_process import WorkerProcess
from tidegate.model.key import MergeRequestKey
from tidegate.server.postgres.shared import open_shared

ROUNDS = 3
BATCH = 6
MANY = ROUNDS * BATCH


@pytest.fixture
def queue(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database() as url:
        yield url


def test_two_servers_and_three_workers_of_which_one_is_killed_again_and_again(tmp_path: Path, queue: str) -> None:
    world = busy_world(tmp_path / "world", MANY)
    options = ("--resync", "1h", "--workers", "1", "--queue", queue)
    with ExitStack() as stack:
        servers = [stack.enter_context(ServerProcess(world, options)) for _ in range(2)]
        workers = [stack.enter_context(WorkerProcess(world, queue)) for _ in range(2)]
        for server in servers:
            server.ready()
        victims: list[WorkerProcess] = []
        killed: dict[str, float] = {}
        for batch in range(ROUNDS):
            numbers = range(1 + batch * BATCH, 1 + (batch + 1) * BATCH)
            approve(world, numbers)
            with WorkerProcess(world, queue, ("--workers", "4")) as victim:
                victim.first("work")
                servers[0].until(lambda: keys(servers[0], "waiting") == 0)
                for number in numbers:
                    assert servers[number % 2].post("/webhooks/gitlab", approval(number), PROOF).status == 202
                until(lambda: victim.events("plan") or nothing_is_left(servers[0]), every=0.005)
                victim.kill()
                victims.append(victim)
                done = {line["key"] for line in victim.events("handled")}
                killed |= {line["key"]: time.time() for line in victim.events("plan") if line["key"] not in done}
        workers.append(stack.enter_context(WorkerProcess(world, queue)))
        servers[0].until(lambda: not undelivered(world, MANY))
        everybody = [*servers, *workers]

        def since(died: float, event: str, key: str | None = None) -> list[float]:
            lines = [line for each in (*everybody, *victims) for line in each.events(event) if line.get("key") == key]
            return [at(line) - died for line in lines if at(line) > died]

        assert killed, "in none of the rounds"
        for key, died in killed.items():
            servers[0].until(lambda: since(died, "handled", key))  # noqa: B023 - called at once
            assert min(since(died, "take-over")) < 30
        for server in servers:
            server.until(lambda: shown(server) == dict.fromkeys(names_of(MANY), "1.1.3"))  # noqa: B023 - called at once
        for each in everybody:
            assert each.stop() == 0
            assert not [line for line in each.log if "traceback" in line]
    assert_delivered_once(world, MANY)


def keys(server: ServerProcess, state: str) -> float:
    """Return how many keys of all processes are in a state."""
    name = f'tidegate_queue_keys{{state="{state}"}} '
    (line,) = [each for each in server.get("/metrics").text.splitlines() if each.startswith(name)]
    return float(line.removeprefix(name))


def nothing_is_left(server: ServerProcess) -> bool:
    """Return whether the others were faster: they have done it all."""
    return keys(server, "waiting") + keys(server, "handling") == 0


def shown(server: ServerProcess) -> dict[str, str]:
    """Return what a server's board says of staging: service → version."""
    board = server.get("/api/v1/board").json
    place = board["environments"].index("staging")
    return {row["service"]: row["cells"][place]["version"] for row in board["rows"]}


def at(line: dict[str, str]) -> float:
    return datetime.fromisoformat(line["time"]).timestamp()


def test_a_worker_shows_what_it_does(tmp_path: Path, queue: str) -> None:
    world = busy_world(tmp_path / "world", 1)
    options = ("--workers", "1", "--metrics", "127.0.0.1:0")
    # What adds the key takes none: a server would be as likely to do the work as the worker.
    with WorkerProcess(world, queue, options) as worker, open_shared(queue, workers=1) as shared:
        port = worker.first("listen")["port"]
        shared.queue.add([MergeRequestKey(STAGING, 1)])
        worker.first("handled")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
            figures = answer.read().decode()
        assert 'tidegate_calls_total{account="",kind="git",operation="fetch",outcome="ok"}' in figures
        assert "tidegate_keys_handled_total{" in figures
        assert worker.stop() == 0

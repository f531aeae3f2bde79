"""`tidegate serve` is asked to end: what is in hand is finished, what follows is handed back, nobody holds it up."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.road_texts import STAGING, Settings
from support.road_world import RoadWorld, world_with_release
from support.server_process import ServerProcess
from support.until import PATIENCE

MUCH_LONGER = 15.0
"""Seconds that no machine takes for this, and yet less than what is waited for where nothing else is said: 20 s."""
HOOK = """\
#!/bin/sh
test -e {folder}/began && exit 0
touch {folder}/began
read line < {folder}/go
"""


@pytest.fixture
def world(tmp_path: Path) -> RoadWorld:
    """Give a world with an approved merge request, whose delivery pushes a commit and then merges."""
    world = world_with_release(tmp_path / "world", Settings(rewrite="on-approval"), until="e2e")
    world.tidegate("promote", "inventory", "--to", "staging")
    world.tidegate("mr", "approve", f"{STAGING}!1", "--as", "sam")
    return world


@contextmanager
def held(world: RoadWorld, folder: Path) -> Iterator[Path]:
    """Have the repository hold the next push until the pipe that this gives is written to."""
    hook = world.repository(STAGING) / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    os.mkfifo(folder / "go")
    hook.write_text(HOOK.format(folder=folder))
    hook.chmod(0o755)
    yield folder / "go"
    hook.unlink()


def refuses(server: ServerProcess) -> bool:
    """Return whether the server takes no more connections."""
    port = urlsplit(server.url).port
    assert port is not None
    with closing(socket.socket()) as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


def test_the_step_in_hand_is_finished_and_the_next_is_handed_back(tmp_path: Path, world: RoadWorld) -> None:
    with held(world, tmp_path) as gate, ServerProcess(world) as server:
        server.until((tmp_path / "began").exists)
        server.process.send_signal(signal.SIGTERM)
        server.until(lambda: refuses(server))
        assert server.process.poll() is None, "it waits for the step"
        gate.write_text("go\n")
        assert server.process.wait(PATIENCE) == 0
        server.until(lambda: server.events("stop"))
        assert [line["message"] for line in server.events("stop")] == ["stopped"]
        done = [line["step"] for line in server.events("done")]
        assert done[-1] == "commit-files", "what was begun"
        assert [line["outcome"] for line in server.events("handled") if f"{STAGING}!1" in line["key"]] == [
            "handed back"
        ]
        assert len(world.json("mr", "list")["mergeRequests"]) == 1, "it is open still"
    with ServerProcess(world) as server:
        server.ready().until(lambda: server.cell("staging")["version"] == "1.1.3")
        assert "commit-files" not in [line["step"] for line in server.events("done")], "what was done is found"


def test_a_step_that_takes_too_long_ends_with_the_process_and_is_found_again(tmp_path: Path, world: RoadWorld) -> None:
    with held(world, tmp_path) as gate:
        with ServerProcess(world, ("--resync", "1h", "--deadline", "1s")) as server:
            server.until((tmp_path / "began").exists)
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < MUCH_LONGER
            assert [line["message"] for line in server.events("stop")] == ["stopped, and left a step to the next run"]
        gate.write_text("go\n")  # git outlives the server, and ends now
    with ServerProcess(world) as server:
        server.ready().until(lambda: server.cell("staging")["version"] == "1.1.3")


def test_many_slow_clients_hold_up_neither_others_nor_the_end(tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world")
    with ServerProcess(world, ("--resync", "1h", "--deadline", "5s")) as server, ExitStack() as stack:
        server.ready()
        port = urlsplit(server.url).port
        assert port is not None
        heads = (
            b"",
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-",
            b"POST /webhooks/gitlab HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\nhalf",
            f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {server.cookie}\r\n\r\n".encode(),
        )
        for number in range(400):
            sock = stack.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)))
            sock.sendall(heads[number % len(heads)])
        for _ in range(20):
            began = time.monotonic()
            assert server.get("/api/v1/board").status == 200
            assert time.monotonic() - began < MUCH_LONGER
        assert server.get("/healthz").status == 200
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < MUCH_LONGER
        assert [line["message"] for line in server.events("stop")] == ["stopped"]

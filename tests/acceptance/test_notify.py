"""`tidegate serve` as a process tells people what is new, and nothing twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.message_room import SECRET, MessageRoom, message_room
from support.postgres_server import PostgresServer
from support.road_texts import STAGING, Settings
from support.road_world import RoadWorld, release_image, world_with_release
from support.server_process import ServerProcess
from support.worker_process import WorkerProcess
from tidegate.model.notice import Tone

QUICK = ("--resync", "1s")
NOTIFY = "server: {notify: {sre: {url_env: SRE_NOTIFY_URL, every: 1s%s}}}\n"
ONE = f"{STAGING}!1"


@pytest.fixture
def room() -> Iterator[MessageRoom]:
    with message_room() as room:
        yield room


def world_that_tells(folder: Path, room: MessageRoom, only: str = "") -> RoadWorld:
    """Return a world in which 1.1.3 is in e2e, and in whose name `room` is told."""
    world = world_with_release(folder, until="e2e")
    world.configure(Settings().text + NOTIFY % only)
    world.variables["SRE_NOTIFY_URL"] = room.address
    return world


def failures(server: ServerProcess) -> list[dict[str, Any]]:
    """Return the log's lines about keys whose handling failed."""
    return [line for line in server.events("handled") if line["outcome"] == "failed"]


def test_what_is_new_is_told_on_the_whole_road(tmp_path: Path, room: MessageRoom) -> None:
    world = world_that_tells(tmp_path / "world", room, ", environments: [staging]")
    text = (world.folder / "tidegate.yaml").read_text()
    world.configure(
        text.replace('{count: 1, from: ["group:platform/staging', '{count: 2, from: ["group:platform/staging')
    )
    with ServerProcess(world, QUICK) as server:
        server.ready()
        world.tidegate("promote", "inventory", "--to", "staging")
        room.until(lambda: room.got)
        opened = room.got[0]
        assert (opened.title, opened.tone) == ("inventory 1.1.3 to staging: promotion opened", Tone.INFO)
        (said,) = world.json("why", "inventory", "--in", "staging")["explanations"]
        assert said["sentence"] in opened.body
        assert "inventory in staging: nothing yet → 1.1.3" in opened.body

        world.tidegate("mr", "approve", ONE, "--as", "sam")
        room.until(lambda: "inventory 1.1.3 to staging: waiting for approval" in room.titles)
        assert f"{ONE} needs 1 more approval from group:platform/staging-approvers" in room.got[-1].body
        assert f"What to do: ask group:platform/staging-approvers to approve {ONE}" in room.got[-1].body
        world.tidegate("mr", "approve", ONE, "--as", "ann")
        room.until(lambda: "inventory 1.1.3 to staging: delivered" in room.titles)
        assert f"staging has inventory 1.1.3, brought by {ONE}" in room.got[-1].body

        world.push_image("e2e", "1.1.4-rc1", release_image("inventory 1.1.4"))
        world.declare("e2e", "1.1.4-rc1")
        server.until(lambda: "1.1.4" in server.cell("staging")["sentence"])
        world.tidegate("promote", "inventory", "--to", "staging")
        room.until(lambda: "inventory 1.1.4 to staging: promotion opened" in room.titles)
        hook = world.repository(STAGING) / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\n! grep -q refs/heads/main || { echo no room >&2; exit 1; }\n")
        hook.chmod(0o755)
        world.tidegate("mr", "approve", f"{STAGING}!2", "--as", "sam")
        room.until(lambda: "inventory 1.1.4 to staging: waiting for approval" in room.titles)
        world.tidegate("mr", "approve", f"{STAGING}!2", "--as", "ann")
        room.until(lambda: "inventory 1.1.4 to staging: failed" in room.titles)
        failed = room.got[-1]
        server.until(lambda: failures(server))
        (code,) = {line["code"] for line in failures(server)}
        assert failed.tone is Tone.FAILURE
        assert f"({code})" in failed.body
        assert "What to do: " in failed.body
        before = len(failures(server))
        server.until(lambda: len(failures(server)) > before + 2)
        assert room.titles.count(failed.title) == 1, "it failed again, and is told once"

        hook.unlink()
        room.until(lambda: "inventory 1.1.4 to staging: delivered" in room.titles)
        sent = 'tidegate_notices_total{event="delivered",outcome="sent",target="sre"} 2.0'
        server.until(lambda: sent in server.get("/metrics").text)
        figures = server.get("/metrics").text
        assert server.stop() == 0
    assert SECRET not in str(server.log)
    assert SECRET not in figures
    assert SECRET not in str(room.got)


def test_who_must_approve_is_told_to_who_wants_that_alone(tmp_path: Path, room: MessageRoom) -> None:
    world = world_that_tells(tmp_path / "world", room, ", events: [waiting], environments: [staging]")
    with ServerProcess(world, QUICK) as server:
        server.ready()
        world.tidegate("promote", "inventory", "--to", "staging")
        room.until(lambda: room.got)
        assert server.stop() == 0
    (message,) = room.got
    assert message.title == "inventory 1.1.3 to staging: waiting for approval"
    (said,) = world.json("why", "inventory", "--in", "staging")["explanations"]
    (text,) = [line for line in message.body.splitlines() if "needs 1 approval" in line]
    assert said["sentence"] == f"1.1.3 waits: {text}"
    assert message.tone is Tone.WARNING


def test_after_a_restart_nothing_is_told_again(tmp_path: Path, room: MessageRoom) -> None:
    world = world_that_tells(tmp_path / "world", room)
    with ServerProcess(world, QUICK) as server:
        server.ready()
        world.tidegate("promote", "inventory", "--to", "staging")
        room.until(lambda: room.got)
        server.kill()
    with ServerProcess(world, QUICK) as server:
        server.ready().until(lambda: server.cell("staging")["state"] == "waiting")
        resyncs = len(server.events("handled"))
        server.until(lambda: len(server.events("handled")) > resyncs + 4)
        world.tidegate("mr", "approve", ONE, "--as", "sam")
        room.until(lambda: len(room.got) > 1)
        server.stop(signal.SIGKILL)
    assert room.titles == ["inventory 1.1.3 to staging: promotion opened", "inventory 1.1.3 to staging: delivered"]


def test_of_two_servers_and_a_worker_one_tells(tmp_path: Path, room: MessageRoom, postgres: PostgresServer) -> None:
    world = world_that_tells(tmp_path / "world", room)
    with postgres.database() as url, ExitStack() as stack:
        servers = [
            stack.enter_context(ServerProcess(world, (*QUICK, "--workers", "1", "--queue", url))) for _ in range(2)
        ]
        stack.enter_context(WorkerProcess(world, url))
        for server in servers:
            server.ready()
        world.tidegate("promote", "inventory", "--to", "staging")
        room.until(lambda: room.got)
        for server in servers:
            server.until(lambda: server.cell("staging")["state"] == "waiting")  # noqa: B023 - called at once
        assert servers[0].stop() == 0, "it tells what it has left"
        world.tidegate("mr", "approve", ONE, "--as", "sam")
        room.until(lambda: "inventory 1.1.3 to staging: delivered" in room.titles)
        assert servers[1].stop() == 0
    assert room.titles == ["inventory 1.1.3 to staging: promotion opened", "inventory 1.1.3 to staging: delivered"]


def test_a_room_that_is_away_holds_up_no_delivery_and_no_end(tmp_path: Path, room: MessageRoom) -> None:
    world = world_that_tells(tmp_path / "world", room)
    room.refusals = 1_000_000
    with ServerProcess(world, QUICK) as server:
        server.ready()
        world.tidegate("promote", "inventory", "--to", "staging")
        world.tidegate("mr", "approve", ONE, "--as", "sam")
        server.until(lambda: server.cell("staging")["version"] == "1.1.3")
        room.until(lambda: room.asked)
        assert server.stop() == 0
        (line,) = [one for one in server.events("notify") if one["level"] == "warning"]
        assert line["code"] == "notify/not-taken"
        assert "error=500" in line["message"]
    assert SECRET not in str(server.log)


def test_without_an_address_it_does_not_begin(tmp_path: Path, room: MessageRoom) -> None:
    world = world_that_tells(tmp_path / "world", room)
    ended = world.tidegate("serve", "--listen", "127.0.0.1:0", expect=4, SRE_NOTIFY_URL="")
    assert "notify/address-missing" in ended.err
    ended = world.tidegate("serve", "--listen", "127.0.0.1:0", expect=2, SRE_NOTIFY_URL=f"nowhere://{SECRET}")
    assert "notify/address" in ended.err
    assert SECRET not in ended.err

"""`tidegate notify test`: whether a message arrives, and why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import Ended, tidegate
from support.configs import SMALL
from support.message_room import SECRET, MessageRoom, message_room

TARGETS = (
    "server: {notify: {sre: {url_env: SRE_URL, environments: [live]}, dev: {url_env: DEV_URL, events: [failed]}}}\n"
)


@pytest.fixture
def room() -> Iterator[MessageRoom]:
    with message_room() as room:
        yield room


def notify(folder: Path, room: MessageRoom, *arguments: str, config: str = SMALL + TARGETS) -> Ended:
    (folder / "tidegate.yaml").write_text(config)
    environ = {"SRE_URL": room.address, "DEV_URL": room.address, "HOME": str(folder)}
    ended = tidegate("-C", folder, "notify", "test", *arguments, environ=environ)
    assert SECRET not in ended.out + ended.err
    return ended


def test_each_target_gets_a_message_that_says_of_what_it_will_hear(tmp_path: Path, room: MessageRoom) -> None:
    ended = notify(tmp_path, room)
    assert ended.code == 0
    assert [line.split()[0] for line in ended.out.splitlines()] == ["TARGET", "sre", "dev"]
    assert [each.body.splitlines()[0] for each in room.got] == [
        "sre will hear of: failed, waiting, opened, delivered",
        "dev will hear of: failed",
    ]


def test_one_can_be_named(tmp_path: Path, room: MessageRoom) -> None:
    ended = notify(tmp_path, room, "dev", "dev", "-o", "json")
    (found,) = json.loads(ended.out)["targets"]
    assert found == {
        "name": "dev",
        "events": ["failed"],
        "environments": None,
        "services": [],
        "taken": True,
        "fault": None,
    }
    assert len(room.got) == 1


def test_one_that_does_not_take_it_is_said_and_the_others_get_theirs(tmp_path: Path, room: MessageRoom) -> None:
    room.refusals = 1
    ended = notify(tmp_path, room)
    assert ended.code == 1
    assert "sre: the message was not taken" in ended.err
    assert "error=500" in ended.err
    assert len(room.got) == 1


def test_a_misspelt_name_is_an_error_and_so_is_no_target_at_all(tmp_path: Path, room: MessageRoom) -> None:
    ended = notify(tmp_path, room, "sra")
    assert (ended.code, "known: sre, dev" in ended.err) == (2, True)
    ended = notify(tmp_path, room, config=SMALL)
    assert (ended.code, "names no target" in ended.err) == (2, True)
    assert room.got == []

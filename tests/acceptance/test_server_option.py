"""`tidegate --server URL`: the same text, the same exit codes and the same errors as in this process."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.access import write_token
from support.cli import Ended
from support.road_texts import STAGING, Settings
from support.road_world import RoadWorld, release_image, world_with_release
from support.server_process import ServerProcess
from tidegate.model.role import Role

CALLS: list[tuple[int, tuple[str, ...]]] = [
    (0, ("status",)),
    (0, ("status", "inventory", "-o", "json")),
    (0, ("why", "inventory")),
    (0, ("why", "inventory", "--in", "staging", "-o", "yaml")),
    (0, ("plan", "inventory", "--to", "staging")),
    (10, ("plan", "inventory", "--to", "staging", "--exit-code", "-o", "name")),
    (0, ("promote", "inventory", "--to", "staging", "--dry-run")),
    (0, ("promote", "inventory", "--to", "staging")),
    (0, ("promote", "inventory", "--to", "staging")),
    (11, ("deliver", "inventory", "--to", "staging")),
    (0, ("deliver", "--all")),
    (0, ("why", "inventory")),
    (2, ("why", "nothing")),
    (2, ("plan", "inventory", "--to", "dev", "-o", "json")),
    (11, ("plan", "inventory", "--to", "staging", "--version", "9.9.9")),
    (2, ("deliver", f"{STAGING}!7")),
]
AFTER_APPROVAL: list[tuple[int, tuple[str, ...]]] = [
    (0, ("deliver", f"{STAGING}!1", "--dry-run")),
    (0, ("deliver", f"{STAGING}!1")),
    (0, ("deliver", f"{STAGING}!1", "-o", "json")),
    (0, ("status", "-o", "name")),
]


def comparable(ended: Ended) -> tuple[int, str, str]:
    """Return what is printed, without times and what follows from them."""
    out, err = (
        re.sub(r"\d+ (s|min)\b|\d{4}-\d\d-\d\d.\d\d:\d\d\S*|\b[0-9a-f]{40}\b|\b[0-9a-f]{7,12}\b", "T", each)
        for each in (ended.out, ended.err)
    )
    return ended.code, re.sub(" +", " ", out), re.sub(" +", " ", err)


def test_a_server_answers_as_the_command_line_does(tmp_path: Path) -> None:
    local = world_with_release(tmp_path / "local", until="e2e")
    local.configure(Settings().text + "server: {tokens: ./tokens.yaml}\n")
    served = local.copy(tmp_path / "served")
    fields = write_token(served.folder / "tokens.yaml", Role.DELIVERER, user="dana")
    token = fields["Authorization"].removeprefix("Bearer ")

    def compare(code: int, call: tuple[str, ...]) -> None:
        here = local.tidegate(*call, expect=code)
        there = served.tidegate("--server", server.url, *call, expect=None, TIDEGATE_SERVER_TOKEN=token)
        assert comparable(there) == comparable(here), call

    with ServerProcess(served) as server:
        server.ready()
        for code, call in CALLS:
            compare(code, call)
        for world in (local, served):
            world.tidegate("mr", "approve", f"{STAGING}!1", "--as", "sam")
        for code, call in AFTER_APPROVAL:
            compare(code, call)
        wrong = served.tidegate("--server", server.url, "status", expect=4, TIDEGATE_SERVER_TOKEN="wrong")
        assert "server/sign-in-needed" in wrong.err
        assert "server/sign-in-needed" in served.tidegate("--server", server.url, "status", expect=4).err
        assert server.stop() == 0
    assert local.log(STAGING, "%an %s") == served.log(STAGING, "%an %s")


def test_several_services_are_promoted_through_a_server_as_from_here(tmp_path: Path) -> None:
    names = ("inventory", "billing")
    settings = Settings(services="\n".join(f"  {name}: {{image: {name}}}" for name in names))
    local = world_with_release(tmp_path / "local", settings, until="e2e")
    local.push_image("e2e", "2.0.0-rc1", release_image("billing 2.0.0"), "billing")
    local.declare("e2e", "2.0.0-rc1", "billing")
    local.configure(settings.text + "server: {tokens: ./tokens.yaml}\n")
    served = local.copy(tmp_path / "served")
    fields = write_token(served.folder / "tokens.yaml", Role.PROMOTER, "staging", user="dana")
    token = fields["Authorization"].removeprefix("Bearer ")
    together = ("--to", "staging", "--together")
    with ServerProcess(served) as server:
        server.ready()
        for code, call in (
            (0, ("promote", *names, *together, "--dry-run")),
            (0, ("promote", *names, *together, "--dry-run", "-o", "json")),
            (0, ("promote", *names, *together)),
            (0, ("promote", "--all", *together, "-o", "json")),
            (2, ("promote", "nothing", *together)),
            (0, ("promote", "--all", "--to", "staging", "--dry-run", "-o", "name")),
            (2, ("promote", "inventory", "nothing", "billing", "--to", "staging", "-o", "name")),
        ):
            here = local.tidegate(*call, expect=code)
            there = served.tidegate("--server", server.url, *call, expect=None, TIDEGATE_SERVER_TOKEN=token)
            assert comparable(there) == comparable(here), call
        refused = served.tidegate(
            "--server",
            server.url,
            "promote",
            *names,
            "--to",
            "e2e",
            "--together",
            expect=4,
            TIDEGATE_SERVER_TOKEN=token,
        )
        assert "server/forbidden" in refused.err
        assert server.stop() == 0
    assert local.log(STAGING, "%an %s") == served.log(STAGING, "%an %s")


@pytest.mark.parametrize(
    ("server", "call", "code"),
    [
        ("http://127.0.0.1:9", ("status",), "http/unreachable"),
        ("http://tidegate.example", ("status",), "server/unsafe"),
        ("ftp://tidegate.example", ("status",), "http/url"),
        ("http://[", ("status",), "http/url"),
        ("https://user:secret@tidegate.example", ("status",), "http/url"),
        ("http://127.0.0.1:9", ("mr", "list"), "tidegate/usage"),
        ("http://127.0.0.1:9", ("promote", "a", "--to", "b", "--as", "sam"), "tidegate/usage"),
    ],
)
def test_what_can_not_be_asked(tmp_path: Path, server: str, call: tuple[str, ...], code: str) -> None:
    world = RoadWorld.make(tmp_path / "world")
    ended = world.tidegate("--server", server, *call, expect=None, TIDEGATE_SERVER_TOKEN="t0ken")
    assert code in ended.err
    assert ended.code != 0
    assert "secret" not in ended.err

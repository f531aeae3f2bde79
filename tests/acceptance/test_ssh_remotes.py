"""GitOps repositories behind SSH: the road from e2e to staging over a real OpenSSH client, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.road_texts import HOSTS, STAGING, Settings, file_of
from support.road_world import RoadWorld, world_with_release
from support.ssh_server import USER, SshServer

REF = f"{STAGING}!1"


@pytest.fixture
def world(tmp_path: Path) -> RoadWorld:
    return world_with_release(tmp_path / "world", until="e2e")


@pytest.fixture
def server(world: RoadWorld, tmp_path: Path) -> Iterator[SshServer]:
    keys = tmp_path / "keys"
    keys.mkdir()
    with SshServer(world.folder / "forge", keys) as served:
        world.variables["GIT_SSH_COMMAND"] = served.command()
        yield served


def address(world: RoadWorld, server: SshServer, form: str) -> str:
    return form.format(user=USER, port=server.port, folder=world.folder / "forge")


@pytest.mark.parametrize(
    "form",
    ["ssh://{user}@127.0.0.1:{port}{folder}", "{user}@127.0.0.1:", "{user}@127.0.0.1:{folder}", "file://{folder}"],
    ids=["ssh", "scp-like", "scp-like with a folder", "file"],
)
def test_a_release_goes_to_staging(world: RoadWorld, server: SshServer, form: str) -> None:
    world.configure(Settings(forge=f"url: '{address(world, server, form)}'"))
    assert world.json("promote", "inventory", "--to", "staging")["mergeRequest"] == REF
    world.tidegate("deliver", REF, expect=11)
    world.tidegate("mr", "approve", REF, "--as", "sam")
    world.tidegate("deliver", REF)
    assert HOSTS["prd"].encode() in world.read(STAGING, file_of("staging"))
    cells = world.json("status")["cells"]
    assert [(cell["environment"], cell["tag"]) for cell in cells][2] == ("staging", "1.1.3")


@pytest.mark.parametrize(
    ("client", "code", "said"),
    [
        (("stranger", "known_hosts"), "git/unauthorized", "Permission denied (publickey)"),
        (("id", "nobody_known"), "git/untrusted", "Host key verification failed"),
    ],
    ids=["a key that is not let in", "a host that is not known"],
)
def test_who_is_not_known_is_told(
    world: RoadWorld, server: SshServer, client: tuple[str, str], code: str, said: str
) -> None:
    world.configure(Settings(forge=f"url: {address(world, server, 'ssh://{user}@127.0.0.1:{port}{folder}')}"))
    world.variables["GIT_SSH_COMMAND"] = server.command(*client)
    ended = world.tidegate("promote", "inventory", "--to", "staging", expect=None)
    assert ended.code != 0
    for text in (code, said, "127.0.0.1"):
        assert text in ended.err

"""One merge request per version on the local forge, by the command line."""

from __future__ import annotations

from pathlib import Path

from support.git_worlds import git
from support.road_texts import DEV
from support.road_world import release_image, world_with_release


def test_two_versions_wait_side_by_side(tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world")
    world.tidegate("promote", "inventory", "--to", "e2e", "--separate")
    world.push_image("dev", "1.1.4", release_image("inventory 1.1.4"))
    world.declare("dev", "1.1.4")
    for _ in range(2):
        world.tidegate("promote", "inventory", "--to", "e2e", "--separate")
    found = world.json("mr", "list")["mergeRequests"]
    assert [(one["ref"], one["sourceBranch"]) for one in found] == [
        (f"{DEV}!1", "tidegate/inventory/1.1.3/to-e2e"),
        (f"{DEV}!2", "tidegate/inventory/1.1.4/to-e2e"),
    ]
    told = world.tidegate("deliver", "inventory", "--to", "e2e", expect=2)
    assert f"{DEV}!1, {DEV}!2" in told.err
    world.tidegate("deliver", f"{DEV}!2")
    again = world.tidegate("deliver", f"{DEV}!1", expect=11)
    assert "conflicts with main" in again.out

    world.push_image("dev", "1.1.5", release_image("inventory 1.1.5"))
    world.declare("dev", "1.1.5")
    usual = world.json("promote", "inventory", "--to", "e2e")
    assert usual["mergeRequest"] == f"{DEV}!3"
    branches = git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/tidegate", cwd=world.repository(DEV))
    assert "tidegate/inventory/to-e2e" in branches.split()

"""One repository, or one record, that can't be read: the rest is shown and delivered, and each run reports it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from support.bad_input import run
from support.git_worlds import git
from support.road_texts import DEV, PRODUCTION, STAGING, image_policy
from support.road_world import RoadWorld, world_with_release

MERGE_REQUEST = f"{STAGING}!1"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> RoadWorld:
    """E2e has inventory 1.1.3-rc1, its merge request to staging is approved, and production's repository is gone."""
    world = world_with_release(tmp_path_factory.mktemp("prepared") / "world", until="e2e")
    assert run(world, "promote", "inventory", "--to", "staging").code == 0
    for user in ("sam", "ann"):
        assert run(world, "mr", "approve", MERGE_REQUEST, "--as", user).code == 0
    shutil.rmtree(world.repository(PRODUCTION))
    return world


@pytest.fixture
def world(prepared: RoadWorld, tmp_path: Path) -> RoadWorld:
    return prepared.copy(tmp_path / "world")


def discovering(world: RoadWorld) -> RoadWorld:
    """Let the services be found in the repositories."""
    text = (world.folder / "tidegate.yaml").read_text()
    world.configure(f"{text.partition('services:')[0]}services: discover\n")
    return world


@pytest.mark.parametrize("discover", [False, True])
def test_status_shows_the_other_environments(world: RoadWorld, *, discover: bool) -> None:
    ended = run(discovering(world) if discover else world, "status", "-o", "json")
    cells = {each["environment"]: each for each in json.loads(ended.out)["cells"] if each["service"] == "inventory"}
    assert [cells[name]["tag"] for name in ("dev", "e2e", "staging")] == ["1.1.3", "1.1.3-rc1", None]
    assert cells["production"]["fault"]["code"] == "git/repository-missing"
    assert ended.code == 2
    assert "git/repository-missing" in ended.err


def test_status_tells_below_the_table_what_a_cell_has_no_room_for(world: RoadWorld) -> None:
    world.commit(DEV, {"clusters/dev/inventory/policy.yaml": image_policy("9.x")})
    ended = run(world, "status")
    head, *lines = ended.out.splitlines()
    rows, below = lines[:4], lines[4:]
    assert head.startswith("SERVICE    ENVIRONMENT  VERSION")
    assert rows[3] == "inventory  production   ✗ can't be read"
    assert max(map(len, (head, *rows))) <= 120
    assert [line.partition(": ")[0] for line in below] == ["inventory in dev", "inventory in production"]
    assert "the ImagePolicy of inventory in dev selects nothing" in below[0]


@pytest.mark.parametrize("discover", [False, True])
def test_why_is_answered_where_the_repository_plays_no_part(world: RoadWorld, *, discover: bool) -> None:
    if discover:
        discovering(world)
    ended = run(world, "why", "inventory", "--in", "staging")
    assert (ended.code, ended.err) == (0, "")
    assert "1.1.3 is ready" in ended.out
    whole = run(world, "why", "inventory")
    assert "1.1.3 is ready" in whole.out
    assert "production's inventory can't be read" in whole.out or "staging has no inventory yet" in whole.out
    assert whole.code == 2
    assert "git/repository-missing" in whole.err


@pytest.fixture
def damaged(world: RoadWorld) -> RoadWorld:
    """The record of a second merge request is no record."""
    world.commit(STAGING, {"apps/orders/x.yaml": b"a: 1\n"}, branch="orders")
    assert run(world, "mr", "open", STAGING, "--branch", "orders", "--title", "orders").code == 0
    ref = "refs/tidegate/merge-requests/2"
    command = f"commit {ref}\ncommitter P <p@example.com> now\ndata 1\nx\nfrom {ref}^0\n"
    command += "M 100644 inline merge-request.json\ndata 3\n{x\n"
    git("fast-import", "--quiet", "--date-format=now", cwd=world.repository(STAGING), data=command.encode())
    return world


def test_the_other_merge_requests_are_listed(damaged: RoadWorld) -> None:
    ended = run(damaged, "mr", "list", "--repo", STAGING, "-o", "name")
    assert ended.out.split() == [MERGE_REQUEST]
    assert ended.code == 1
    assert "code:  forge/merge-request-unreadable\n  where: platform/gitops-staging!2\n" in ended.err
    everywhere = run(damaged, "mr", "list", "-o", "name")
    assert everywhere.out.split() == [MERGE_REQUEST]
    assert everywhere.code == 2
    assert everywhere.err.startswith(f"also: {STAGING}!2: the record of the merge request can't be read: ")
    assert "code:  forge/project-missing" in everywhere.err


def test_why_and_deliver_go_on_without_a_damaged_record(damaged: RoadWorld) -> None:
    ended = run(damaged, "why", "inventory", "--in", "staging")
    assert "1.1.3 is ready" in ended.out
    assert (ended.code, "forge/merge-request-unreadable" in ended.err) == (1, True)
    ended = run(damaged, "deliver", "--all", "-o", "json")
    assert [each["outcome"] for each in json.loads(ended.out)["deliveries"]] == ["delivered"]
    assert ended.code == 2
    assert f"also: {STAGING}!2: the record" in ended.err
    assert "forge/project-missing" in ended.err


@pytest.mark.parametrize(
    ("environment", "before", "after"),
    [
        ("production", "    from: staging\n", "    from: staging\n    branch: gone\n"),
        ("e2e", "{from: dev,", "{from: dev, branch: gone,"),
    ],
)
def test_deliver_all_tells_of_a_branch_that_is_missing(
    tmp_path: Path, environment: str, before: str, after: str
) -> None:
    """With nothing open there, and where another environment of the repository has something open."""
    world = world_with_release(tmp_path / "world", until="e2e")
    assert run(world, "promote", "inventory", "--to", "staging").code == 0
    assert run(world, "mr", "approve", MERGE_REQUEST, "--as", "sam").code == 0
    text = (world.folder / "tidegate.yaml").read_text()
    world.configure(text.replace(before, after))
    ended = run(world, "deliver", "--all", "-o", "json")
    assert ended.code == 2
    assert "git/branch-missing" in ended.err
    assert f"environments.{environment}" in ended.err
    if environment == "production":
        (delivery,) = json.loads(ended.out)["deliveries"]
        assert (delivery["mergeRequest"], delivery["outcome"]) == (MERGE_REQUEST, "delivered")


def test_deliver_all_goes_on_and_ends_with_the_error(world: RoadWorld) -> None:
    ended = run(world, "-q", "deliver", "--all", "-o", "json")
    outcomes = {each["mergeRequest"]: each["outcome"] for each in json.loads(ended.out)["deliveries"]}
    assert outcomes == {MERGE_REQUEST: "delivered"}
    assert ended.code == 2
    error = json.loads(ended.err)["error"]
    assert (error["code"], PRODUCTION in error["what"]) == ("forge/project-missing", True)

"""Several services promoted together: one merge request, one commit, one verdict; all are delivered, or none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.end_state import end_state
from support.git_worlds import git
from support.gitlab_stand import Stand, gitlab_stand
from support.road_texts import STAGING, Settings, file_of
from support.road_world import RoadWorld, release_image, world_with_release
from support.stage import Stage
from support.theatre import Theatre

SERVICES = ("inventory", "billing", "orders")
BRANCH = "tidegate/to-staging"
TOGETHER = ("promote", *SERVICES, "--to", "staging", "--together")


def settings(rewrite: str = "on-open") -> Settings:
    return Settings(rewrite=rewrite, services="\n".join(f"  {name}: {{image: {name}}}" for name in SERVICES))


def set_in_e2e(folder: Path, rewrite: str = "on-open") -> RoadWorld:
    """Return a world in which e2e has 2.0.0-rc1 of billing and orders, and 1.1.3-rc1 of inventory."""
    world = world_with_release(folder, settings(rewrite), until="e2e")
    for name in SERVICES[1:]:
        world.push_image("e2e", "2.0.0-rc1", release_image(f"{name} 2.0.0"), name)
        world.declare("e2e", "2.0.0-rc1", name)
    return world


def approve(world: RoadWorld) -> None:
    world.tidegate("mr", "approve", f"{STAGING}!1", "--as", "sam")


def commits(world: RoadWorld, what: str) -> list[str]:
    return git("log", "--format=%s", what, cwd=world.repository(STAGING)).splitlines()


@pytest.mark.parametrize("rewrite", ["on-open", "on-approval"])
def test_one_commit_one_merge_request_one_delivery(tmp_path: Path, rewrite: str) -> None:
    world = set_in_e2e(tmp_path / "world", rewrite)
    plan = world.json(*TOGETHER, "--dry-run")
    assert [step["kind"] for step in plan["steps"]] == ["commit-files", "open-merge-request"]
    first = world.json(*TOGETHER)
    assert first["mergeRequest"] == f"{STAGING}!1"
    assert first["title"] == "Promote inventory 1.1.3 and billing 2.0.0 and orders 2.0.0 to staging"
    assert len(commits(world, f"main..{BRANCH}")) == 1
    assert world.json(*TOGETHER)["mergeRequest"] == f"{STAGING}!1"
    assert len(commits(world, f"main..{BRANCH}")) == 1

    waiting = world.tidegate("why", "billing", "--in", "staging").out
    assert "needs 1 approval" in waiting
    approve(world)
    (delivery,) = world.json("deliver", "orders", "--to", "staging")["deliveries"]
    assert (delivery["mergeRequest"], delivery["outcome"]) == (f"{STAGING}!1", "delivered")
    cells = {cell["service"]: cell for cell in world.json("status")["cells"] if cell["environment"] == "staging"}
    assert {name: cell["tag"] for name, cell in cells.items()} == {
        "inventory": "1.1.3",
        "billing": "2.0.0",
        "orders": "2.0.0",
    }
    assert {cell["mergeRequest"] for cell in cells.values()} == {f"{STAGING}!1"}
    assert "has all of 3 services already" in world.tidegate(*TOGETHER).err


def test_one_that_may_not_go_keeps_all_others(tmp_path: Path) -> None:
    world = set_in_e2e(tmp_path / "world")
    world.tidegate(*TOGETHER)
    approve(world)
    world.push_image("e2e", "2.0.0-rc1", release_image("billing, built again"), "billing")
    ended = world.tidegate("deliver", f"{STAGING}!1", expect=11)
    assert "billing" in ended.out
    assert tuple(world.layout("prd").tags("inventory")) == ()
    assert tuple(world.layout("prd").tags("orders")) == ()
    assert len(commits(world, "main")) == 1


def test_one_that_cannot_be_promoted_stops_all_together_and_no_other_alone(tmp_path: Path) -> None:
    world = set_in_e2e(tmp_path / "world")
    world.commit("platform/gitops", {file_of("e2e", "orders"): b"no: release\n"})
    heads = git("for-each-ref", cwd=world.repository(STAGING))
    world.tidegate(*TOGETHER, expect=2)
    assert git("for-each-ref", cwd=world.repository(STAGING)) == heads
    tried = world.json("promote", "inventory", "billing", "--to", "staging", "--dry-run")
    assert [plan["summary"].partition(":")[0] for plan in tried["plans"]] == ["inventory 1.1.3", "billing 2.0.0"]
    assert git("for-each-ref", cwd=world.repository(STAGING)) == heads
    ended = world.tidegate("promote", *SERVICES, "--to", "staging", "-o", "name", expect=2)
    assert ended.out.split() == [f"{STAGING}!1", f"{STAGING}!2"]
    assert "orders" in ended.err


def test_a_newer_set_updates_the_merge_request_and_says_so(tmp_path: Path) -> None:
    world = set_in_e2e(tmp_path / "world")
    world.tidegate(*TOGETHER)
    world.push_image("e2e", "2.0.1-rc1", release_image("orders 2.0.1"), "orders")
    world.declare("e2e", "2.0.1-rc1", "orders")
    world.tidegate("promote", "inventory", "orders", "--to", "staging", "--together")
    (request,) = world.json("mr", "show", f"{STAGING}!1")["mergeRequests"]
    assert request["title"] == "Promote inventory 1.1.3 and orders 2.0.1 to staging"
    assert len(commits(world, f"main..{BRANCH}")) == 1
    (note,) = request["comments"]
    assert "| orders | `2.0.1` (first promotion) |" in note["text"]
    assert "billing" not in request["description"]


def test_all_passes_over_what_the_source_does_not_have(tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world", settings(), until="e2e")
    made = world.json("promote", "--all", "--to", "staging")
    assert [each["mergeRequest"] for each in made["promotions"]] == [f"{STAGING}!1"]
    together = world.json("promote", "--all", "--to", "staging", "--together")
    assert together["title"] == "Promote inventory 1.1.3 to staging"
    assert "release/nothing-declared" in world.tidegate(*TOGETHER, expect=None).err


@pytest.mark.parametrize(
    "arguments",
    [(), ("inventory", "--all"), ("inventory", "billing", "--version", "1.1.3"), ("--all", "--together", "--separate")],
)
def test_what_does_not_go_together_on_the_command_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    world = RoadWorld.make(tmp_path / "world", settings())
    assert "tidegate/usage" in world.tidegate("promote", *arguments, "--to", "e2e", expect=2).err


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with gitlab_stand(tmp_path / "world", until="e2e") as stand:
        world = stand.world
        text = (world.folder / "tidegate.yaml").read_text()
        more = "".join(f"  {name}: {{}}\n" for name in SERVICES[1:])
        world.configure(text.replace("\nservices:\n", f"\nservices:\n{more}"))
        for name in SERVICES[1:]:
            world.push_image("e2e", "2.0.0-rc1", release_image(f"{name} 2.0.0"), name)
            world.declare("e2e", "2.0.0-rc1", name)
        yield stand


def test_on_gitlab_it_costs_as_much_as_one(stand: Stand) -> None:
    stand.world.tidegate(*TOGETHER)
    assert len(stand.gitlab.calls) <= 8, [f"{one.method} {one.template}" for one in stand.gitlab.calls]
    assert stand.gitlab.pushes == 1
    stand.approve(STAGING, "sam")
    stand.world.tidegate("deliver", "--all")
    (request,) = stand.gitlab.projects[STAGING].requests.values()
    assert request.state == "merged"
    for name in SERVICES:
        assert tuple(stand.world.layout("prd").tags(name)) != ()


def test_killed_anywhere_and_run_again_it_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    with Stage(tmp_path) as stage:
        world = set_in_e2e(tmp_path / "world")
        effects = Theatre(stage, world, TOGETHER, end=lambda world: end_state(world, SERVICES)).sweep()
        assert effects.count("git push") == 2  # the branch, and the local forge's merge request

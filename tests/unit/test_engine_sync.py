"""Lanes that a release has passed by, and holds that are over, come into one merge request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.engine_world import BILLING, GITOPS, INVENTORY, MARKER, POLICY, helm_release
from support.lane_world import DEV_POLICY, MAINT, LaneWorld, policy
from tidegate.engine.policy.holds import HoldAsked, hold_lanes
from tidegate.engine.policy.range_probe import common_version, reaches
from tidegate.engine.policy.sync import BRANCH, SyncSeen, observe_sync, plan_sync, sync
from tidegate.engine.steps import Run
from tidegate.flux import image_policies
from tidegate.model import Constraint, Version

SOURCED = replace(INVENTORY, source="team/inventory")
BILLING_FILES = {
    "clusters/dev/billing/release.yaml": helm_release(
        "dev.example/team/billing:2.0.1", service="billing", marker=MARKER.replace("inventory", "billing")
    ),
    DEV_POLICY: policy("1.1.x") + b"---\n" + policy("~2.0", "billing"),
}


@pytest.fixture
def town() -> LaneWorld:
    town = LaneWorld((SOURCED,))
    town.released("1.0.4", "1.1.3")
    return town


def seen(town: LaneWorld) -> SyncSeen:
    world = town.world()
    return observe_sync(world, world.pipeline.services.values())


def run(town: LaneWorld) -> SyncSeen:
    world = town.world()
    return sync(world, world.pipeline.services.values(), town.told)


def hold(town: LaneWorld, **until: object) -> None:
    town.push_all("1.1.2")
    world = town.world("bo")
    asked = HoldAsked(Version.parse("1.1.2"), "x", **until)  # type: ignore[arg-type]
    hold_lanes(world, SOURCED, world.environment("dev"), asked, town.told)


def moves(town: LaneWorld) -> list[str]:
    return [f"{each.lane.environment.name} {each.moved.policy.range}" for each in seen(town).changes]


def test_nothing_to_do(town: LaneWorld) -> None:
    assert (moves(town), plan_sync(seen(town)).summary) == ([], "every lane is up to date")


def test_a_released_line_outside_every_lane_is_proposed(town: LaneWorld) -> None:
    town.released("1.2.0", "1.3.0-rc.1")
    assert moves(town) == ["dev 1.2.x"]
    assert seen(town).changes[0].why == "1.2.0 is released, and no lane has its line"


def test_a_lane_that_is_ahead_waits_for_its_first_version(town: LaneWorld) -> None:
    town.policy(policy("1.2.x"))
    assert moves(town) == []


def test_a_line_that_a_lane_has_partly_is_no_other_line(town: LaneWorld) -> None:
    town.policy(policy("'>=1.1.0 <1.1.3'"))
    assert moves(town) == []


def test_a_lane_for_maintenance_stays(town: LaneWorld) -> None:
    town.environments["maint"] = MAINT
    town.write(GITOPS, {"clusters/maint/inventory/policy.yaml": policy("~1.0")})
    town.released("1.2.0")
    assert moves(town) == ["dev 1.2.x"]


def test_without_a_source_the_registry_tells_what_is_released() -> None:
    town = LaneWorld()
    town.push_all("1.2.0", "2.0.0-rc.1", "latest", "3.0.0.sig")
    assert moves(town) == ["dev 1.2.x"]


def test_all_services_come_into_one_merge_request_which_is_adopted() -> None:
    town = LaneWorld((INVENTORY, BILLING))
    town.write(GITOPS, BILLING_FILES)
    town.push_all("1.2.0")
    town.push("dev", "2.0.1", service=BILLING)
    town.push("dev", "3.0.0", service=BILLING)
    run(town)
    (opened,) = town.forge.merge_requests(GITOPS)
    assert (opened.title, opened.source_branch) == ("Policy sync: inventory, billing", BRANCH)
    ranges = [each.range for each in image_policies(town.policy_now(branch=BRANCH))]
    assert ranges == ["1.2.x", "~3.0"]
    head = opened.head
    run(town)
    assert [each.head for each in town.forge.merge_requests(GITOPS)] == [head]
    town.push_all("1.3.0")
    run(town)
    (adopted,) = town.forge.merge_requests(GITOPS)
    assert (adopted.iid, adopted.head != head) == (opened.iid, True)
    assert b"range: 1.3.x" in town.policy_now(branch=BRANCH)


def test_a_second_run_keeps_the_merge_request_and_its_text_as_forges_store_it(
    town: LaneWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = town.forge.open
    monkeypatch.setattr(
        town.forge, "open", lambda project, new: opening(project, replace(new, description=new.description.strip()))
    )
    monkeypatch.setattr(town.forge, "describe", lambda *_, **_text: pytest.fail("its text was written again"))
    town.released("1.2.0")
    run(town)
    assert town.told.outcomes == [("commit-files", False), ("open-merge-request", False)]
    run(town)
    assert town.told.outcomes[2:] == [("open-merge-request", True)]


def test_a_merge_request_that_somebody_made_a_draft_stays_one(town: LaneWorld) -> None:
    town.released("1.2.0")
    run(town)
    (opened,) = town.forge.merge_requests(GITOPS)
    town.forge.describe(GITOPS, opened.iid, title=f"Draft: {opened.title}", description=opened.description)
    run(town)
    (kept,) = town.forge.merge_requests(GITOPS)
    assert (kept.title, kept.draft) == (f"Draft: {opened.title}", True)
    assert town.told.outcomes[-1] == ("open-merge-request", True)


def test_a_run_that_was_killed_before_the_merge_request_is_gone_on_with(town: LaneWorld) -> None:
    town.released("1.2.0")
    commit, _ = plan_sync(seen(town)).steps
    commit.perform(Run(town.world()))
    assert [step.kind for step in plan_sync(seen(town)).steps] == ["open-merge-request"]
    run(town)
    assert [each.source_branch for each in town.forge.merge_requests(GITOPS)] == [BRANCH]


def test_what_somebody_else_did_meanwhile_leaves_the_merge_request(town: LaneWorld) -> None:
    town.environments["maint"] = MAINT
    town.write(GITOPS, {"clusters/maint/inventory/policy.yaml": policy("~1.1")})
    town.released("1.2.0")
    run(town)
    town.write(GITOPS, {"clusters/maint/inventory/policy.yaml": policy("~1.2")})
    assert moves(town) == []
    assert seen(town).notes == (f"{GITOPS}!1 is open and has nothing to propose any more: close it",)
    town.released("1.3.0")
    run(town)
    assert b"range: ~1.3" in town.policy_now("clusters/maint/inventory/policy.yaml", BRANCH)
    assert b"range: 1.1.x" in town.policy_now(branch=BRANCH)


def test_a_hold_that_is_over_is_lifted_and_the_lane_catches_up(town: LaneWorld) -> None:
    hold(town, until=town.clock.now().date())
    assert moves(town) == []
    town.released("1.2.0")
    assert moves(town) == []
    assert "1.2.0 of inventory is released; dev (inventory) is held at 1.1.2" in seen(town).notes[0]
    town.clock.advance(timedelta(days=1))
    (change,) = seen(town).changes
    assert change.why == (
        "the hold at 1.1.2 is over: its last day was 2024-05-01; 1.2.0 is released, and no lane has its line"
    )
    run(town)
    assert town.policy_now(branch=BRANCH) == POLICY.replace(b"1.1.x", b"1.2.x")


def test_a_hold_without_an_end_is_not_lifted(town: LaneWorld) -> None:
    hold(town)
    town.clock.advance(timedelta(days=1000))
    assert moves(town) == []


def test_a_range_that_a_person_must_move_does_not_keep_others(town: LaneWorld) -> None:
    town.environments["maint"] = MAINT
    marked = helm_release("dev.example/team/inventory:1.1.3", marker=MARKER.replace("tory:", "tory-m:"))
    town.write(
        GITOPS,
        {
            "clusters/maint/inventory/policy.yaml": policy("'>=1.1.0 <1.1.9'", "inventory-m"),
            "clusters/maint/inventory/release.yaml": marked,
        },
    )
    town.released("1.2.0")
    assert moves(town) == ["dev 1.2.x"]
    (refused,) = seen(town).refused
    assert (str(refused.error.where), refused.error.hint) == ("clusters/maint/inventory/policy.yaml:11", "write 1.2.x")


def refused(town: LaneWorld) -> list[tuple[str, str]]:
    return [(each.environment.name, f"{each.error.what}; {each.error.hint}") for each in seen(town).refused]


def test_a_lane_that_is_not_found_is_for_a_person(town: LaneWorld) -> None:
    town.policy(policy("1.1.x", "inventroy"))
    town.released("1.2.0")
    ((environment, text),) = refused(town)
    assert environment == "dev"
    assert "names flux-system:inventory, and there is no such ImagePolicy; correct the marker" in text
    town.write(GITOPS, {DEV_POLICY: None, "clusters/dev/inventory/release.yaml": None})
    assert refused(town) == []


def test_a_lane_without_a_range_is_told(town: LaneWorld) -> None:
    town.policy(policy("x").replace(b"semver:\n      range: x", b"numerical: {order: asc}"))
    town.released("1.2.0")
    assert seen(town).notes == ("dev (inventory) of inventory has no semver range that could move",)
    assert (moves(town), refused(town)) == ([], [])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (policy("''"), "has no range that can be read; write one"),
        (policy("one.x"), "one.x"),
        (b"kind: ImagePolicy\nx: [\n", "not YAML"),
    ],
    ids=["empty", "no range", "no yaml"],
)
def test_what_can_not_be_read_in_one_service_keeps_no_other(data: bytes, text: str) -> None:
    town = LaneWorld((SOURCED, BILLING))
    town.write(
        GITOPS, {**BILLING_FILES, DEV_POLICY: None, "clusters/dev/billing/policy.yaml": policy("~2.0", "billing")}
    )
    town.policy(data)
    town.push("dev", "3.0.0", service=BILLING)
    assert moves(town) == ["dev ~3.0"]
    ((_, told),) = refused(town)
    assert text in told


def test_a_wide_range_further_down_does_not_speak_for_where_builds_arrive(town: LaneWorld) -> None:
    town.environments["maint"] = replace(MAINT, source="dev")
    marked = helm_release("dev.example/team/inventory:1.1.3", marker=MARKER.replace("tory:", "tory-m:"))
    files = {
        "clusters/maint/inventory/policy.yaml": policy("1.x", "inventory-m"),
        "clusters/maint/inventory/release.yaml": marked,
    }
    town.write(GITOPS, files)
    town.released("1.2.0")
    assert (moves(town), seen(town).refused) == (["dev 1.2.x"], ())


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("1.0.x", "1.1.x", None),
        ("^1.0", "1.1.x", "1.1.0"),
        (">=1.0.0", "<2.0.0", "1.0.0"),
        (">1.0.4", "<=1.0.5", "1.0.5"),
        ("~1.0.0", ">=1.0.3 <1.0.4", "1.0.3"),
        ("*", "2.x", "2.0.0"),
        ("1.x, !=1.0.0", "1.0.x", "1.0.1"),
        ("1.0.0-rc.1", "1.0.x", None),
    ],
)
def test_where_two_ranges_meet(one: str, other: str, common: str | None) -> None:
    found = common_version(Constraint.parse(one), Constraint.parse(other))
    assert (str(found) if found else None) == common


@pytest.mark.parametrize(
    ("text", "line", "there"),
    [
        ("1.1.x", (1, 2), False),
        ("1.2.x", (1, 2), True),
        ("1.3.x", (1, 2), True),
        (">=1.0.0", (1, 2), True),
        ("~1.1.9", (1, 2), False),
        (">=1.2.0 <1.2.5", (1, 2), True),
    ],
)
def test_whether_a_range_reaches_a_line(text: str, line: tuple[int, int], *, there: bool) -> None:
    assert reaches(Constraint.parse(text), line) is there

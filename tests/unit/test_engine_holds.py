"""A lane is held at one version, and goes on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from support.engine_world import GITOPS, INVENTORY, POLICY, helm_release
from support.lane_world import LaneWorld, policy
from support.policy_documents import in_list
from tidegate.engine.policy.hold_end import why_over
from tidegate.engine.policy.holds import HoldAsked, hold_lanes, observe_hold, plan_hold
from tidegate.engine.steps import CommitFiles
from tidegate.errors.manifest import InvalidHold
from tidegate.errors.policy import LaneHeld, NotHoldable
from tidegate.errors.release import PolicyMissing
from tidegate.flux import image_policies
from tidegate.flux.holds import Hold
from tidegate.model import Ranges, Version
from tidegate.testing.clock import START

ASKED = HoldAsked(Version.parse("1.1.2"), "1.1.3 loses orders")


@pytest.fixture
def town() -> LaneWorld:
    town = LaneWorld()
    town.push_all("1.1.2", "v1.1.1")
    return town


def hold(town: LaneWorld, asked: HoldAsked | None = ASKED, **how: bool) -> None:
    world = town.world("bo")
    hold_lanes(world, INVENTORY, world.environment("dev"), asked, town.told, **how)


def refused(town: LaneWorld, asked: HoldAsked = ASKED, environment: str = "dev") -> str:
    world = town.world()
    with pytest.raises(NotHoldable) as caught:
        observe_hold(world, INVENTORY, world.environment(environment), asked)
    return f"{caught.value.what}; {caught.value.hint}"


def test_a_hold_rolls_back_and_resume_gives_the_bytes_back(town: LaneWorld) -> None:
    world = town.world()
    (change,) = observe_hold(world, INVENTORY, world.environment("dev"), ASKED).changes
    assert (change.before.tag, change.after.tag) == ("1.1.3", "1.1.2")
    hold(town)
    assert b"range: 1.1.2\n" in town.policy_now()
    held = town.lane().held()
    assert held is not None
    assert held.hold == Hold("1.1.2", "bo", START, "1.1.3 loses orders")
    hold(town, None)
    assert town.policy_now() == POLICY
    assert [commit for commit, _ in town.told.outcomes] == ["commit-files", "commit-files"]


def test_the_same_hold_again_does_nothing_and_another_version_is_refused(town: LaneWorld) -> None:
    hold(town)
    town.clock.advance(timedelta(days=1))
    world = town.world("alice")
    seen = observe_hold(world, INVENTORY, world.environment("dev"), ASKED)
    assert plan_hold(seen).steps == ()
    other = HoldAsked(Version.parse("1.1.1"), ASKED.reason)
    with pytest.raises(LaneHeld, match=r"held at 1\.1\.2 by bo since 2024-05-01 until it is resumed: 1"):
        observe_hold(world, INVENTORY, world.environment("dev"), other)


def test_a_hold_gets_another_reason_or_end_and_still_knows_the_range(town: LaneWorld) -> None:
    hold(town)
    town.clock.advance(timedelta(days=1))
    for asked in (
        HoldAsked(ASKED.version, "1.1.3 and 1.1.4 lose orders"),
        HoldAsked(ASKED.version, ASKED.reason, date(2024, 6, 1)),
    ):
        hold(town, asked)
        held = town.lane().held()
        assert held is not None
        assert held.hold == Hold("1.1.2", "bo", START, asked.reason, asked.until)
        assert held.range == "1.1.x"
    hold(town, HoldAsked(ASKED.version, ASKED.reason, until_promoted=True))
    held = town.lane().held()
    assert held is not None
    assert held.hold.since == START + timedelta(days=1)
    (commit,) = town.told.plans[-1].steps
    assert isinstance(commit, CommitFiles)
    assert commit.body.endswith("until it is promoted: 1.1.3 loses orders")
    hold(town, None)
    assert town.policy_now() == POLICY


def test_resume_without_a_hold_does_nothing(town: LaneWorld) -> None:
    hold(town, None)
    assert town.told.outcomes == []
    assert town.told.plans[0].summary == "inventory in dev is not held"


def test_a_tag_with_v_is_that_version_too(town: LaneWorld) -> None:
    hold(town, HoldAsked(Version.parse("1.1.1"), "older"))
    assert b"range: 1.1.1\n" in town.policy_now()


def test_holds_go_the_way_that_ranges_go(town: LaneWorld) -> None:
    town.change("dev", ranges=Ranges.MERGE_REQUEST)
    hold(town)
    (opened,) = town.forge.merge_requests(GITOPS)
    assert (opened.title, opened.source_branch) == ("Hold inventory in dev at 1.1.2", "tidegate/inventory/hold-dev")
    assert town.policy_now() == POLICY
    town.clock.advance(timedelta(days=1))
    hold(town)
    assert town.forge.merge_requests(GITOPS) == (opened,)
    hold(town, HoldAsked(ASKED.version, "for another reason"))
    (updated,) = town.forge.merge_requests(GITOPS)
    assert (updated.iid, updated.head != opened.head) == (opened.iid, True)
    hold(town, merge_request=False)
    assert town.told.plans[-1].warnings == (f"{GITOPS}!1 proposed this and stays open: close it",)
    assert b"range: 1.1.2\n" in town.policy_now()


def test_what_can_not_be_held_says_why(town: LaneWorld) -> None:
    assert refused(town, HoldAsked(Version.parse("1.1.7"), "x")).endswith(
        "is 1.1.7; the range has v1.1.1, 1.1.3, 1.1.2"
    )
    assert "moved by merge requests" in refused(town, environment="e2e")
    town.policy(policy("x").replace(b"semver:\n      range: x", b"numerical: {}"))
    assert "no semver range" in refused(town)
    town.write(GITOPS, {"clusters/dev/inventory/policy.yaml": None})
    world = town.world()
    with pytest.raises(PolicyMissing):
        observe_hold(world, INVENTORY, world.environment("dev"), ASKED)


def test_a_hold_until_promoted_needs_an_environment_to_be_promoted_to(town: LaneWorld) -> None:
    asked = HoldAsked(ASKED.version, "x", until_promoted=True)
    del town.environments["e2e"]
    assert "nothing is promoted from dev" in refused(town, asked)


def test_a_hold_with_a_day_is_over_when_the_day_is(town: LaneWorld) -> None:
    lane, last = town.lane(), Hold("1.1.2", "bo", START, "x", START.date())
    assert why_over(town.world(), lane, last) is None
    town.clock.advance(timedelta(hours=12))
    assert why_over(town.world(), lane, last) == "its last day was 2024-05-01"


def test_a_hold_until_promoted_is_over_when_the_next_environment_gets_the_version(town: LaneWorld) -> None:
    lane, until = town.lane(), Hold("1.1.2", "bo", START, "x", until_promoted=True)
    path = town.path("e2e")
    for tag, over in [("1.1.3-rc1", None), ("1.1.1-rc4", None), ("1.1.2-rc1", "e2e has 1.1.2")]:
        town.write(GITOPS, {path: helm_release(f"e2e.example/team/inventory:{tag}")})
        assert why_over(town.world(), lane, until) == over
    town.clock.advance(timedelta(minutes=1))
    town.write(GITOPS, {path: helm_release("e2e.example/team/inventory:1.1.3-rc1")})
    assert why_over(town.world(), lane, until) == "e2e has 1.1.3"
    town.write(GITOPS, {path: helm_release("e2e.example/team/inventory:latest")})
    assert why_over(town.world(), lane, until) is None
    assert why_over(town.world(), lane, Hold("1.1.2", "bo", START, "x")) is None


def test_a_version_that_was_promoted_before_can_not_be_held_until_it_is(town: LaneWorld) -> None:
    town.write(GITOPS, {town.path("e2e"): helm_release("e2e.example/team/inventory:1.1.2-rc1")})
    assert "e2e has 1.1.2 already" in refused(town, HoldAsked(ASKED.version, "x", until_promoted=True))


def test_a_range_that_somebody_changed_is_not_overwritten(town: LaneWorld) -> None:
    hold(town)
    town.policy(town.policy_now().replace(b"range: 1.1.2", b"range: 1.1.x"))
    with pytest.raises(InvalidHold, match="somebody changed it"):
        hold(town, None)


def test_a_lost_race_is_run_again(town: LaneWorld) -> None:
    town.before_push.append(lambda: town.write(GITOPS, {"README.md": b"new"}))
    hold(town)
    assert len(town.told.races) == 1
    assert b"range: 1.1.2\n" in town.policy_now()


def test_of_a_list_one_policy_is_held_and_the_others_stay(town: LaneWorld) -> None:
    two = in_list(policy("1.1.x").decode()) + "- " + in_list(policy("1.0.x", "other").decode()).split("\n- ")[2]
    town.policy(two.encode())
    hold(town)
    assert [(each.name, each.range) for each in image_policies(town.policy_now())] == [
        ("inventory", "1.1.2"),
        ("other", "1.0.x"),
    ]
    hold(town, None)
    assert town.policy_now() == two.encode()

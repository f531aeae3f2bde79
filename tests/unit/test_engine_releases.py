"""A minor or major release opens a line and moves the lanes that lead."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from support.engine_world import GITOPS, INVENTORY, MARKER, helm_release
from support.lane_world import DEV_POLICY, MAINT, LaneWorld, policy, repository
from support.policy_documents import in_list
from tidegate.engine.policy.releases import ReleaseSeen, observe_release, plan_release, release
from tidegate.engine.steps import OpenMergeRequest
from tidegate.engine.versions.next_version import Bump
from tidegate.errors import Place
from tidegate.errors.manifest import InvalidPolicy, RangeNotMovable
from tidegate.errors.model import InvalidConstraint
from tidegate.errors.release import PolicyMissing
from tidegate.flux import image_policies
from tidegate.flux.holds import Hold, with_hold
from tidegate.model import MergeRequestOptions, Ranges
from tidegate.testing.clock import START

MAINT_POLICY = "clusters/maint/inventory/policy.yaml"
MAINT_RELEASE = "clusters/maint/inventory/release.yaml"


@pytest.fixture
def town() -> LaneWorld:
    town = LaneWorld()
    town.released("1.0.4", "1.1.3")
    return town


def seen(town: LaneWorld, kind: Bump = Bump.MINOR) -> ReleaseSeen:
    return observe_release(town.world(), INVENTORY, kind)


def run(town: LaneWorld, *, merge_request: bool | None = None) -> ReleaseSeen:
    return release(town.world(), INVENTORY, Bump.MINOR, None, town.told, merge_request=merge_request)


def steps(town: LaneWorld, *, merge_request: bool | None = None) -> list[str]:
    return [step.kind for step in plan_release(seen(town), merge_request=merge_request).steps]


def test_the_line_opens_and_the_range_moves(town: LaneWorld) -> None:
    town.push_all("1.2.0")
    (move,) = run(town).moves
    assert (move.before.tag, move.after.tag) == ("1.1.3", "1.2.0")
    assert b"range: 1.2.x" in town.policy_now()
    assert "1.2.x" in town.sources["inventory"].all()
    assert steps(town) == []


def test_a_merge_request_is_opened_as_asked_or_as_configured(town: LaneWorld) -> None:
    assert steps(town) == ["claim-line", "commit-files"]
    assert steps(town, merge_request=True) == ["claim-line", "commit-files", "open-merge-request"]
    town.change("dev", ranges=Ranges.MERGE_REQUEST)
    assert steps(town) == ["claim-line", "commit-files", "open-merge-request"]
    assert steps(town, merge_request=False) == ["claim-line", "commit-files"]
    run(town)
    (opened,) = town.forge.merge_requests(GITOPS)
    assert opened.title == "Open the line 1.2 of inventory in dev"
    assert "1.1.x → 1.2.x" in opened.description
    assert b"range: 1.1.x" in town.policy_now()
    assert b"range: 1.2.x" in town.policy_now(branch=opened.source_branch)
    run(town)
    assert town.forge.merge_requests(GITOPS) == (opened,)


def test_a_merge_request_is_opened_as_its_environments_want_it(town: LaneWorld) -> None:
    town.environments["maint"] = replace(
        MAINT, ranges=Ranges.MERGE_REQUEST, merge_request=MergeRequestOptions(labels=("lanes", "slow"), milestone="3")
    )
    town.write(GITOPS, {MAINT_POLICY: policy("~1.1")})
    wanted = MergeRequestOptions(labels=("lanes",), reviewers=("bob",), draft=True, squash=True)
    town.change("dev", ranges=Ranges.MERGE_REQUEST, merge_request=wanted)
    (opening,) = (step for step in plan_release(seen(town)).steps if isinstance(step, OpenMergeRequest))
    assert opening.options == replace(wanted, labels=("lanes", "slow"), milestone="3")
    run(town)
    (opened,) = town.forge.merge_requests(GITOPS)
    assert opened.title.startswith("Draft: Open the line 1.2")
    town.forge.describe(GITOPS, opened.iid, title="Open it", description=opened.description)  # it is ready
    run(town)
    assert not town.forge.merge_request(GITOPS, opened.iid).draft


def test_a_commit_after_a_merge_request_says_that_the_request_stays(town: LaneWorld) -> None:
    run(town, merge_request=True)
    run(town, merge_request=False)
    (warning,) = town.told.plans[-1].warnings[-1:]
    assert warning == f"{GITOPS}!1 proposed this and stays open: close it"
    assert b"range: 1.2.x" in town.policy_now()


def test_what_is_promoted_before_the_first_version_is_said(town: LaneWorld) -> None:
    assert plan_release(seen(town)).warnings == (
        "dev (inventory) keeps 1.1.3 until the first version of the line is pushed; until then promote with --version",
    )


def test_a_lane_behind_the_newest_release_stays(town: LaneWorld) -> None:
    town.environments["maint"] = MAINT
    town.write(GITOPS, {MAINT_POLICY: policy("~1.0")})
    found = seen(town)
    assert [move.lane.environment.name for move in found.moves] == ["dev"]
    assert found.notes == ("maint (inventory) stays at ~1.0: it is behind the newest release",)
    run(town)
    again = seen(town)
    assert [move.moved for move in again.moves] == [move.lane for move in again.moves]
    assert [stays.before.tag for stays in again.stays] == [None]


def test_without_a_release_every_lane_moves() -> None:
    town = LaneWorld()
    town.environments["maint"] = MAINT
    town.write(GITOPS, {MAINT_POLICY: policy("~0.9.0")})
    assert [move.moved.policy.range for move in seen(town).moves] == ["1.0.x", "~1.0.0"]


@pytest.mark.parametrize("range_", ["{a: 1}", "''", "[1.1.x]"])
def test_a_range_that_is_no_text_opens_no_line(town: LaneWorld, range_: str) -> None:
    """Passed over as a lane without a range, it would open the line and leave Flux behind."""
    town.policy(policy(range_))
    before = dict(town.sources["inventory"].all())
    with pytest.raises(InvalidPolicy, match="inventory has no range that can be read") as caught:
        run(town)
    assert str(caught.value.where).startswith(DEV_POLICY)
    assert dict(town.sources["inventory"].all()) == before


def test_two_lanes_in_one_file_move_together(town: LaneWorld) -> None:
    town.environments["maint"] = MAINT
    marker = ' # {"$imagepolicy": "flux-system:NAME:tag"}'
    image = "dev.example/team/inventory:1.1.3"
    text = "kind: HelmRelease\napiVersion: helm.toolkit.fluxcd.io/v2\nspec: {values: {image: '%s'}}%s\n"
    files = {
        f"clusters/{name}/inventory/release.yaml": (
            text.replace("{image: '%s'}}", "\n      image: %s").replace("{values: ", "\n    values:") % (image, marker)
        )
        .replace("NAME", f"inventory-{name}")
        .encode()
        for name in ("dev", "maint")
    }
    shared = policy("1.1.x", "inventory-dev") + b"---\n" + policy("~1.1.0", "inventory-maint")
    town.write(GITOPS, {**files, DEV_POLICY: None, "clusters/policies.yaml": shared})
    run(town)
    now = town.policy_now("clusters/policies.yaml")
    assert [each.range for each in image_policies(now)] == ["1.2.x", "~1.2.0"]
    assert town.commits(GITOPS) == 3


def test_a_held_lane_stays_and_says_until_when(town: LaneWorld) -> None:
    data = town.policy_now()
    hold = Hold("1.1.3", "bo", START, "1.1.4 loses orders", date(2024, 6, 1))
    town.policy(with_hold(data, image_policies(data)[0], hold))
    found = seen(town)
    assert found.moves == ()
    (note,) = found.notes
    assert note.startswith("dev (inventory) stays at 1.1.3: it is held at 1.1.3 by bo")
    assert note.endswith("then its range 1.1.x comes back, and `tidegate policy sync` moves it")


def test_a_style_that_can_not_move_shows_what_to_write_and_where(town: LaneWorld) -> None:
    town.policy(policy("'>=1.1.0 <1.1.9'"))
    with pytest.raises(RangeNotMovable) as caught:
        seen(town)
    assert caught.value.where == Place(DEV_POLICY, 11)
    assert caught.value.hint == "write 1.2.x"
    town.policy(policy("one.x"))
    with pytest.raises(InvalidConstraint) as wrong:
        seen(town)
    assert wrong.value.where == Place(DEV_POLICY, 11)


def maintenance(town: LaneWorld, range_: str, *, source: str | None = None) -> None:
    """A second automatic environment, with a policy of its own name."""
    town.environments["maint"] = replace(MAINT, source=source)
    marked = helm_release("dev.example/team/inventory:1.1.3", marker=MARKER.replace("tory:", "tory-m:"))
    town.write(GITOPS, {MAINT_POLICY: policy(range_, "inventory-m"), MAINT_RELEASE: marked})


def moved(town: LaneWorld, kind: Bump = Bump.MINOR) -> list[str]:
    return [f"{each.lane.environment.name} {each.moved.policy.range}" for each in seen(town, kind).moves]


def test_where_no_lane_is_found_at_all_nothing_is_released(town: LaneWorld) -> None:
    town.policy(policy("1.1.x", "inventroy"))
    with pytest.raises(PolicyMissing) as caught:
        run(town)
    assert caught.value.what.endswith("names flux-system:inventory, and there is no such ImagePolicy")
    assert (caught.value.hint or "").startswith("correct the marker")
    assert "1.2.x" not in town.sources["inventory"].all()


def test_an_environment_without_a_lane_is_warned_of(town: LaneWorld) -> None:
    maintenance(town, "1.1.x")
    town.write(GITOPS, {MAINT_POLICY: None})
    found = seen(town)
    assert [each.environment.name for each in found.missing] == ["maint"]
    (warning, _) = plan_release(found).warnings
    assert warning.startswith("maint stays as it is: the setter marker names flux-system:inventory-m, and there is no")
    assert warning.endswith("correct the marker, or add the policy to the repository")


def test_an_environment_that_does_not_have_the_service_is_nothing_to_warn_of(town: LaneWorld) -> None:
    town.environments["maint"] = MAINT
    assert (seen(town).missing, moved(town)) == ((), ["dev 1.2.x"])


def test_a_policy_without_a_range_stays_and_the_line_opens(town: LaneWorld) -> None:
    town.policy(policy("x").replace(b"semver:\n      range: x", b"alphabetical: {order: asc}"))
    assert seen(town).notes == ("dev (inventory) stays: it has no semver range that could move",)
    assert steps(town) == ["claim-line"]


def test_a_wide_range_stays_and_others_move(town: LaneWorld) -> None:
    maintenance(town, "1.x")
    assert moved(town) == ["dev 1.2.x"]
    (stays,) = seen(town).stays
    assert (stays.lane.environment.name, stays.before.tag) == ("maint", "1.1.3")
    assert stays.why == "it lets the line 1.2 through already; to leave others behind, write 1.2.x"


def test_where_every_range_is_wide_the_line_opens_all_the_same(town: LaneWorld) -> None:
    town.policy(policy("1.x"))
    assert steps(town) == ["claim-line"]
    run(town)
    assert "1.2.x" in town.sources["inventory"].all()
    assert "stays at 1.x: it lets the line 1.2 through already" in town.told.plans[0].warnings[0]
    assert moved(town, Bump.MAJOR) == ["dev 2.x"]


@pytest.mark.parametrize("text", ["'>=1.1.0 <1.2.5'", "1.1.x || 1.2.0"])
def test_a_range_that_has_the_line_in_part_is_no_wide_one(town: LaneWorld, text: str) -> None:
    town.policy(policy(text))
    with pytest.raises(RangeNotMovable):
        seen(town)


def test_the_environment_that_builds_arrive_in_leads(town: LaneWorld) -> None:
    maintenance(town, "1.1.x", source="dev")
    town.policy(policy("1.2.x"))
    assert moved(town) == ["dev 1.2.x", "maint 1.2.x"]
    town.policy(policy("1.1.x"))
    assert moved(town) == ["dev 1.2.x", "maint 1.2.x"]
    town.policy(policy("1.0.x"))
    assert moved(town) == ["dev 1.2.x", "maint 1.2.x"]
    maintenance(town, "0.9.x", source="dev")
    assert moved(town) == ["dev 1.2.x"]


def test_a_policy_in_a_list_is_a_lane_like_any_other(town: LaneWorld) -> None:
    before = in_list(policy("1.1.x").decode()).encode() + repository("dev.example/team/inventory")
    town.policy(before)
    assert moved(town) == ["dev 1.2.x"]
    run(town)
    assert town.policy_now() == before.replace(b"1.1.x", b"1.2.x")

"""Lanes are found, and told with what is newer but outside."""

from __future__ import annotations

import pytest

from support.engine_world import GITOPS, MARKER, helm_release
from support.lane_world import DEV_POLICY, LaneWorld, policy, repository
from tidegate.engine.policy.lane_report import report_lane
from tidegate.engine.policy.lanes import Lane, NoLane
from tidegate.errors.manifest import InvalidYaml
from tidegate.flux import Outcome

IMAGE = "dev.example/team/inventory"
RELEASE = "clusters/dev/inventory/release.yaml"


@pytest.fixture
def town() -> LaneWorld:
    return LaneWorld()


def outside(town: LaneWorld) -> list[tuple[str, str]]:
    return [(each.tag, each.outcome.value) for each in report_lane(town.world(), town.lane()).outside]


def test_what_is_newer_and_outside_with_the_reason(town: LaneWorld) -> None:
    town.push_all("1.1.9", "1.2.0", "1.2.1-rc.1", "1.1.10-rc.1", "1.0.9", "latest", "9.9")
    report = report_lane(town.world(), town.lane())
    assert report.selection.tag == "1.1.9"
    assert outside(town) == [("1.2.1-rc.1", "outside-range"), ("1.2.0", "outside-range"), ("1.1.10-rc.1", "prerelease")]


def test_the_exclusion_list_of_the_image_repository_counts(town: LaneWorld) -> None:
    town.policy(policy("1.1.x") + repository(IMAGE, extra='  exclusionList: ["^1[.]1[.]9$"]\n'))
    town.push_all("1.1.9", "1.1.8")
    assert report_lane(town.world(), town.lane()).selection.tag == "1.1.8"
    assert outside(town) == [("1.1.9", "excluded")]


def test_a_filter_with_extract_is_judged_by_what_it_extracts(town: LaneWorld) -> None:
    filtered = "  filterTags: {pattern: '^main-(?P<v>.*)$', extract: '$v'}\n"
    town.policy(policy("1.1.x", extra=filtered))
    town.push_all("main-1.1.7", "main-1.3.0", "1.1.9", "main-x")
    report = report_lane(town.world(), town.lane())
    assert report.selection.tag == "main-1.1.7"
    assert [(each.tag, each.outcome) for each in report.outside] == [
        ("main-1.3.0", Outcome.OUTSIDE_RANGE),
        ("1.1.9", Outcome.FILTERED),
    ]


@pytest.mark.parametrize(("kind", "selected"), [("alphabetical", "b"), ("numerical", None)])
def test_policies_without_versions_have_nothing_newer(town: LaneWorld, kind: str, selected: str | None) -> None:
    town.policy(policy("x").replace(b"semver:\n      range: x", f"{kind}: {{order: asc}}".encode()))
    town.push_all("a", "b")
    report = report_lane(town.world(), town.lane())
    assert (report.selection.tag, report.outside) == (selected, ())


def test_several_policies_without_a_marker_are_told(town: LaneWorld) -> None:
    two = policy("1.1.x") + b"---\n" + policy("1.0.x", "other")
    town.write(GITOPS, {DEV_POLICY: two, RELEASE: helm_release(f"{IMAGE}:1.1.3")})
    (found,) = town.lanes()
    assert isinstance(found, NoLane)
    assert "no setter marker says which" in found.why
    town.policy(two + repository(IMAGE, "other"))
    (lane,) = town.lanes()
    assert isinstance(lane, Lane)
    assert lane.policy.name == "other"


def test_each_marker_is_a_lane(town: LaneWorld) -> None:
    release = helm_release(f"{IMAGE}:1.1.3", marker=MARKER).decode()
    other = MARKER.replace("inventory", "inventory-jobs")
    release += f"    jobs:\n      image:\n        repository: {IMAGE}\n        tag: 1.1.3{other}\n"
    town.write(GITOPS, {RELEASE: release.encode(), "flux/policies.yaml": policy("~1.1", "inventory-jobs")})
    names = [lane.policy.name for lane in town.lanes() if isinstance(lane, Lane)]
    assert names == ["inventory", "inventory-jobs"]


def test_an_environment_without_a_policy_says_so(town: LaneWorld) -> None:
    town.write(GITOPS, {DEV_POLICY: None, RELEASE: helm_release(f"{IMAGE}:1.1.3")})
    (found,) = town.lanes()
    assert isinstance(found, NoLane)
    assert (found.environment.name, found.why) == ("dev", "there is no ImagePolicy in clusters/dev/inventory/")


def test_a_marker_without_its_policy_says_so(town: LaneWorld) -> None:
    town.policy(policy("1.1.x", "else"))
    (found,) = town.lanes()
    assert isinstance(found, NoLane)
    assert found.why == "the setter marker names flux-system:inventory, and there is no such ImagePolicy"


def test_of_two_policies_of_one_name_the_marker_s_namespace_counts(town: LaneWorld) -> None:
    town.policy(policy("9.x", namespace="other") + b"---\n" + policy("1.1.x"))
    assert town.lane().policy.range == "1.1.x"


def test_a_policy_that_can_not_be_read_is_an_error_and_one_elsewhere_is_not(town: LaneWorld) -> None:
    town.write(GITOPS, {"charts/x/templates/policy.yaml": b"kind: ImagePolicy\nx: {{ .Values.x }}: y\n"})
    assert town.lane().policy.range == "1.1.x"
    town.policy(b"kind: ImagePolicy\nx: [\n")
    with pytest.raises(InvalidYaml):
        town.lanes()

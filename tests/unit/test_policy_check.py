"""Each rule of the check: what it finds, where, and what it lets pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.engine_world import GITOPS, INVENTORY, MARKER, helm_release
from support.lane_world import COMMIT, DEV_POLICY, MAINT, LaneWorld, policy, repository
from support.policy_findings import IMAGE, filtered, found, kind, places
from tidegate.engine.check import check
from tidegate.engine.findings import Severity
from tidegate.engine.policy.holds import HoldAsked, hold_lanes
from tidegate.engine.policy_check import RULES
from tidegate.errors.git import BranchMissing, RemoteUnreachable
from tidegate.errors.policy import RuleUnknown
from tidegate.model import Version

RELEASE = "clusters/dev/inventory/release.yaml"
MAINT_POLICY = "clusters/maint/inventory/policy.yaml"


@pytest.fixture
def town() -> LaneWorld:
    return LaneWorld()


def maintenance(town: LaneWorld, range_: str) -> None:
    """A second automatic environment, with a lane of its own."""
    town.environments["maint"] = MAINT
    release = helm_release(f"{IMAGE}:1.1.3", marker=MARKER.replace("tory:", "tory-m:"))
    files = {MAINT_POLICY: policy(range_, "inventory-m"), "clusters/maint/inventory/release.yaml": release}
    town.write(GITOPS, files)


def test_a_sound_lane_has_no_findings(town: LaneWorld) -> None:
    assert found(town) == []


def test_every_rule_has_its_words() -> None:
    assert len({rule.text.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert all((rule.text.title, rule.text.why, rule.text.instead))


# selects-nothing


def test_a_range_that_selects_nothing(town: LaneWorld) -> None:
    town.policy(policy("1.4.x"))
    town.push_all("1.2.7", "1.3.0-rc.1", "latest")
    (finding,) = found(town)
    assert (finding.rule, finding.severity, str(finding.place)) == (
        "selects-nothing",
        Severity.ERROR,
        f"{DEV_POLICY}:11",
    )
    assert finding.what == "the range 1.4.x of inventory, the lane of inventory in dev selects none of 4 tags"
    assert finding.instead.startswith("1.2.x has the newest version, 1.2.7")
    assert finding.project == GITOPS


def test_a_line_that_was_opened_and_has_no_image_yet_is_awaited() -> None:
    town = LaneWorld((replace(INVENTORY, source="team/inventory"),))
    town.released("1.1.3")
    town.policy(policy("1.2.x"))
    assert places(town, "selects-nothing") == [(f"{DEV_POLICY}:11", "error")]
    town.sources["inventory"].claim("1.2.x", COMMIT, "open")
    (finding,) = found(town)
    assert (finding.severity, finding.fails) == (Severity.WARNING, False)
    assert finding.what.endswith("selects none of 1 tag: the line 1.2 has no image yet")
    town.policy(policy("1.3.x"))
    assert places(town, "selects-nothing") == [(f"{DEV_POLICY}:11", "error")]
    town.released("1.3.0")
    assert places(town, "selects-nothing") == [(f"{DEV_POLICY}:11", "warning")]
    town.push_all("1.3.0-rc.1")
    assert places(town, "selects-nothing") == [(f"{DEV_POLICY}:11", "warning")]
    town.write(GITOPS, {"flux/p.yaml": policy("1.3.x", "further") + repository(IMAGE, "further")})
    assert places(town, "selects-nothing") == [(f"{DEV_POLICY}:11", "warning"), ("flux/p.yaml:11", "warning")]
    town.write(GITOPS, {"flux/p.yaml": None})
    town.push_all("2.0.0")
    assert places(town, "selects-nothing") == [(f"{DEV_POLICY}:11", "error")]


def test_tags_that_can_not_be_read_are_told_and_excuse_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    town = LaneWorld((replace(INVENTORY, source="team/inventory"),))

    def unreachable() -> dict[str, str]:
        raise RemoteUnreachable("no answer", where="team/inventory", hint="try again")

    monkeypatch.setattr(town.sources["inventory"], "all", unreachable)
    town.policy(policy("1.2.x"))
    assert [(each.rule, each.severity.value) for each in found(town)] == [
        ("selects-nothing", "error"),
        ("unreadable", "warning"),
    ]


def test_a_range_over_tags_that_are_no_versions(town: LaneWorld) -> None:
    town.images.delete(town.image("dev", "1.1.3"))
    assert places(town, "selects-nothing") == [(f"{DEV_POLICY}:8", "warning")]
    town.push_all("main", "latest")
    (finding,) = found(town, "selects-nothing")
    assert (finding.severity, finding.instead.startswith("tags with three numbers")) == (Severity.ERROR, True)
    town.policy(policy("1.1.x") + repository(IMAGE, extra="  exclusionList: ['.*']\n"))
    assert places(town, "selects-nothing") == [(f"{DEV_POLICY}:11", "error")]


def test_a_policy_whose_tags_can_not_be_read_is_not_said_to_select_nothing(town: LaneWorld) -> None:
    town.write(GITOPS, {"flux/other.yaml": policy("9.x", "other") + repository("ghcr.io/mesh/proxy", "other")})
    assert found(town) == []


# policy-invalid


@pytest.mark.parametrize(
    "data",
    [
        policy("one.x"),
        kind("", "numerical: {order: up}"),
        filtered("(?=x)"),
        policy("1.1.x") + repository(IMAGE, extra="  exclusionList: ['(?=x)']\n"),
    ],
)
def test_a_policy_that_flux_does_not_take(town: LaneWorld, data: bytes) -> None:
    town.policy(data)
    assert [(each.rule, each.severity) for each in found(town)] == [("policy-invalid", Severity.ERROR)]


# not-a-number


def test_a_tag_that_fails_a_numerical_policy(town: LaneWorld) -> None:
    town.policy(kind("", "numerical: {order: asc}"))
    town.push_all("100", "latest", "main", "next")
    (finding,) = found(town)
    assert (finding.rule, finding.severity) == ("not-a-number", Severity.ERROR)
    assert finding.what.endswith("fails at next, main, latest and 1 more")
    town.policy(kind("  filterTags: {pattern: '^[0-9]+$'}\n", "numerical: {order: asc}"))
    assert found(town) == []


# filter-never-matches


def test_a_filter_that_matches_nothing(town: LaneWorld) -> None:
    town.policy(filtered("^release-"))
    (finding,) = found(town)
    assert (finding.rule, finding.severity) == ("filter-never-matches", Severity.ERROR)
    assert finding.instead == "a pattern that the tags match; they are like 1.1.3"


def test_a_filter_that_extracts_nothing(town: LaneWorld) -> None:
    town.policy(filtered("^(?P<version>.*)$", "$verzion"))
    (finding,) = found(town)
    assert (finding.rule, "gives the empty text" in finding.what) == ("filter-never-matches", True)
    town.policy(filtered("^(?P<version>.*)$", "$version"))
    assert found(town) == []


# lanes-overlap


def test_two_lanes_that_let_the_same_version_through(town: LaneWorld) -> None:
    maintenance(town, "'>=1.0.0'")
    (finding,) = found(town, "lanes-overlap")
    assert (finding.severity, str(finding.place)) == (Severity.WARNING, f"{MAINT_POLICY}:11")
    assert finding.what == "dev (1.1.x) and maint (>=1.0.0) both let 1.1.3 through"


def test_lanes_overlap_before_there_is_a_tag(town: LaneWorld) -> None:
    maintenance(town, "~1.1.7")
    assert [each.what for each in found(town, "lanes-overlap")] == [
        "dev (1.1.x) and maint (~1.1.7) both let 1.1.7 through"
    ]


def test_lanes_apart_and_twins_are_fine(town: LaneWorld) -> None:
    maintenance(town, "1.0.x")
    assert found(town, "lanes-overlap") == []
    town.policy(policy("1.1.x", "inventory-m"), MAINT_POLICY)
    assert found(town, "lanes-overlap") == []


def test_a_lane_below_another_passes_by_its_promotions(town: LaneWorld) -> None:
    maintenance(town, "1.1.x")
    town.environments["maint"] = replace(MAINT, source="dev")
    assert places(town, "lanes-overlap") == [(f"{MAINT_POLICY}:11", "error")]


def test_filters_keep_lanes_apart(town: LaneWorld) -> None:
    maintenance(town, "~1.1.0")
    town.push_all("main-1.1.5", "fix-1.1.6")
    town.policy(filtered("^main-(?P<v>.*)$", "$v"))
    data = filtered("^fix-(?P<v>.*)$", "$v", range="~1.1.0").replace(b"name: inventory", b"name: inventory-m")
    town.policy(data, MAINT_POLICY)
    assert found(town) == []


# image-mismatch


def test_an_image_and_a_policy_of_another_image(town: LaneWorld) -> None:
    town.policy(policy("1.1.x") + repository("dev.example/team/billing"))
    town.images.push(replace(town.image("dev", "1.1.3"), repository="team/billing"), "x")
    (finding,) = found(town)
    assert (finding.rule, str(finding.place)) == ("image-mismatch", f"{RELEASE}:10")
    assert finding.what == (
        "dev.example/team/inventory is set by the policy inventory, which reads the tags of dev.example/team/billing"
    )
    town.policy(policy("1.1.x") + repository(IMAGE))
    assert found(town) == []


def test_a_lane_without_marker_of_another_image(town: LaneWorld) -> None:
    town.write(GITOPS, {RELEASE: helm_release(f"{IMAGE}:1.1.3")})
    town.policy(policy("1.1.x") + repository("e2e.example/team/inventory"))
    assert places(town, "image-mismatch") == [(f"{DEV_POLICY}:11", "error")]


# marker-without-policy


def test_a_marker_that_names_no_policy(town: LaneWorld) -> None:
    marker = MARKER.replace("inventory", "inventroy")
    files = {"apps/job.yaml": f"kind: CronJob\nspec:\n  image: x:1{marker}\n".encode()}
    town.write(GITOPS, files)
    (finding,) = found(town)
    assert (finding.rule, str(finding.place)) == ("marker-without-policy", "apps/job.yaml:3")
    assert finding.instead == '{"$imagepolicy": "flux-system:inventory:tag"}'


def test_a_policy_without_namespace_may_come_into_any(town: LaneWorld) -> None:
    town.policy(policy("1.1.x").replace(b"  namespace: flux-system\n", b""))
    assert found(town) == []


# hold-over


def hold(town: LaneWorld) -> None:
    world = town.world("bo")
    asked = HoldAsked(Version.parse("1.1.3"), "x", town.clock.now().date())
    hold_lanes(world, INVENTORY, world.environment("dev"), asked, town.told)


def test_a_hold_that_is_over(town: LaneWorld) -> None:
    hold(town)
    assert found(town) == []
    town.clock.advance(timedelta(days=1))
    (finding,) = found(town)
    assert (finding.rule, finding.severity, str(finding.place)) == ("hold-over", Severity.ERROR, f"{DEV_POLICY}:3")
    assert finding.what.endswith("its last day was 2024-05-01")
    assert finding.instead.startswith("range: 1.1.x")


def test_a_hold_whose_range_was_changed(town: LaneWorld) -> None:
    hold(town)
    town.policy(town.policy_now().replace(b"range: 1.1.3", b"range: 1.1.x"))
    assert places(town, "hold-over") == [(f"{DEV_POLICY}:8", "error")]


# unreadable


def test_what_can_not_be_read_is_told(town: LaneWorld) -> None:
    town.write(GITOPS, {"flux/broken.yaml": b"kind: ImagePolicy\nspec: [\n"})
    town.write(GITOPS, {"clusters/dev/inventory/b.yaml": helm_release(f"{IMAGE}:1.1.2")})
    assert places(town, "unreadable") == [
        ("clusters/dev/inventory/release.yaml:10", "warning"),
        ("flux/broken.yaml:3:1", "warning"),
    ]


# switching off


def test_a_comment_on_the_line_or_above_it_switches_a_rule_off(town: LaneWorld) -> None:
    town.policy(policy("1.4.x # tidegate:ignore selects-nothing first build next week"))
    (finding,) = found(town)
    assert (finding.ignored, finding.fails) == ("first build next week", False)
    above = policy("1.4.x").replace(
        b"      range", b"      # tidegate:ignore not-a-number,selects-nothing soon\n      range"
    )
    town.policy(above)
    assert [each.ignored for each in found(town)] == ["soon"]
    for other in ("selects-nothing", "not-a-number soon", "selects-nothings soon"):
        town.policy(policy(f"1.4.x # tidegate:ignore {other}"))
        assert [(each.ignored, each.fails) for each in found(town)] == [(None, True)]
    town.policy(policy("1.4.x # tidegate:ignore selects-nothing"))
    assert "gives no reason" in found(town)[0].instead


def test_the_configuration_switches_a_rule_off(town: LaneWorld) -> None:
    town.policy(policy("1.4.x"))
    town.ignored = {"selects-nothing": "new service"}
    assert [each.ignored for each in found(town)] == ["new service"]
    town.ignored = {"selects-nothin": "new service"}
    with pytest.raises(RuleUnknown) as caught:
        found(town)
    assert caught.value.hint == "did you mean selects-nothing?"


# where to look


def test_the_branch_of_a_merge_request_is_looked_at(town: LaneWorld) -> None:
    town.write(GITOPS, {DEV_POLICY: policy("1.4.x")}, "change")
    assert found(town) == []
    assert [each.rule for each in check(town.world(), branch="change")] == ["selects-nothing"]
    assert check(town.world(), branch="change", project="platform/gitops-staging") == ()
    with pytest.raises(BranchMissing):
        check(town.world(), branch="missing")

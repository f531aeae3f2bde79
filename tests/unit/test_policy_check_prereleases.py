"""The rules about pre-releases: let in by accident, and candidates in the wrong order."""

from __future__ import annotations

import pytest

from support.engine_world import E2E, GITOPS, MARKER, helm_release
from support.lane_world import DEV_POLICY, LaneWorld, policy, repository
from support.policy_findings import IMAGE, filtered, found, places
from tidegate.engine.findings import Severity
from tidegate.model import Deploy, TagPattern


@pytest.fixture
def town() -> LaneWorld:
    return LaneWorld()


# admits-prereleases


def test_pre_releases_by_accident(town: LaneWorld) -> None:
    town.policy(policy("'>=1.1.0-0 <1.2.0-0'"))
    (finding,) = found(town, "admits-prereleases")
    assert (finding.severity, finding.instead) == (Severity.WARNING, ">=1.1.0 <1.2.0")
    town.push_all("1.1.4-feature.1")
    (finding,) = found(town, "admits-prereleases")
    assert (finding.severity, "selects 1.1.4-feature.1" in finding.what) == (Severity.ERROR, True)


@pytest.mark.parametrize(("text", "instead"), [("1.1.x-0", "1.1.x"), ("1.1.0-rc.1 - 1.1.9-0", "1.1.0 - 1.1.9")])
def test_the_same_range_without_pre_releases(town: LaneWorld, text: str, instead: str) -> None:
    town.policy(policy(text))
    assert [each.instead for each in found(town, "admits-prereleases")] == [instead]


def test_pre_releases_on_purpose(town: LaneWorld) -> None:
    town.policy(policy("1.1.x-0"))
    town.change("dev", tag=TagPattern("{version}-rc.{n}"))
    assert found(town, "admits-prereleases") == []
    town.change("dev", tag=TagPattern("{version}"))
    town.push_all("1.1.4-main.1")
    town.policy(filtered("-main[.]", range="1.1.x-0"))
    assert found(town, "admits-prereleases") == []


def test_whose_policy_it_is_is_told_by_the_account_it_reads_and_not_by_the_folder(town: LaneWorld) -> None:
    central = policy("1.1.x-0", "central") + repository(IMAGE, "central")
    town.write(GITOPS, {"flux/central.yaml": central})
    (finding,) = found(town, "admits-prereleases")
    assert (finding.place.file, finding.what.endswith(f"{IMAGE} has releases, such as 1.1.3")) == (
        "flux/central.yaml",
        True,
    )
    town.write(GITOPS, {"flux/central.yaml": None})
    town.push("e2e", "1.1.3-rc1")
    elsewhere = policy("1.1.x-0", "other") + repository("e2e.example/team/inventory", "other")
    town.write(GITOPS, {"clusters/dev/other/policy.yaml": elsewhere})
    assert found(town, "admits-prereleases") == []


def test_in_an_account_that_environments_share_the_lane_s_own_counts(town: LaneWorld) -> None:
    town.change("e2e", registry=town.environments["dev"].registry)
    town.policy(policy("1.1.x-0"))
    assert places(town, "admits-prereleases") == [(f"{DEV_POLICY}:11", "warning")]


def test_tags_that_are_all_pre_releases_are_meant_and_releases_beside_them_are_not(town: LaneWorld) -> None:
    town.policy(policy("1.1.x-0"))
    town.push_all("1.1.4-main.1")
    assert [each.severity for each in found(town, "admits-prereleases")] == [Severity.ERROR]
    town.images.delete(town.image("dev", "1.1.3"))
    assert found(town, "admits-prereleases") == []
    town.images.delete(town.image("dev", "1.1.4-main.1"))
    (finding,) = found(town, "admits-prereleases")
    assert finding.what.endswith("dev names its tags {version}")


# candidate-order


def candidates(town: LaneWorld, pattern: str) -> None:
    """E2e moves by itself, and counts candidates."""
    town.change("e2e", deploy=Deploy.AUTO, tag=TagPattern(pattern))
    release = helm_release("e2e.example/team/inventory:1.1.3-rc1", marker=MARKER.replace("tory:", "tory-e2e:"))
    files = {
        "clusters/e2e/inventory/release.yaml": release,
        "clusters/e2e/inventory/policy.yaml": policy("1.1.x-0", "inventory-e2e"),
    }
    town.write(GITOPS, files)
    town.push("e2e", "1.1.3-rc1")


def test_the_tenth_candidate_sorts_below_the_ninth(town: LaneWorld) -> None:
    candidates(town, "{version}-rc{n}")
    (finding,) = found(town, "candidate-order")
    assert (finding.severity, finding.place.file) == (Severity.WARNING, "clusters/e2e/inventory/policy.yaml")
    assert "will prefer 1.1.3-rc9 to 1.1.3-rc10; 1.1.3-rc1 is there now: e2e names" in finding.what
    assert finding.instead == 'tag: "{version}-rc.{n}" in environments.e2e'
    town.push("e2e", "1.1.3-rc9")
    assert [each.severity for each in found(town, "candidate-order")] == [Severity.ERROR]


def test_only_tags_that_are_there_are_shown(town: LaneWorld) -> None:
    candidates(town, "{version}-rc{n}")
    for tag in ("1.1.3-rc2", "1.1.3-rc11", "1.1.3-rc12", "1.0.9-rc1"):
        town.push("e2e", tag)
    (finding,) = found(town, "candidate-order")
    assert (finding.severity, "prefers 1.1.3-rc2 to 1.1.3-rc12: e2e names" in finding.what) == (Severity.ERROR, True)
    data = policy("1.1.x-0", "inventory-e2e", extra="  filterTags: {pattern: 'rc.$'}\n")
    town.policy(data, "clusters/e2e/inventory/policy.yaml")
    assert found(town, "candidate-order") == []
    town.policy(policy("1.4.x-0", "inventory-e2e"), "clusters/e2e/inventory/policy.yaml")
    (finding,) = found(town, "candidate-order")
    assert "will prefer {version}-rc9 to {version}-rc10: e2e names" in finding.what


def test_a_number_by_itself_counts_right(town: LaneWorld) -> None:
    candidates(town, "{version}-rc.{n}")
    assert found(town, "candidate-order") == []


def test_candidates_that_no_policy_selects_may_be_named_as_they_like(town: LaneWorld) -> None:
    assert town.environments["e2e"].tag.text == "{version}-rc{n}"
    assert found(town, "candidate-order") == []
    town.change("e2e", registry=town.environments["dev"].registry)
    assert found(town, "candidate-order") == []
    assert E2E.host != town.environments["e2e"].registry.host

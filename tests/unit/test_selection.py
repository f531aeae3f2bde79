from __future__ import annotations

from typing import Any

import pytest

from support.conformance import cases
from tidegate.flux import Failure, Outcome, Selection, SelectionError, select_tag
from tidegate.flux.policy import SemverPolicy
from tidegate.model import Constraint


def semver(text: object) -> dict[str, object]:
    return {"policy": {"semver": {"range": text}}}


def outcomes(selection: Selection) -> dict[str, Outcome]:
    return {explained.tag: explained.outcome for explained in selection.explain()}


@pytest.mark.parametrize("case", cases("policy_dev"), ids=lambda case: case["id"])
def test_every_selection_is_the_original_one(case: dict[str, Any]) -> None:
    spec = {name: case[name] for name in ("policy", "filterTags") if name in case}
    expect = case["expect"]
    tags = sorted(case["tags"], key=lambda tag: tag[::-1])
    selection = select_tag(spec, tags, exclusion_list=case.get("exclusionList"))
    if expect["ok"]:
        assert selection.error is None
        assert selection.tag in expect.get("possible", [expect["latest"]])
    else:
        assert selection.tag is None
        assert selection.error is not None
        assert selection.error.failure.value == expect["error_class"]


@pytest.mark.parametrize("case", cases("semver_dev"), ids=lambda case: case["id"])
def test_among_equal_versions_the_first_is_the_latest(case: dict[str, Any]) -> None:
    if case["error"] is None:
        latest = SemverPolicy(Constraint.parse(case["constraint"])).latest(case["versions"])
        assert (None if isinstance(latest, SelectionError) else latest) == case["flux_latest"]


def test_every_tag_of_a_semver_policy_is_explained() -> None:
    tags = ["1.0.1", "v1.0.2", "1.0.2", "1.0.3-rc.1", "1.1.0", "latest", "1.0", "1.0.2.sig"]
    selection = select_tag(semver("1.0.x"), tags)
    assert selection.tag == "v1.0.2"
    assert outcomes(selection) == {
        "v1.0.2": Outcome.TAKEN,
        "1.0.2": Outcome.EQUAL,
        "1.0.1": Outcome.LOWER,
        "1.0.3-rc.1": Outcome.PRERELEASE,
        "1.1.0": Outcome.OUTSIDE_RANGE,
        "latest": Outcome.NOT_A_VERSION,
        "1.0": Outcome.NOT_A_VERSION,
        "1.0.2.sig": Outcome.EXCLUDED,
    }
    assert all(explained.text and explained.value for explained in selection.explain())


def test_a_filter_shows_what_it_extracted_and_which_tag_it_kept() -> None:
    spec = semver("*") | {"filterTags": {"pattern": r"^(?P<v>[0-9.]+)-(?P<os>\w+)$", "extract": "$v"}}
    selection = select_tag(spec, ["1.0.0-suse", "1.0.0-alpine", "0.9.0-alpine", "1.0.0"])
    assert selection.tag == "1.0.0-alpine"
    explained = {tag.tag: tag for tag in selection.explain()}
    assert explained["1.0.0-alpine"].value == "1.0.0"
    assert explained["1.0.0-suse"].outcome is Outcome.SHADOWED
    assert "1.0.0-alpine" in explained["1.0.0-suse"].text
    assert explained["0.9.0-alpine"].outcome is Outcome.LOWER
    assert explained["1.0.0"].outcome is Outcome.FILTERED


@pytest.mark.parametrize(
    ("policy", "pattern", "extract", "tags", "latest"),
    [
        (
            {"numerical": {"order": "asc"}},
            r"^main-(?P<n>\d+)$|^rel-(?P<n>\d+)$",
            "$n",
            ["main-5", "rel-9", "rel-12"],
            "rel-12",
        ),
        (
            {"semver": {"range": "1.x"}},
            r"^(?:v(?P<v>[0-9.]+)|(?P<v>[0-9.]+)-prod)$",
            "${v}",
            ["v1.0.0", "1.4.0-prod"],
            "1.4.0-prod",
        ),
    ],
)
def test_alternatives_of_a_filter_may_share_a_group_name(
    policy: dict[str, object], pattern: str, extract: str, tags: list[str], latest: str
) -> None:
    spec = {"policy": policy, "filterTags": {"pattern": pattern, "extract": extract}}
    assert select_tag(spec, tags).tag == latest


def test_one_tag_that_is_no_number_fails_a_numerical_policy() -> None:
    selection = select_tag({"policy": {"numerical": {}}}, ["1", "2", "latest"])
    assert selection.error is not None
    assert selection.error.failure is Failure.NOT_A_NUMBER
    assert outcomes(selection) == {"latest": Outcome.NOT_A_NUMBER, "2": Outcome.STALLED, "1": Outcome.STALLED}


@pytest.mark.parametrize(
    ("order", "tags", "latest"),
    [
        ("asc", ["1", "10", "9"], "10"),
        ("Desc", ["1", "10", "9"], "1"),
        ("asc", ["1_000", "1e3", "0x1p4"], "1_000"),
        ("asc", ["1", "01"], "01"),
        ("desc", ["1", "01"], "01"),
        ("asc", ["inf", "1e308"], "inf"),
        ("asc", ["5", "3", "nan"], "5"),
        ("asc", ["nan", "infinity", "-1"], "infinity"),
    ],
)
def test_numbers_are_ordered_as_go_orders_them(order: str, tags: list[str], latest: str) -> None:
    selection = select_tag({"policy": {"numerical": {"order": order}}}, tags)
    assert selection.tag == latest
    assert list(outcomes(selection).values()).count(Outcome.TAKEN) == 1


def test_equal_numbers_and_equal_texts_are_explained() -> None:
    assert outcomes(select_tag({"policy": {"numerical": {}}}, ["1", "01"]))["1"] is Outcome.EQUAL
    explained = outcomes(select_tag({"policy": {"alphabetical": {"order": "desc"}}}, ["a", "b"]))
    assert explained == {"a": Outcome.TAKEN, "b": Outcome.LOWER}


@pytest.mark.parametrize(
    ("spec", "failure"),
    [
        ({}, Failure.INVALID_POLICY),
        ({"policy": None}, Failure.INVALID_POLICY),
        ({"policy": "semver"}, Failure.INVALID_POLICY),
        ({"policy": {"semver": None}}, Failure.INVALID_POLICY),
        (semver(None), Failure.INVALID_POLICY),
        (semver(1.0), Failure.INVALID_POLICY),
        (semver("1 - "), Failure.INVALID_POLICY),
        ({"policy": {"numerical": {"order": "up"}}}, Failure.INVALID_POLICY),
        ({"policy": {"semver": {"range": "x"}, "numerical": {"order": "up"}}}, None),
        (semver("x") | {"filterTags": {"pattern": 1}}, Failure.INVALID_POLICY),
        (semver("x") | {"filterTags": {"pattern": "("}}, Failure.INVALID_FILTER),
        (semver("x") | {"filterTags": {"pattern": "nothing"}}, Failure.EMPTY_AFTER_FILTER),
        (semver("x") | {"filterTags": {}}, None),
        (semver("x") | {"filterTags": None}, None),
        (semver("2.x"), Failure.NO_MATCH),
    ],
)
def test_a_policy_that_flux_refuses_says_why(spec: dict[str, object], failure: Failure | None) -> None:
    selection = select_tag(spec, ["1.0.0"])
    assert (selection.error and selection.error.failure) is failure
    assert selection.tag == (None if failure else "1.0.0")
    assert len(list(selection.explain())) == 1


def test_the_policy_is_judged_before_exclusions_those_before_tags_and_the_filter_last() -> None:
    broken_filter = {"filterTags": {"pattern": "("}}
    assert failure_of(semver("||") | broken_filter, [], ["("]) is Failure.INVALID_POLICY
    assert failure_of(semver("x") | broken_filter, [], ["("]) is Failure.INVALID_EXCLUSION
    assert failure_of(semver("x") | broken_filter, [], []) is Failure.NO_TAGS
    assert failure_of(semver("x") | broken_filter, ["1.0.0"], []) is Failure.INVALID_FILTER


def failure_of(spec: dict[str, object], tags: list[str], exclusions: list[str]) -> Failure | None:
    error = select_tag(spec, tags, exclusion_list=exclusions).error
    return error.failure if error else None


def test_the_default_exclusion_is_the_expression_that_it_stands_for() -> None:
    tags = ["1.0.0.sig", ".sig", "sig", "a\n.sig", "b.sigh", "1.0.0-sig"]
    by_default = outcomes(select_tag(semver("*"), tags))
    spelled_out = outcomes(select_tag(semver("*"), tags, exclusion_list=[r"^(.*)\.sig$"]))
    assert by_default == spelled_out
    assert {tag for tag, outcome in by_default.items() if outcome is Outcome.EXCLUDED} == {"1.0.0.sig", ".sig"}

from __future__ import annotations

from typing import Any

import pytest

from support.conformance import cases
from tidegate.errors.model import InvalidConstraint, InvalidVersion
from tidegate.model import Constraint, Version


def answer(constraint: Constraint, text: str, *, include_prerelease: bool) -> bool | str:
    try:
        version = Version.parse(text)
    except InvalidVersion:
        return "parse_error"
    return constraint.allows(version, include_prerelease)


@pytest.mark.parametrize("case", cases("semver_dev"), ids=lambda case: case["id"])
def test_every_answer_is_the_original_one(case: dict[str, Any]) -> None:
    if case["error"]:
        with pytest.raises(InvalidConstraint):
            Constraint.parse(case["constraint"])
        return
    constraint = Constraint.parse(case["constraint"])
    assert [answer(constraint, text, include_prerelease=False) for text in case["versions"]] == case["results"]
    assert [answer(constraint, text, include_prerelease=True) for text in case["versions"]] == case["results_pre"]


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("~0.0.0", "9.9.9", "9.9.9-a"),
        ("~0", "0.9.0", "1.0.0"),
        ("^0.0", "0.0.9", "0.1.0"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("^*", "0.0.0", "0.0.1"),
        (">1", "2.0.0", "1.9.9"),
        (">1.2", "1.3.0", "1.2.9"),
        ("<=1", "1.9.9", "2.0.0"),
        ("<=*", "0.0.9", "0.1.0"),
        (">*", "0.0.1", "0.0.0"),
        ("!=*", "0.0.1", "0.0.0"),
        ("!=1", "2.0.0", "1.9.0"),
        ("!=1.2.x", "1.3.0", "1.2.9"),
        ("!=1.2.x-0", "1.2.9-1", "1.2.9-0"),
        ("1.x-0", "1.2.0-a", "2.0.0-0"),
        ("1.2-1.4", "1.2.5", "1.3.0"),
        ("1.x.3", "1.5.0", "2.0.0"),
        ("*.|.2", "7.0.0", "7.0.0-a"),
        (">=1.0.0-0 <2.0.0", "2.0.0-alpha", "2.0.0"),
        (">=1.0.0-0 <2.0.0 || 3.x", "3.0.0", "3.0.0-alpha"),
        ("0.9||1 - 2", "3.0.0", "0.8.0"),
        ("1.0 - 1.1,!=1.0.5,1.0 - 2", "1.0.4", "1.0.5"),
    ],
)
def test_the_surprises(text: str, inside: str, outside: str) -> None:
    constraint = Constraint.parse(text)
    assert constraint.allows(Version.parse(inside))
    assert not constraint.allows(Version.parse(outside))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "||",
        "1 ||",
        "==1",
        ">=1<2",
        "^1,",
        ",1",
        "1,,2",
        "1|2",
        "V1",
        "1.2.3.4",
        "1\xa02",
        "1\v2",
        "1 - ",
        "1\n\x00",
        "1 2 - 3",
        "1 - 2 - 3",
        "01.2.3-01",
        "18446744073709551616",
        "1.2.3-",
        "- 1",
        "1-a..b",
        "a1",
    ],
)
def test_what_the_original_refuses_is_refused(text: str) -> None:
    with pytest.raises(InvalidConstraint) as caught:
        Constraint.parse(text)
    assert caught.value.hint


def test_a_huge_constraint_is_refused_with_a_short_message() -> None:
    with pytest.raises(InvalidConstraint, match="too long") as caught:
        Constraint.parse("1.0.0 || " * 120_000)
    assert len(str(caught.value)) < 100


def test_a_constraint_reads_as_written_and_equals_its_like() -> None:
    assert str(Constraint.parse(" ~1.0 ")) == " ~1.0 "
    assert Constraint.parse("1.x") == Constraint.parse("1.x")
    assert len({Constraint.parse("1.x"), Constraint.parse("1.x"), Constraint.parse("1")}) == 2

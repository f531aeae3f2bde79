from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.conformance import cases
from tidegate.errors.model import InvalidVersion
from tidegate.model import Version
from tidegate.model.version import flux_precedence

CASES = cases("semver_dev") + cases("semver_sort_dev")
SORT_CASES = cases("semver_sort_dev")


def parsed(versions: list[str]) -> list[Version]:
    return [Version.parse(text) for text in versions if is_version(text)]


def is_version(text: str) -> bool:
    try:
        Version.parse(text)
    except InvalidVersion:
        return False
    return True


def accepts(parse: Callable[[str], Version], text: str) -> bool:
    try:
        parse(text)
    except InvalidVersion:
        return False
    return True


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_each_parser_takes_what_the_original_takes(case: dict[str, Any]) -> None:
    assert [accepts(Version.parse_strict, text) for text in case["versions"]] == case["strict_ok"]
    assert [accepts(Version.parse_flux, text) for text in case["versions"]] == case["flux_parse_ok"]
    assert [flux_precedence(text) is not None for text in case["versions"]] == case["flux_parse_ok"]


@pytest.mark.parametrize("case", SORT_CASES, ids=lambda case: case["id"])
def test_versions_sort_compare_and_read_like_the_original(case: dict[str, Any]) -> None:
    versions = parsed(case["versions"])
    assert [str(version) for version in sorted(versions)] == case["sorted"]
    assert [(one > other) - (one < other) for one in versions for other in versions] == case["compare"]
    canonical = [
        str(Version(read.major, read.minor, read.patch, read.prerelease, read.metadata))
        if is_version(text) and (read := Version.parse(text))
        else None
        for text in case["versions"]
    ]
    assert canonical == case["normal"]


def test_text_is_kept_and_does_not_count() -> None:
    version = Version.parse("v1.02+build.7")
    assert str(version) == "v1.02+build.7"
    assert version.without_metadata == "v1.02"
    assert version == Version(1, 2, 0)
    assert hash(version) == hash(Version(1, 2, 0))
    assert version.line == (1, 2)
    assert version != "1.2.0"


def test_release_is_written_as_the_version_is() -> None:
    assert str(Version.parse("v1.2.3-rc.1+a-b").release) == "v1.2.3"
    assert str(Version(1, 2, 3, "rc.1").release) == "1.2.3"


def test_a_version_may_have_long_numbers_of_zeros_but_none_of_2_to_the_64() -> None:
    assert Version.parse("0" * 10_000 + "1.2.3") == Version(1, 2, 3)
    assert Version.parse("18446744073709551615.0.0").major == 2**64 - 1
    for text in ("18446744073709551616.0.0", "0.18446744073709551616", "0.0." + "9" * 10_000):
        with pytest.raises(InvalidVersion):
            Version.parse(text)


@pytest.mark.parametrize("parts", [(-1, 0, 0), (0, 2**64, 0), (0, 0, 0, "01"), (0, 0, 0, "a b"), (0, 0, 0, "", "_")])
def test_parts_that_make_no_version_are_refused(parts: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidVersion):
        Version(*parts)


def test_the_error_says_what_to_write_and_cuts_long_text() -> None:
    with pytest.raises(InvalidVersion, match="…") as caught:
        Version.parse("x" * 1_000_000)
    assert len(str(caught.value)) < 200
    assert caught.value.hint is not None
    with pytest.raises(InvalidVersion) as caught:
        Version.parse_flux("1.2")
    assert "three" in (caught.value.hint or "")

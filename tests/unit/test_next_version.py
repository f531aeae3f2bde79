from __future__ import annotations

import pytest

from tidegate.engine.versions.next_version import Bump, newest_release, next_line, next_version
from tidegate.engine.versions.version_tags import TaggedVersions, TagStyle
from tidegate.errors.model import InvalidPattern
from tidegate.errors.release import LineNotOpenable, LineUnknown
from tidegate.model import Version


def versions(*texts: str) -> list[Version]:
    return [Version.parse(text) for text in texts]


@pytest.mark.parametrize(
    ("existing", "lines", "bump", "expected"),
    [
        ([], [], Bump.PATCH, "1.0.0"),
        ([], [], Bump.MAJOR, "1.0.0"),
        (["0.3.1"], [], Bump.PATCH, "0.3.2"),
        (["1.0.9", "1.0.10"], [], Bump.PATCH, "1.0.11"),
        (["1.0.0"], [(1, 1)], Bump.PATCH, "1.1.0"),
        (["1.0.0", "1.1.0"], [(1, 1)], Bump.PATCH, "1.1.1"),
        (["1.0.7", "1.1.0"], [(1, 0)], Bump.PATCH, "1.1.1"),
        (["1.0.7"], [], Bump.MINOR, "1.1.0"),
        (["1.0.7"], [], Bump.MAJOR, "2.0.0"),
        (["1.0.7"], [(1, 1)], Bump.MINOR, "1.1.0"),
        (["1.0.7"], [(1, 1)], Bump.MAJOR, "2.0.0"),
        (["1.0.7"], [(2, 0)], Bump.MINOR, "2.0.0"),
        (["1.0.7"], [(2, 0)], Bump.MAJOR, "2.0.0"),
        ([], [(3, 1)], Bump.PATCH, "3.1.0"),
        (["1.0.3", "2.0.0-rc.1", "1.0.4-rc.1"], [], Bump.PATCH, "1.0.4"),
        (["v1.2.0-rc.2", "1.1.0-rc.1"], [], Bump.PATCH, "1.2.0"),
        (["v1.2.3+build"], [], Bump.PATCH, "1.2.4"),
    ],
)
def test_the_version_that_comes_next(
    existing: list[str], lines: list[tuple[int, int]], bump: Bump, expected: str
) -> None:
    assert str(next_version(versions(*existing), lines, bump=bump)) == expected


def test_a_maintenance_line_goes_on_whatever_is_newer() -> None:
    existing = versions("1.0.3", "1.1.0", "1.2.0-rc.1")
    assert str(next_version(existing, [(1, 3)], line=(1, 0))) == "1.0.4"
    assert str(next_version(existing, [(1, 3)], line=(1, 0), bump=Bump.MINOR)) == "1.0.4"
    assert str(next_version(existing, [(1, 3)], line=(1, 2))) == "1.2.0"
    assert str(next_version(existing, [(1, 3)], line=(1, 3))) == "1.3.0"
    with pytest.raises(LineUnknown, match=r"1\.7") as caught:
        next_version(existing, [(1, 3)], line=(1, 7))
    assert "1.3" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("existing", "lines", "kind", "expected"),
    [
        ([], [], Bump.MINOR, (1, 0)),
        (["1.0.7"], [], Bump.MINOR, (1, 1)),
        (["1.0.7"], [(1, 1)], Bump.MINOR, (1, 1)),
        (["1.0.7", "1.1.0"], [(1, 1)], Bump.MINOR, (1, 2)),
        (["1.0.7"], [], Bump.MAJOR, (2, 0)),
        (["1.0.7"], [(1, 1)], Bump.MAJOR, (2, 0)),
        (["1.0.7"], [(2, 0)], Bump.MAJOR, (2, 0)),
        ([], [(1, 1)], Bump.MAJOR, (2, 0)),
    ],
)
def test_the_line_that_opens_next(
    existing: list[str], lines: list[tuple[int, int]], kind: Bump, expected: tuple[int, int]
) -> None:
    assert next_line(versions(*existing), lines, kind) == expected


def test_a_line_can_be_named_when_it_fits() -> None:
    assert next_line(versions("1.0.7"), [], Bump.MINOR, (1, 5)) == (1, 5)
    assert next_line(versions("1.0.7"), [], Bump.MAJOR, (3, 0)) == (3, 0)
    assert next_line(versions("1.0.7"), [], Bump.MINOR, (1, 0)) == (1, 0)
    assert next_line([], [], Bump.MINOR, (4, 2)) == (4, 2)
    for kind, to in [(Bump.MINOR, (2, 0)), (Bump.MAJOR, (2, 1)), (Bump.MAJOR, (1, 1)), (Bump.MINOR, (0, 9))]:
        with pytest.raises(LineNotOpenable) as caught:
            next_line(versions("1.0.7"), [], kind, to)
        assert caught.value.hint in {"the next one is 1.1", "the next one is 2.0"}


def test_a_minor_release_does_not_slip_onto_a_new_major_line() -> None:
    with pytest.raises(LineNotOpenable, match=r"2\.0"):
        next_line(versions("1.0.7"), [(2, 0)], Bump.MINOR)


def test_a_style_reads_what_it_writes_and_no_more() -> None:
    style = TagStyle("inventory/v{version}")
    assert style.write(Version.parse("v1.2.3-rc.1+meta")) == "inventory/v1.2.3-rc.1"
    assert style.read("inventory/v1.2.3") == Version(1, 2, 3)
    assert style.marker((1, 1)) == "inventory/v1.1.x"
    assert style.read_marker("inventory/v1.1.x") == (1, 1)
    tags = ["inventory/v1.0.0", "inventory/v1.1.x", "v9.9.9", "billing/v9.x.x", "inventory/v1", "inventory/", "main"]
    assert TaggedVersions.read(style, tags) == TaggedVersions(frozenset({Version(1, 0, 0)}), frozenset({(1, 1)}))
    assert TagStyle("a{version}a").read("a") is None


@pytest.mark.parametrize("text", ["", "v", "{version}{version}", "{version}-{n}", "{{version}}"])
def test_a_style_holds_the_version_once(text: str) -> None:
    with pytest.raises(InvalidPattern):
        TagStyle(text)


def test_the_newest_release() -> None:
    existing = versions("1.0.9", "1.0.10", "1.1.0", "2.0.0-rc.1")
    assert newest_release(existing) == Version(1, 1, 0)
    assert newest_release(existing, (1, 0)) == Version(1, 0, 10)
    assert newest_release(existing, (2, 0)) is None


def test_of_several_tags_of_one_version_its_own_is_found() -> None:
    style = TagStyle()
    assert style.find(Version(1, 0, 0), ["v1.0.0", "1.0.0", "1.0.0+a"]) == "1.0.0"
    assert style.find(Version(1, 0, 0), ["1.0.0+a", "v1.0.0", "1.0.1"]) == "v1.0.0"
    assert style.find(Version(1, 0, 0), ["1.0.0-rc.1", "main"]) is None

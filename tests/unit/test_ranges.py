from __future__ import annotations

import pytest

from tidegate.errors.manifest import RangeNotMovable
from tidegate.errors.model import InvalidConstraint
from tidegate.flux import move_range
from tidegate.model import Version


@pytest.mark.parametrize(
    ("text", "minor", "major"),
    [
        ("1.0.x", "1.1.x", "2.0.x"),
        ("1.0.X-0", "1.1.X-0", "2.0.X-0"),
        ("v1.0.*", "v1.1.*", "v2.0.*"),
        ("=1.0", "=1.1", "=2.0"),
        ("~1.0", "~1.1", "~2.0"),
        ("~1.0.0", "~1.1.0", "~2.0.0"),
        ("~> v1.0.3-0", "~> v1.1.0-0", "~> v2.0.0-0"),
        ("^1.0", "^1.1", "^2.0"),
        ("^1.0.0-0", "^1.1.0-0", "^2.0.0-0"),
        (">=1.0.0 <1.1.0", ">=1.1.0 <1.2.0", ">=2.0.0 <2.1.0"),
        (">=1.0.0, <1.1.0", ">=1.1.0, <1.2.0", ">=2.0.0, <2.1.0"),
        (">=1.0.0-0 <1.1.0-0", ">=1.1.0-0 <1.2.0-0", ">=2.0.0-0 <2.1.0-0"),
        ("< v1.1 ,\t>= v1.0", "< v1.2 ,\t>= v1.1", "< v2.1 ,\t>= v2.0"),
        (">=1.0.2 <=1.0.x", ">=1.1.0 <=1.1.x", ">=2.0.0 <=2.0.x"),
        (">=1.0.0 <2.0.0", ">=1.1.0 <2.0.0", ">=2.0.0 <3.0.0"),
        (">=1.0.0", ">=1.1.0", ">=2.0.0"),
        ("1.0.0 - 1.0.x", "1.1.0 - 1.1.x", "2.0.0 - 2.0.x"),
        (" v1.0 - v1.0-0 ", " v1.1 - v1.1-0 ", " v2.0 - v2.0-0 "),
        ("1.0.0 - 1.x", "1.1.0 - 1.x", "2.0.0 - 2.x"),
    ],
)
def test_a_range_moves_in_its_own_style(text: str, minor: str, major: str) -> None:
    assert move_range(text, (1, 1)) == minor
    assert move_range(text, Version.parse("2.0.7")) == major
    assert move_range(text, (1, 0)) == text


@pytest.mark.parametrize(("text", "moved"), [("^1", "^2"), ("1.x", "2.x"), ("~v1-0", "~v2-0"), (">=1 <2", ">=2 <3")])
def test_a_range_of_a_major_version_moves_to_another_one_only(text: str, moved: str) -> None:
    assert move_range(text, (2, 0)) == moved
    with pytest.raises(RangeNotMovable):
        move_range(text, (1, 1))


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "1.0.0",
        "=1.0.3",
        ">1.0.0 <1.1.0",
        "<1.1.0",
        "1.0.x || 1.1.x",
        "1.0.x, !=1.0.5",
        ">=1.0.0 <=1.0.4",
        ">=1.0.0 <1.3.0",
        ">=1.0.0 <1.1.5",
        "~1.0.0-rc.1",
        "^0.9",
        "~0.0.0",
        "^0.0.3",
        "1.0.x+meta",
        "1.0.0 - 1.2",
    ],
)
def test_what_can_not_move_says_what_to_write(text: str) -> None:
    with pytest.raises(RangeNotMovable) as caught:
        move_range(text, (1, 1))
    wanted = "write 1.1.x-0" if "rc" in text else "write 1.1.x"
    assert caught.value.hint == wanted


def test_the_hint_keeps_the_v() -> None:
    with pytest.raises(RangeNotMovable) as caught:
        move_range("=v1.0.3", (1, 1))
    assert caught.value.hint == "write v1.1.x"


def test_no_range_moves_to_a_line_whose_range_would_still_hold_the_old_one() -> None:
    with pytest.raises(RangeNotMovable):
        move_range("^1.1", (1, 0))
    assert move_range("1.1.x", (1, 0)) == "1.0.x"


def test_what_is_no_range_is_refused() -> None:
    with pytest.raises(InvalidConstraint):
        move_range("1.0.y", (1, 1))


def test_a_bound_that_lets_the_old_line_s_first_pre_release_in_is_not_written() -> None:
    with pytest.raises(RangeNotMovable):
        move_range(">=1.1.0-0 <1.2.0", (1, 0))
    assert move_range(">=1.1.0-0 <1.2.0-0", (1, 0)) == ">=1.0.0-0 <1.1.0-0"

"""Versions, constraints, ranges and templates: any text, judged beside the original's own regular expressions."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors.manifest import RangeNotMovable
from tidegate.errors.model import InvalidConstraint, InvalidVersion
from tidegate.flux import move_range, select_tag
from tidegate.flux.go_regexp import GoRegexp, Template
from tidegate.model import Constraint, Version
from tidegate.model.version import flux_precedence

BOUNDED = settings(max_examples=200, deadline=None)

OPERAND = (
    r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?"
    r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?"
)
OPERATOR = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^"
GROUP = re2.compile(rf"^(\s*({OPERATOR})\s*({OPERAND})\s*)((?:\s+|,\s*)({OPERATOR})\s*({OPERAND})\s*)*$".encode())
HYPHEN = re2.compile(rf"\s*({OPERAND})\s+-\s+({OPERAND})\s*".encode())
ATOM = re2.compile(rf"({OPERATOR})\s*({OPERAND})".encode())


def original_groups(text: str) -> list[list[str]] | None:
    """Return the comparisons of each group as the original's expressions find them; None when it refuses."""
    whole = text.encode()
    for match in list(HYPHEN.finditer(whole)):
        whole = whole.replace(match.group(0), b">= %s, <= %s " % (match.group(1), match.group(11)), 1)
    groups = whole.split(b"||")
    if not all(GROUP.search(group) for group in groups):
        return None
    found = [[match.group(0).decode() for match in ATOM.finditer(group)] for group in groups]
    return found if all(map(is_comparison, (atom for group in found for atom in group))) else None


def is_comparison(text: str) -> bool:
    """Return whether the numbers and the pre-release of one comparison make a version."""
    match = re.fullmatch(rf"[^0-9|xX*v]*{OPERAND}", text)
    assert match
    numbers = []
    for segment in match.group(1, 2, 3):
        if segment is None or segment.lstrip(".") in {"x", "X", "*"}:
            break
        numbers.append(segment.lstrip("."))
    return is_version(".".join(numbers or ["0"]) + (match[4] or ""))


def is_version(text: str) -> bool:
    try:
        Version.parse(text)
    except InvalidVersion:
        return False
    return True


PIECES = st.sampled_from(
    [
        "1",
        "0",
        "2",
        ".",
        "x",
        "*",
        "X",
        "|",
        "||",
        "-",
        " - ",
        "-0",
        "-rc.1",
        "+a",
        "v",
        " ",
        ",",
        "\n",
        ", ",
        ">=",
        "<",
        "=",
        "!",
        "~",
        "^",
        "~>",
        "1.0",
        "1.2.3",
        "0.0.0",
        "a",
        ">",
        "\x0b",
        "é",
    ]
)
CONSTRAINTS = st.lists(PIECES, max_size=12).map("".join)
NUMBERS = st.integers(0, 3)
VERSIONS = st.builds(
    lambda numbers, rest: ".".join(map(str, numbers)) + rest,
    st.tuples(NUMBERS, NUMBERS, NUMBERS),
    st.sampled_from(["", "", "-0", "-rc.1", "-rc.10", "-rc1", "+a", "-18446744073709551616"]),
)


@BOUNDED
@given(CONSTRAINTS)
def test_a_constraint_is_taken_and_cut_up_as_the_original_does(text: str) -> None:
    groups = original_groups(text)
    try:
        constraint = Constraint.parse(text)
    except InvalidConstraint:
        assert groups is None
        return
    assert groups is not None
    again = Constraint.parse(" || ".join(", ".join(group) for group in groups))
    for version in ("0.0.0", "1.0.0", "1.2.3", "1.2.4", "2.0.0", "2.0.0-rc.1", "0.0.1-0", "1.0.0-a"):
        assert constraint.allows(Version.parse(version)) == again.allows(Version.parse(version))


@BOUNDED
@given(st.text(st.sampled_from("01239vVx.-+ar\n é")) | VERSIONS)
def test_any_text_is_a_version_or_an_invalid_one(text: str) -> None:
    try:
        version = Version.parse(text)
    except InvalidVersion:
        assert flux_precedence(text) is None
        return
    assert str(version) == text
    assert Version.parse(str(Version(version.major, version.minor, version.patch, version.prerelease))) == version
    assert version <= version.release
    assert flux_precedence(text) == (version.precedence if text.count(".") > 1 else None)


@BOUNDED
@given(VERSIONS.map(Version.parse), VERSIONS.map(Version.parse), VERSIONS.map(Version.parse))
def test_the_order_is_total(one: Version, two: Version, three: Version) -> None:
    assert (one < two) + (one == two) + (one > two) == 1
    assert (one <= two) == (not one > two)
    assert (one >= two) == (not one < two)
    if one <= two <= three:
        assert one <= three
    if one == two:
        assert hash(one) == hash(two)


@BOUNDED
@given(st.lists(VERSIONS), CONSTRAINTS, st.randoms(use_true_random=False))
def test_a_selection_does_not_depend_on_the_order_of_tags(tags: list[str], text: str, random: object) -> None:
    assert hasattr(random, "shuffle")
    specs: list[dict[str, object]] = [
        {"policy": {"semver": {"range": text}}},
        {"policy": {"numerical": {}}, "filterTags": {"pattern": r"^(\d+)\.", "extract": "$1"}},
        {"policy": {"alphabetical": {"order": "desc"}}, "filterTags": {"pattern": text}},
    ]
    shuffled = list(tags)
    random.shuffle(shuffled)
    for spec in specs:
        selection = select_tag(spec, tags)
        assert select_tag(spec, shuffled) == selection
        assert (selection.tag is None) == (selection.error is not None)
        assert list(select_tag(spec, shuffled).explain()) == list(selection.explain())


SPACES = st.sampled_from(["", " "])
PRE = st.sampled_from(["", "-0"])


@st.composite
def styled_ranges(draw: st.DrawFn) -> tuple[str, tuple[int, int]]:
    """Draw a range in one of the styles that people write, and its line."""
    major, minor = draw(st.integers(1, 30)), draw(st.integers(0, 30))
    v, pre, space = draw(st.sampled_from(["", "v"])), draw(PRE), draw(SPACES)
    low, high = f"{v}{major}.{minor}", f"{v}{major}.{minor + 1}"
    text = draw(
        st.sampled_from(
            [
                f"{low}.x{pre}",
                f"{low}{pre}",
                f"~{space}{low}{pre}",
                f"~{low}.0{pre}",
                f"^{low}{pre}",
                f"^{space}{low}.0{pre}",
                f">={space}{low}.0{pre} <{space}{high}.0{pre}",
                f">={low}.0{pre},{space}<{high}.0",
                f">={low}{pre} <{v}{major + 1}.0",
                f"{low}.0{pre} - {low}.x",
                f"{low}{pre} - {low}.x{pre}",
            ]
        )
    )
    return text, (major, minor)


@BOUNDED
@given(styled_ranges(), st.integers(1, 31), st.integers(0, 31))
def test_a_moved_range_has_the_first_version_of_its_line_and_none_of_the_old_one(
    styled: tuple[str, tuple[int, int]], major: int, minor: int
) -> None:
    text, old = styled
    ahead = (major, minor) > old
    try:
        moved = Constraint.parse(move_range(text, (major, minor)))
    except RangeNotMovable:
        assert not ahead  # backwards, `^` and the like would hold the old line too
        return
    assert moved.allows(Version(major, minor, 0))
    assert moved.allows(Version(major, minor, 1000))
    if (major, minor) == old:
        assert str(moved) == text
        return
    for patch in (0, 1, 99, 2**64 - 1):
        assert not moved.allows(Version(*old, patch))
        assert not moved.allows(Version(*old, patch, "rc.1"))
    assert re.sub(r"\d+", "#", str(moved)) == re.sub(r"\d+", "#", text)


@BOUNDED
@given(CONSTRAINTS, NUMBERS, NUMBERS)
def test_moving_any_text_moves_it_well_or_says_that_it_can_not(text: str, major: int, minor: int) -> None:
    try:
        moved = move_range(text, (major, minor))
    except (InvalidConstraint, RangeNotMovable):
        return
    assert moved == text or Constraint.parse(moved).allows(Version(major, minor, 0))


@BOUNDED
@given(st.text(st.sampled_from("$ab1_x{}é- ")))
def test_any_template_expands(text: str) -> None:
    regexp = GoRegexp("(?P<a>x)(?P<b>y)?")
    match = regexp.search("x")
    assert match is not None
    expanded = Template(text, regexp).expand(match)
    assert "$" in text or expanded == text
    assert expanded.count("$") <= text.count("$")


UNITS = [
    "1",
    " ",
    "0",
    "1.",
    "1-",
    "1 - ",
    " - 1",
    "||",
    "|",
    ",",
    ", ",
    "x.",
    "-1.",
    "+a",
    "a",
    "a.-",
    "1.0.0 || ",
    "v",
    ">=",
    "1-1.+1 - ",
]


def refuse(parse: Callable[[str], object], text: str) -> float:
    start = time.thread_time()
    with contextlib.suppress(InvalidConstraint, InvalidVersion):
        parse(text)
    return time.thread_time() - start


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("end", ["", "!", " - 2", "-", "1.0.0"])
def test_no_text_takes_longer_than_its_length_allows(unit: str, end: str) -> None:
    # Quadratic time would be minutes for what is milliseconds in linear time: three seconds are far from both.
    just_short = unit * ((65_536 - len(end)) // len(unit)) + end
    assert refuse(Constraint.parse, just_short) < 3
    assert refuse(Constraint.parse, unit * (1_000_000 // len(unit)) + end) < 0.5
    assert refuse(Version.parse, unit * (1_000_000 // len(unit)) + end) < 3

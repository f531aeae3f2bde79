from __future__ import annotations

import math

import pytest

from tidegate.errors.manifest import InvalidRegexp
from tidegate.flux.go_float import parse_float
from tidegate.flux.go_regexp import GoRegexp, Template


@pytest.mark.parametrize(
    ("template", "expanded"),
    [
        ("$a", "x"),
        ("$a$a|${a}b", "xx|xb"),
        ("$1x", "w"),
        ("${1}x", "xx"),
        ("$1y", ""),
        ("$0", "xwo"),
        ("$b$2", ""),
        ("$9", ""),
        ("$01", "o"),
        ("$1234567890123", ""),
        ("$$a", "$a"),
        ("$$$a", "$x"),
        ("$$", "$"),
        ("$$$", "$$"),
        ("$", "$"),
        ("a$-b", "a$-b"),
        ("${a", "${a"),
        ("${a$a}", "${ax}"),
        ("${}", "${}"),
        ("{$a}", "{x}"),
        ("$é|", "|"),
        ("plain", "plain"),
    ],
)
def test_templates_expand_as_in_go(template: str, expanded: str) -> None:
    regexp = GoRegexp(r"(?P<a>x)(?P<b>y)?(?P<1x>w)(?P<01>o)?")
    match = regexp.search("-xwo-")
    assert match is not None
    assert Template(template, regexp).expand(match) == expanded


@pytest.mark.parametrize(
    ("pattern", "text", "expanded"),
    [
        (r"(?P<n>a)|(?P<n>b)", "a", "a"),
        (r"(?P<n>a)|(?P<n>b)", "b", "b"),
        (r"(?P<n>a)|x|(?<n>b)", "x", ""),
        (r"(?P<n>)(?P<n>b)", "b", ""),
        (r"(?P<n>a)(?P<n>b)", "ab", "a"),
        (r"(z)?(?i:(?P<n>a)|(?:(?i)x)(?P<n>b))", "xB", "B"),
        (r"\(?[(](?P<n>a)?\Q(?P<n>\E(?P<n>b)", "((?P<n>b", "b"),
        (r"[](?P<n>](?P<n>b)", "(b", "b"),
        (r"[^](?P<n>](?P<n>b)", "xb", "b"),
        (r"[\](](?P<n>b)", "(b", "b"),
        (r"[[:alpha:](](?P<n>b)", "(b", "b"),
        (r"[A-[:a](?P<n>b)", "[b", "b"),
        (r"[\d-[:alpha:](](?P<n>b)", "(b", "b"),
        (r"[\p{Lu}-[:digit:](](?P<n>b)", "(b", "b"),
        (r"\x{28}\\(?P<n>b)", "(\\b", "b"),
    ],
)
def test_of_groups_of_one_name_the_first_that_matched_counts(pattern: str, text: str, expanded: str) -> None:
    regexp = GoRegexp(pattern)
    match = regexp.search(text)
    assert match is not None
    assert Template("$n", regexp).expand(match) == expanded


def test_groups_of_text_beyond_ascii() -> None:
    regexp = GoRegexp("é(.)")
    match = regexp.search("aéß")
    assert match is not None
    assert Template("$0-$1", regexp).expand(match) == "éß-ß"


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        r"(\d)\1",
        "(?=a)",
        r"\C",
        r"\\\C",
        "[\\C]",
        "(?P<é>a)",
        "(?P<>a)",
        "\ud800",
        "a{1001}",
        "a{1001,}",
        "x{9876543210}",
        "x{1,9876543210}",
        "x{" + "9" * 5000 + "}",
        r"[]{1}]\Q{1}\E{9876543210}",
        pytest.param("(" * 1000 + ")" * 1000, id="nested groups"),
        pytest.param("(?:" * 1000 + ")*" * 1000, id="nested repetitions"),
    ],
)
def test_what_go_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidRegexp) as caught:
        GoRegexp(pattern)
    assert caught.value.hint


@pytest.mark.parametrize(
    "pattern",
    [
        r"\\C",
        r"\Q\C\E",
        r"\QC\C",
        "(?<name>a)",
        r"[\p{L}]{1000}",
        "",
        "x{,9876543210}",
        "x{09876543210}",
        "x{1,9876543210",
        r"x\{9876543210}",
        "[{9876543210}]",
        r"\Q{9876543210}",
        r"\x{000041}",
        pytest.param("(" * 999 + ")" * 999, id="nested groups"),
        pytest.param("(?:" * 1000 + ")" * 1000, id="nested non-capturing groups"),
        pytest.param("(a)" * 1001, id="groups side by side"),
    ],
)
def test_what_go_takes_is_taken(pattern: str) -> None:
    GoRegexp(pattern)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1_000", 1000.0),
        ("-.5", -0.5),
        ("+5.", 5.0),
        ("1e1_0", 1e10),
        ("1e-400", 0.0),
        ("0x1p4", 16.0),
        ("0X_1.8p-1", 0.75),
        ("INF", math.inf),
        ("-Infinity", -math.inf),
        ("0x1p-99999999999999999999", 0.0),
    ],
)
def test_what_go_reads_as_a_number(text: str, number: float) -> None:
    assert parse_float(text) == number


def test_nan_is_a_number_to_go() -> None:
    assert math.isnan(parse_float("NaN") or 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "0x10",
        "1e400",
        "0x1p1024",
        "1__0",
        "_1",
        "1_",
        "1_.5",
        "1e",
        "1e+",
        "+nan",
        "infinit",
        "٣",
        " 1",
        "1\n",
        "0x",
        "0xp1",
        "0x_p1",
        "0x1p",
        "1f",
        "--1",
    ],
)
def test_what_go_reads_as_no_number(text: str) -> None:
    assert parse_float(text) is None

"""Moving a version range to another line of releases, in the style it is written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tidegate.errors.manifest import RangeNotMovable
from tidegate.model.constraint import Constraint
from tidegate.model.version import RELEASE, Version

_SPACE: Final = r"[\t\n\f\r ]"
_AND: Final = rf"(?:{_SPACE}*,{_SPACE}*|{_SPACE}+)"


def _operand(name: str) -> str:
    number = r"[0-9]+"
    wild = rf"{number}|[xX*]"
    return rf"v?(?P<{name}0>{number})(?:\.(?P<{name}1>{wild})(?:\.(?P<{name}2>{wild}))?)?(?:-0)?"


_LOWER: Final = _operand("lower")
_UPPER: Final = _operand("upper")
_FROM: Final = rf"(?:>=|=>){_SPACE}*{_LOWER}"
_TO: Final = rf"(?:(?P<below><)|<=|=<){_SPACE}*{_UPPER}"
_STYLES: Final = tuple(
    re.compile(f"{_SPACE}*{style}{_SPACE}*")
    for style in (
        rf"(?:~>?|\^|>=|=>|=)?{_SPACE}*{_LOWER}",  # 1.0.x ~1.0 ~1.0.0 ^1.0
        f"{_FROM}{_AND}{_TO}",  # >=1.0.0 <1.1.0
        f"{_TO}{_AND}{_FROM}",
        rf"{_LOWER}{_SPACE}+-{_SPACE}+{_UPPER}",  # 1.0.0 - 1.0.x
    )
)
_LAST_PATCH: Final = (1 << 64) - 1
_LONGEST: Final = 200


def move_range(text: str, line: tuple[int, int] | Version) -> str:
    """Return `text` moved to `line`, every character but the numbers as it was; unchanged when it is there already.

    The range that is returned has the first version of the new line, none of the old line, and reaches as far
    above its line as `text` does: `^1.0` moves to `^1.1`, `>=1.0.0 <1.1.0` to `>=1.1.0 <1.2.0`.

    Args:
        text: a range as an ImagePolicy has it.
        line: major and minor of the new line, or a version of it.

    Raises:
        InvalidConstraint: `text` is no range.
        RangeNotMovable: its style can't say that without changing its meaning; the hint has the range to write.
    """
    major, minor = line.line if isinstance(line, Version) else line
    old = Constraint.parse(text)
    if len(text) <= _LONGEST:
        for style in _STYLES:
            match = style.fullmatch(text)
            if match is not None:
                start = int(match["lower0"]), _number(match["lower1"]) or 0
                if start == (major, minor):
                    return text
                moved = _splice(match, start, (major, minor))
                if moved is not None and _keeps_meaning(old, start, Constraint.parse(moved), (major, minor)):
                    return moved
    raise RangeNotMovable(
        f"the range {text[:_LONGEST]!r} can't be moved to {major}.{minor} without changing its meaning",
        hint=f"write {_instead(old, text, (major, minor))}",
    )


def _number(digits: str | None) -> int | None:
    return int(digits) if digits and digits.isdigit() else None


def _splice(match: re.Match[str], start: tuple[int, int], to: tuple[int, int]) -> str | None:
    """Return the text with the numbers of the new line, or None when the upper end is not one that moves along."""
    pieces = dict(_numbers(match, "lower", (*to, 0)))
    if "upper0" in match.re.groupindex:
        upper = _upper_end(match, start, to)
        if upper is None:
            return None
        pieces.update(_numbers(match, "upper", upper))
    text = match.string
    for (begin, end), number in sorted(pieces.items(), reverse=True):
        text = f"{text[:begin]}{number}{text[end:]}"
    return text


def _numbers(
    match: re.Match[str], operand: str, numbers: tuple[int, int, int]
) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield where each number of an operand stands and what to write there; wildcards stay."""
    for index, number in enumerate(numbers):
        if _number(match[f"{operand}{index}"]) is not None:
            yield match.span(f"{operand}{index}"), number


def _upper_end(match: re.Match[str], start: tuple[int, int], to: tuple[int, int]) -> tuple[int, int, int] | None:
    """Return the upper operand's numbers for the new line: the end of the line, or of the major version."""
    major, minor, patch = (_number(match[f"upper{index}"]) for index in range(3))
    if match.groupdict().get("below"):
        if (major, minor) == (start[0], start[1] + 1) and not patch:
            return to[0], to[1] + 1, 0
        return (to[0] + 1, 0, 0) if major == start[0] + 1 and not minor and not patch else None
    if patch is not None or major != start[0]:
        return None
    return (*to, 0) if minor is None or minor == start[1] else None


def _keeps_meaning(old: Constraint, start: tuple[int, int], new: Constraint, to: tuple[int, int]) -> bool:
    lowest, first, last = (*start, 0, ((0, 0),)), (*start, 0, RELEASE), (*start, _LAST_PATCH, RELEASE)
    return (
        new.admits((*to, 0, RELEASE))
        and not any(new.admits(version) for version in (lowest, first, last))
        and _reach(old, start)[0]
        and _reach(old, start) == _reach(new, to)
    )


def _reach(constraint: Constraint, line: tuple[int, int]) -> tuple[bool, bool, bool]:
    """Return whether a range has the last patch of its line, the next line, and the next major version."""
    return (
        constraint.admits((*line, _LAST_PATCH, RELEASE)),
        constraint.admits((line[0], line[1] + 1, 0, RELEASE)),
        constraint.admits((line[0] + 1, 0, 0, RELEASE)),
    )


def _instead(old: Constraint, text: str, line: tuple[int, int]) -> str:
    v = "v" if re.match(r"[^0-9]*v[0-9]", text) else ""
    prerelease = "-0" if old.names_prerelease else ""
    return f"{v}{line[0]}.{line[1]}.x{prerelease}"

"""Versions at the edges of a range: enough to tell whether two ranges meet, and how far up one reaches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tidegate.model import Constraint, Version

_OPERAND: Final = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?(?:\.([0-9]{1,18}))?(-[0-9A-Za-z.-]+)?")
_LAST_PATCH: Final = (1 << 64) - 1


def probes(range_: Constraint) -> Iterator[Version]:
    """Yield versions inside a range, among them the lowest of each of its pieces.

    A piece begins at a version that the range names, or right above it: at the next patch, minor or major version.
    """
    yield from (version for version in _edges(str(range_)) if range_.allows(version))


def _edges(text: str) -> Iterator[Version]:
    yield Version(0, 0, 0)
    for match in _OPERAND.finditer(text):
        major, minor, patch = (int(number or 0) for number in match.group(1, 2, 3))
        yield Version(major, minor, patch)
        yield Version(major, minor, patch + 1)
        yield Version(major, minor + 1, 0)
        yield Version(major + 1, 0, 0)


def common_version(one: Constraint, other: Constraint) -> Version | None:
    """Return the lowest release that two ranges both let through; None when they do not meet."""
    shared = {version for version in (*probes(one), *probes(other)) if one.allows(version) and other.allows(version)}
    return min(shared, default=None)


def has_line(range_: Constraint, line: tuple[int, int]) -> bool:
    """Return whether a range lets a line through from its first version to its last."""
    return all(range_.allows(Version(*line, patch)) for patch in (0, _LAST_PATCH))


def reaches(range_: Constraint, line: tuple[int, int]) -> bool:
    """Return whether an edge of a range lies on `line` or above."""
    return any(version.line >= line for version in probes(range_))

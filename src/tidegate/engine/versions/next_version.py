"""Which version a build gets and which line opens next: the pure rules."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

from tidegate.engine.versions.version_tags import Line
from tidegate.errors.release import LineNotOpenable, LineUnknown
from tidegate.model import Version

FIRST: Final = Version(1, 0, 0)
"""The version of a service that has none."""


class Bump(Enum):
    """What the next version raises."""

    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


def newest_release(existing: Iterable[Version], line: Line | None = None) -> Version | None:
    """Return the highest version that is no pre-release, of `line` or of all; None when there is none."""
    releases = (version for version in existing if not version.prerelease)
    return max((version for version in releases if line in {None, version.line}), default=None)


def next_version(
    existing: Iterable[Version], lines: Iterable[Line], *, bump: Bump = Bump.PATCH, line: Line | None = None
) -> Version:
    """Return the version that comes next: the next patch on the newest line, 1.0.0 for a start.

    A line that was opened and has no version yet starts with `X.Y.0`; a minor or major bump uses such a line rather
    than pass it over. Pre-releases don't count, unless there is nothing else: then their release is next.

    Args:
        existing: the versions there are, in any order.
        lines: the lines that were opened.
        bump: what to raise. On a given line every bump is a patch.
        line: continue this line instead of the newest.

    Raises:
        LineUnknown: `line` has no version and was not opened.
        InvalidVersion: the number would not be below 2^64.
    """
    versions, opened = frozenset(existing), frozenset(lines)
    releases = frozenset(version for version in versions if not version.prerelease)
    newest = _newest(releases, opened)
    if line is not None:
        if line not in opened and not any(version.line == line for version in versions):
            raise LineUnknown(
                f"the line {_name(line)} has no version and was not opened",
                hint=f"the newest line is {_name(newest or FIRST.line)}; `tidegate release minor` opens the next one",
            )
        return _next_patch(releases, line)
    if newest is None:
        first = max(versions, default=FIRST)
        return Version(first.major, first.minor, first.patch)
    if bump is Bump.PATCH or _is_waiting(newest, releases, bump):
        return _next_patch(releases, newest)
    return _next_patch(releases, _raised(newest, bump))


def next_line(existing: Iterable[Version], lines: Iterable[Line], kind: Bump, to: Line | None = None) -> Line:
    """Return the line that a minor or major release opens. One that is open and has no release yet is used first.

    Args:
        existing: the versions there are.
        lines: the lines that were opened.
        kind: MINOR or MAJOR.
        to: the line that is wanted, or None for the next one.

    Raises:
        LineNotOpenable: `to` is behind the newest release or not what `kind` says; or a minor release would have to
            use a new major line that was opened and has no release yet.
    """
    releases = frozenset(version for version in existing if not version.prerelease)
    newest = _newest(releases, frozenset(lines))
    if to is not None:
        _check_openable(to, kind, _newest(releases, frozenset()))
        return to
    if newest is None:
        return FIRST.line
    if not _is_waiting(newest, releases, kind):
        return _raised(newest, kind)
    if kind is Bump.MINOR and _is_waiting(newest, releases, Bump.MAJOR):
        raise LineNotOpenable(
            f"the line {_name(newest)} was opened and has no version yet: a minor release can't open one beside it",
            hint=f"build its first version, or move to it with `tidegate release major --to {_name(newest)}`",
        )
    return newest


def _newest(releases: frozenset[Version], opened: frozenset[Line]) -> Line | None:
    return max(opened | {version.line for version in releases}, default=None)


def _is_waiting(newest: Line, releases: frozenset[Version], kind: Bump) -> bool:
    """Return whether the newest line was opened for a release of `kind` and has no release yet."""
    released = _newest(releases, frozenset())
    return newest != released and (kind is Bump.MINOR or newest[0] != (released or FIRST.line)[0])


def _raised(line: Line, kind: Bump) -> Line:
    return (line[0], line[1] + 1) if kind is Bump.MINOR else (line[0] + 1, 0)


def _next_patch(releases: frozenset[Version], line: Line) -> Version:
    patch = max((version.patch for version in releases if version.line == line), default=-1)
    return Version(*line, patch + 1)


def _check_openable(to: Line, kind: Bump, released: Line | None) -> None:
    if released is None or to == released:
        return
    fits = to[0] == released[0] if kind is Bump.MINOR else to[0] > released[0] and to[1] == 0
    if to < released or not fits:
        raise LineNotOpenable(
            f"a {kind.value} release after {_name(released)} can't open the line {_name(to)}",
            hint=f"the next one is {_name(_raised(released, kind))}",
        )


def _name(line: Line) -> str:
    return f"{line[0]}.{line[1]}"

"""Constraint: version ranges as github.com/Masterminds/semver/v3 `constraints.go` reads and checks them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tidegate.errors.model import InvalidConstraint
from tidegate.model.version import IDENTIFIERS, RELEASE, Precedence, Version, prerelease_key, read_number

_SPACE: Final = "\t\n\f\r "
_SEGMENT: Final = r"[0-9|xX*]+"
_OPERAND: Final = rf"v?({_SEGMENT})(?:\.({_SEGMENT}))?(?:\.({_SEGMENT}))?(?:-({IDENTIFIERS}))?(?:\+{IDENTIFIERS})?"
_ATOM: Final = re.compile(rf"([<>]=?|=[<>]?|!=|~>?|\^|)[{_SPACE}]*{_OPERAND}")
_AND: Final = re.compile(rf"[{_SPACE}]*,[{_SPACE}]*|[{_SPACE}]+")
_HYPHEN: Final = re.compile(rf"(?<![{_SPACE}])[{_SPACE}]+-[{_SPACE}]+")
_UPPER: Final = re.compile(_OPERAND)
_REVERSED_LOWER: Final = re.compile(
    r"(?:(?:[0-9A-Za-z-]+\.)*[0-9A-Za-z-]+\+)?"  # metadata
    r"(?:(?:[0-9A-Za-z-]+\.)*[0-9A-Za-z-]+-(?=[0-9|xX*]))?"  # pre-release, as far to the left as it goes
    rf"{_SEGMENT}(?:\.{_SEGMENT})?(?:\.{_SEGMENT})?v?"
)
"""An operand read from its end: what may stand to the left of a hyphen, in text written backwards."""

_LONGEST: Final = 1 << 16
_SHOWN: Final = 80
_WHOLE: Final = 3


@dataclass(frozen=True, slots=True)
class Atom:
    """One comparison, e.g. `>=1.2`.

    Args:
        operator: as written; "" is like `=`.
        bound: the version compared with; 0 for what is not given.
        given: how many of major, minor and patch are given: the first missing one or wildcard cuts the rest.
    """

    operator: str
    bound: Precedence
    given: int


@dataclass(frozen=True, slots=True)
class Constraint:
    """A version range, e.g. `>=1.0.0 <1.1.0 || 2.x`. Equal when written alike.

    Args:
        text: as it was written, at most 65,536 characters.

    Raises:
        InvalidConstraint: the original does not take it either, or it is too long.
    """

    text: str
    _groups: tuple[tuple[bool, tuple[Atom, ...]], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.text) > _LONGEST:
            raise _invalid(self.text)
        groups = tuple(_read_group(group, self.text) for group in _rewrite_hyphens(self.text).split("||"))
        object.__setattr__(self, "_groups", groups)

    @classmethod
    def parse(cls, text: str) -> Constraint:
        """Return the constraint that `text` spells.

        Takes time linear in the length of `text`.

        Raises:
            InvalidConstraint: the original does not take it either, or it is too long.
        """
        return cls(text)

    def allows(self, version: Version, include_prerelease: bool = False) -> bool:  # noqa: FBT001, FBT002 - as the original calls it
        """Return whether `version` is in the range.

        A pre-release is in no range unless one of the comparisons that must hold together has a pre-release itself.

        Args:
            version: what to check.
            include_prerelease: treat pre-releases like releases. Flux never does.
        """
        return self.admits(version.precedence, include_prerelease=include_prerelease)

    def admits(self, version: Precedence, *, include_prerelease: bool = False) -> bool:
        """Return the answer of `allows` for a version of this precedence."""
        any_version = include_prerelease or version[3] == RELEASE
        for names_prerelease, atoms in self._groups:
            if any_version or names_prerelease:
                for atom in atoms:
                    if not _CHECKS[atom.operator](version, atom):
                        break
                else:
                    return True
        return False

    @property
    def names_prerelease(self) -> bool:
        """Whether a comparison has a pre-release, which lets pre-releases in."""
        return any(names_prerelease for names_prerelease, _ in self._groups)

    def __str__(self) -> str:
        return self.text


def _invalid(text: str) -> InvalidConstraint:
    if len(text) > _LONGEST:
        return InvalidConstraint(f"a version constraint of {len(text)} characters is too long")
    shown = f"{text[:_SHOWN]!r}{'…' if len(text) > _SHOWN else ''}"
    return InvalidConstraint(f"{shown} is not a version constraint", hint="write it like 1.0.x, ~1.0 or >=1.0.0 <1.1.0")


def _rewrite_hyphens(text: str) -> str:
    """Return `text` with each `A - B` and the space around it as `>= A, <= B `.

    Like the original, it looks no further than at the characters of A and B, before anything else is read.
    """
    backwards, length = text[::-1], len(text)
    pieces: list[str] = []
    done = 0
    for hyphen in _HYPHEN.finditer(text):
        lower = _REVERSED_LOWER.match(backwards, length - hyphen.start(), length - done)
        upper = _UPPER.match(text, hyphen.end())
        if lower is None or upper is None:
            continue
        before = text[done : length - lower.end()].rstrip(_SPACE)
        pieces.append(f"{before}>= {lower[0][::-1]}, <= {upper[0]} ")
        done = upper.end()
        while done < length and text[done] in _SPACE:
            done += 1
    return "".join(pieces) + text[done:]


def _read_group(text: str, whole: str) -> tuple[bool, tuple[Atom, ...]]:
    """Return the comparisons that must hold together, and whether one of them has a pre-release."""
    text = text.strip(_SPACE)
    atoms: list[Atom] = []
    position = 0
    while match := _ATOM.match(text, position):
        atoms.append(_read_atom(match, whole))
        position = match.end()
        if position == len(text):
            return any(atom.bound[3] != RELEASE for atom in atoms), tuple(atoms)
        separator = _AND.match(text, position)
        if separator is None:
            break
        position = separator.end()
    raise _invalid(whole)


def _read_atom(match: re.Match[str], whole: str) -> Atom:
    operator, *segments, prerelease = match.groups()
    numbers: list[int] = []
    for segment in segments:
        if segment in {None, "x", "X", "*"}:
            break
        number = read_number(segment) if segment.isdigit() else None
        if number is None:
            raise _invalid(whole)
        numbers.append(number)
    key = prerelease_key(prerelease or "")
    if key is None:
        raise _invalid(whole)
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return Atom(operator, (major, minor, patch, key), len(numbers))


def _equal(version: Precedence, atom: Atom) -> bool:
    return version == atom.bound if atom.given == _WHOLE else _tilde(version, atom)


def _not_equal(version: Precedence, atom: Atom) -> bool:
    match atom.given:
        case 1:
            return version[0] != atom.bound[0]
        case 2:
            return version[:2] != atom.bound[:2] or version[3] != atom.bound[3]
        case _:
            return version != atom.bound


def _greater(version: Precedence, atom: Atom) -> bool:
    if atom.given in {1, 2}:
        return version[: atom.given] > atom.bound[: atom.given]
    return version > atom.bound


def _greater_or_equal(version: Precedence, atom: Atom) -> bool:
    return version >= atom.bound


def _less(version: Precedence, atom: Atom) -> bool:
    return version < atom.bound


def _less_or_equal(version: Precedence, atom: Atom) -> bool:
    match atom.given:
        case 3:
            return version <= atom.bound
        case 1:
            return version[0] <= atom.bound[0]
        case _:
            return version[:2] <= atom.bound[:2]


def _tilde(version: Precedence, atom: Atom) -> bool:
    if version < atom.bound:
        return False
    if atom.bound[:3] == (0, 0, 0) and atom.given in {0, _WHOLE}:
        return True  # `~0.0.0`, `~*`: the original takes any version
    same = 1 if atom.given == 1 else 2
    return version[:same] == atom.bound[:same]


def _caret(version: Precedence, atom: Atom) -> bool:
    if version < atom.bound:
        return False
    if atom.bound[0] > 0 or atom.given == 1:
        return version[0] == atom.bound[0]
    if atom.bound[1] > 0 or atom.given == 2:  # noqa: PLR2004 - major and minor
        return version[:2] == atom.bound[:2]
    return version[:3] == atom.bound[:3]


_CHECKS: Final[dict[str, Callable[[Precedence, Atom], bool]]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    ">=": _greater_or_equal,
    "=>": _greater_or_equal,
    "<": _less,
    "<=": _less_or_equal,
    "=<": _less_or_equal,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}

"""Version: semantic versions as github.com/Masterminds/semver/v3 `version.go` reads and orders them; Flux uses it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from tidegate.errors.model import InvalidVersion

Precedence: TypeAlias = tuple[int, int, int, tuple[tuple[int, int | str], ...]]
"""What versions are ordered by: major, minor, patch, and the pre-release as a key that sorts as semver says."""

RELEASE: Final = ((2, 0),)
"""The last part of the precedence of a version without pre-release: above every pre-release."""

IDENTIFIERS: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
"""Dot-separated identifiers of a pre-release or of metadata, as a regular expression."""

_GRAMMAR: Final = re.compile(rf"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-({IDENTIFIERS}))?(?:\+({IDENTIFIERS}))?")
_STRICT: Final = re.compile(r"(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:[-+].*)?", re.DOTALL)
_FLUX_DOTS: Final = 2
_TOO_LARGE: Final = 1 << 64
_MOST_DIGITS: Final = 20
_SHOWN: Final = 80


def read_number(digits: str) -> int | None:
    """Return the number that ASCII `digits` spell, or None when it is not below 2^64. Leading zeros are allowed."""
    if len(digits) > _MOST_DIGITS:
        digits = digits.lstrip("0") or "0"
        if len(digits) > _MOST_DIGITS:
            return None
    number = int(digits)
    return number if number < _TOO_LARGE else None


def prerelease_key(prerelease: str) -> tuple[tuple[int, int | str], ...] | None:
    """Return the sort key of a pre-release, or None when a numeric identifier has a leading zero.

    Numbers are below words and compare as numbers; those of 2^64 and more compare as words, as the original does.

    Args:
        prerelease: dot-separated identifiers of the grammar `IDENTIFIERS`; "" for none.
    """
    if not prerelease:
        return RELEASE
    key: list[tuple[int, int | str]] = []
    for identifier in prerelease.split("."):
        if not identifier.isdigit():
            key.append((1, identifier))
            continue
        if identifier[0] == "0" and len(identifier) > 1:
            return None
        number = read_number(identifier)
        key.append((1, identifier) if number is None else (0, number))
    return tuple(key)


def flux_precedence(tag: str) -> Precedence | None:
    """Return the precedence of the version that Flux reads in `tag`, or None when it reads none.

    The same as `Version.parse_flux(tag).precedence`, without the cost of a version or an error: for long lists.
    """
    return _precedence(tag) if tag.count(".") >= _FLUX_DOTS else None


def _precedence(text: str) -> Precedence | None:
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        return None
    major, minor, patch, prerelease, _ = match.groups()
    if len(text) <= _MOST_DIGITS:
        key = prerelease_key(prerelease) if prerelease else RELEASE
        return None if key is None else (int(major), int(minor or 0), int(patch or 0), key)
    numbers = read_number(major), read_number(minor or "0"), read_number(patch or "0")
    key = prerelease_key(prerelease or "")
    if numbers[0] is None or numbers[1] is None or numbers[2] is None or key is None:
        return None
    return numbers[0], numbers[1], numbers[2], key


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A semantic version.

    Order, equality and hash follow semver's precedence, as `Compare` and `Equal` of the original do: the text and
    the metadata don't count, so `v1.2.3`, `1.2.3` and `1.2.3+build` are equal. Compare `str()` for the text.

    Args:
        major: below 2^64, like the next two.
        minor: 0 where the text has none.
        patch: 0 where the text has none.
        prerelease: what stands after `-`; "" for a release.
        metadata: what stands after `+`; "" for none.
        original: the text it was read from; made of the parts when it is left out.

    Raises:
        InvalidVersion: the parts don't make a version.
    """

    major: int
    minor: int
    patch: int
    prerelease: str = ""
    metadata: str = ""
    original: str = ""
    precedence: Precedence = field(init=False, repr=False)

    def __post_init__(self) -> None:
        text = self.original
        if not text:
            prerelease = f"-{self.prerelease}" if self.prerelease else ""
            metadata = f"+{self.metadata}" if self.metadata else ""
            text = f"{self.major}.{self.minor}.{self.patch}{prerelease}{metadata}"
            object.__setattr__(self, "original", text)
        precedence = _precedence(text)
        if precedence is None:
            raise _invalid(text)
        object.__setattr__(self, "precedence", precedence)

    @classmethod
    def parse(cls, text: str) -> Version:
        """Return the version that `text` spells: `v?N(.N)?(.N)?(-pre)?(+meta)?` (`NewVersion` of the original).

        Leading zeros are allowed in each N, which must be below 2^64, and not in a numeric pre-release identifier.

        Raises:
            InvalidVersion: `text` is something else.
        """
        match = _GRAMMAR.fullmatch(text)
        if match is None:
            raise _invalid(text)
        major, minor, patch, prerelease, metadata = match.groups()
        return cls(
            read_number(major) or 0,
            read_number(minor or "0") or 0,
            read_number(patch or "0") or 0,
            prerelease or "",
            metadata or "",
            text,
        )

    @classmethod
    def parse_strict(cls, text: str) -> Version:
        """Return the version that `text` spells to the letter of semver.org (`StrictNewVersion` of the original).

        Raises:
            InvalidVersion: not exactly three numbers, a `v`, or a leading zero.
        """
        if not _STRICT.fullmatch(text):
            raise _invalid(text)
        return cls.parse(text)

    @classmethod
    def parse_flux(cls, text: str) -> Version:
        """Return the version that Flux reads in a tag: at least three parts between dots (fluxcd/pkg `version`).

        Raises:
            InvalidVersion: fewer parts, or what `parse` does not take.
        """
        if text.count(".") < _FLUX_DOTS:
            raise _invalid(text, hint="Flux wants three numbers, for example 1.2.3")
        return cls.parse(text)

    @property
    def line(self) -> tuple[int, int]:
        """Major and minor: the line of releases that the version belongs to."""
        return self.major, self.minor

    @property
    def release(self) -> Version:
        """The same version without pre-release and metadata, written as this one is (`v1.2.3-rc.1` → `v1.2.3`)."""
        return Version.parse(re.split("[-+]", self.original, maxsplit=1)[0])

    @property
    def without_metadata(self) -> str:
        """The text without `+…`."""
        return self.original.partition("+")[0]

    def __str__(self) -> str:
        return self.original

    def __eq__(self, other: object) -> bool:
        return self.precedence == other.precedence if isinstance(other, Version) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.precedence)

    def __lt__(self, other: object) -> bool:
        return self.precedence < other.precedence if isinstance(other, Version) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.precedence <= other.precedence if isinstance(other, Version) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.precedence > other.precedence if isinstance(other, Version) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.precedence >= other.precedence if isinstance(other, Version) else NotImplemented


def _invalid(text: str, *, hint: str = "write it like 1.2.3, v1.2.3 or 1.2.3-rc.1") -> InvalidVersion:
    shown = f"{text[:_SHOWN]!r}{'…' if len(text) > _SHOWN else ''}"
    return InvalidVersion(f"{shown} is not a version", hint=hint)

"""How an application's repository writes its versions as git tags, and the marker that opens a line of releases."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tidegate.errors.model import InvalidPattern, InvalidVersion
from tidegate.model import Version

Line = tuple[int, int]
"""A line of releases: major and minor."""

_FIELD: Final = "{version}"
_MARKER: Final = re.compile(r"([0-9]{1,19})\.([0-9]{1,19})\.x")


@dataclass(frozen=True, slots=True)
class TagStyle:
    """How versions are written as git tags: `{version}` with text around it, e.g. `inventory/v{version}`.

    A line is opened by a tag that says `1.1.x` in place of the version: pushing it is atomic, and it is a version
    to no one.

    Args:
        text: the pattern, as `version_tags` of a service has it.

    Raises:
        InvalidPattern: it does not hold `{version}` once, or holds another placeholder.
    """

    text: str = _FIELD

    def __post_init__(self) -> None:
        prefix, field, suffix = self.text.partition(_FIELD)
        if not field or any(brace in prefix + suffix for brace in "{}"):
            raise InvalidPattern(
                f"the pattern of version tags {self.text!r} must hold {_FIELD} once",
                hint='for example "v{version}" or "inventory/v{version}"',
            )

    def write(self, version: Version) -> str:
        """Return the tag of `version`, without its metadata."""
        plain = Version(version.major, version.minor, version.patch, version.prerelease)
        return self.text.replace(_FIELD, str(plain))

    def marker(self, line: Line) -> str:
        """Return the tag that opens `line`, e.g. `inventory/v1.1.x`."""
        return self.text.replace(_FIELD, f"{line[0]}.{line[1]}.x")

    def read(self, tag: str) -> Version | None:
        """Return the version that `tag` names, or None when it names none in this style."""
        inner = self._inner(tag)
        try:
            return None if inner is None else Version.parse_flux(inner)
        except InvalidVersion:
            return None

    def find(self, version: Version, tags: Iterable[str]) -> str | None:
        """Return the tag that names `version`; of several, the one that `write` gives, else the last by bytes."""
        found = [tag for tag in tags if self.read(tag) == version]
        written = self.write(version)
        return written if written in found else max(found, default=None)

    def read_marker(self, tag: str) -> Line | None:
        """Return the line that `tag` opens, or None."""
        match = _MARKER.fullmatch(self._inner(tag) or "")
        return (int(match[1]), int(match[2])) if match else None

    def _inner(self, tag: str) -> str | None:
        prefix, _, suffix = self.text.partition(_FIELD)
        if not (tag.startswith(prefix) and tag.endswith(suffix)):
            return None
        return tag[len(prefix) : len(tag) - len(suffix)]


@dataclass(frozen=True, slots=True)
class TaggedVersions:
    """What the tags of a repository say in one style.

    Args:
        versions: the versions, pre-releases too.
        lines: the lines that a marker opened.
    """

    versions: frozenset[Version]
    lines: frozenset[Line]

    @classmethod
    def read(cls, style: TagStyle, tags: Iterable[str]) -> TaggedVersions:
        """Return what `tags` say; those in another style are passed over."""
        names = tuple(tags)
        versions = frozenset(version for tag in names if (version := style.read(tag)) is not None)
        lines = frozenset(line for tag in names if (line := style.read_marker(tag)) is not None)
        return cls(versions, lines)

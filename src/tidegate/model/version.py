"""Version: semantic versions as Masterminds/semver v3 reads them, which is what Flux uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tidegate.errors.model import InvalidVersion

_GRAMMAR: Final = re.compile(
    r"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version."""

    major: int
    minor: int
    patch: int
    prerelease: str = ""
    metadata: str = ""
    original: str = ""

    @classmethod
    def parse(cls, text: str) -> Version:
        """Return the version that `text` spells."""
        match = _GRAMMAR.fullmatch(text)
        if not match:
            raise InvalidVersion(f"{text!r} is not a version")
        major, minor, patch, prerelease, metadata = match.groups()
        return cls(int(major), int(minor or 0), int(patch or 0), prerelease or "", metadata or "", text)

    @classmethod
    def parse_flux(cls, text: str) -> Version:
        """Return the version that Flux reads in a tag."""
        if text.count(".") < 2:
            raise InvalidVersion(f"{text!r} is not a version")
        return cls.parse(text)

    @property
    def without_metadata(self) -> str:
        """The text without `+…`."""
        return self.original.partition("+")[0]

    def __str__(self) -> str:
        return self.original

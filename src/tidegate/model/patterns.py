"""Patterns of the configuration: how an environment names its tags and where a service's files live."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tidegate.errors.model import InvalidPattern, InvalidVersion
from tidegate.model.image import is_tag
from tidegate.model.version import Version

_SERVICE_NAME: Final = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*", re.ASCII)
_LONGEST_NAME: Final = 100
_FIELD: Final = re.compile(r"\{([^{}]*)\}")


def is_service_name(text: str) -> bool:
    """Return whether `text` may name a service: what is safe in a path, a branch and a tag at once."""
    return len(text) <= _LONGEST_NAME and bool(_SERVICE_NAME.fullmatch(text))


def _fields(text: str, allowed: frozenset[str]) -> list[str]:
    found = _FIELD.findall(text)
    rest = _FIELD.sub("", text)
    unknown = [field for field in found if field not in allowed]
    if unknown or "{" in rest or "}" in rest:
        wanted = " and ".join(f"{{{field}}}" for field in sorted(allowed, reverse=True))
        raise InvalidPattern(f"{text!r} has a placeholder that is not known here", hint=f"known: {wanted}")
    return found


@dataclass(frozen=True, slots=True)
class CandidateTag:
    """A tag, read by a pattern.

    Args:
        version: the release version without what the pattern adds.
        number: the candidate's number where the pattern has `{n}`, else None.
    """

    version: Version
    number: int | None


@dataclass(frozen=True, slots=True)
class TagPattern:
    """How an environment names its tags, e.g. `{version}-rc{n}`.

    `read` is the inverse of `write`. The text must hold `{version}` once and may hold `{n}` once.
    """

    text: str

    def __post_init__(self) -> None:
        fields = _fields(self.text, frozenset({"version", "n"}))
        if fields.count("version") != 1 or fields.count("n") > 1:
            raise InvalidPattern(
                f"tag pattern {self.text!r} must hold {{version}} once, and {{n}} at most once",
                hint='for example "{version}" or "{version}-rc{n}"',
            )
        # Between version and number stands more than digits, or nobody could tell where one ends.
        if re.search(r"\}[0-9]*\{", self.text) or not is_tag(self.text.format(version="1.0.0", n=1)):
            raise InvalidPattern(f"tag pattern {self.text!r} does not make tags that a registry accepts")

    @property
    def numbered(self) -> bool:
        """Whether candidates are counted (`{n}`)."""
        return "{n}" in self.text

    def write(self, version: Version, number: int = 1) -> str:
        """Return the tag of candidate `number` (from 1) of `version`. Metadata (`+…`) is no tag: it is dropped."""
        return self.text.format(version=version.without_metadata, n=number)

    def read(self, tag: str) -> CandidateTag | None:
        """Return version and number that `tag` spells under this pattern, or None when it does not fit."""
        expression = "".join(
            {"{version}": r"(?P<version>.+)", "{n}": r"(?P<n>0|[1-9][0-9]{0,8})"}.get(part, re.escape(part))
            for part in re.split(r"(\{version\}|\{n\})", self.text)
        )
        match = re.fullmatch(expression, tag, re.ASCII)
        if match is None:
            return None
        try:
            version = Version.parse_flux(match["version"])
        except InvalidVersion:
            return None
        return CandidateTag(version, int(match["n"]) if self.numbered else None)


@dataclass(frozen=True, slots=True)
class PathPattern:
    """Where a service's files are in an environment's repository, e.g. `clusters/dev/{service}`.

    A relative POSIX path of a folder; `..`, empty parts and control characters are refused.
    """

    text: str

    def __post_init__(self) -> None:
        _fields(self.text, frozenset({"service"}))
        parts = self.text.split("/")
        if any(part in {"", ".", ".."} for part in parts) or "\\" in self.text or not self.text.isprintable():
            raise InvalidPattern(
                f"path {self.text!r} must be relative and stay inside the repository",
                hint='for example "clusters/dev/{service}"',
            )

    def write(self, service: str) -> str:
        """Return the folder of `service`."""
        return self.text.replace("{service}", service)

    def read(self, path: str) -> str | None:
        """Return the service whose folder holds the file `path`, or None when it lies elsewhere.

        A pattern without `{service}` is one folder for all: "" is returned for a file in it.
        """
        head, _, tail = self.text.partition("{service}")
        if "{service}" not in self.text:
            return "" if path.startswith(f"{self.text}/") else None
        again = "(?P=service)".join(map(re.escape, tail.split("{service}")))
        match = re.match(rf"{re.escape(head)}(?P<service>[^/]+?){again}/", path)
        if match is None or not is_service_name(match["service"]):
            return None
        return match["service"]

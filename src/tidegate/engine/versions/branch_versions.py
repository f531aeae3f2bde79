"""Versions for builds of branches: pre-releases such as `1.1.4-feature-x.2`, legal as semver and as an OCI tag."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tidegate.errors.model import InvalidPattern, InvalidVersion
from tidegate.model import Version
from tidegate.model.image import is_tag

_BRANCH: Final = "{branch}"
_NUMBER: Final = "{n}"
_NOT_IN_A_LABEL: Final = re.compile(r"[^0-9a-z-]")
_LITERAL: Final = re.compile(r"[0-9A-Za-z.-]{0,20}")
_BESIDE_NUMBER: Final = re.compile(r"[0-9}]\{n\}|\{n\}[0-9{]")
_LONGEST_LABEL: Final = 40
_HASH_DIGITS: Final = 8


def branch_label(branch: str) -> str:
    """Return `branch` as one identifier of a pre-release: what GitLab calls CI_COMMIT_REF_SLUG, if that says it all.

    Lower case; each other character than ASCII letters, digits and `-` becomes `-`. So `Feature/X` and `feature-x`
    have one label, and count on together. Where a name would be lost (letters beyond ASCII, nothing left, more than
    40 characters), eight digits of its SHA-256 tell it from others. Digits alone get a `b` in front, since a number
    with a leading zero is no identifier.

    Args:
        branch: any text.
    """
    plain = _NOT_IN_A_LABEL.sub("-", branch.lower()).strip("-")
    label = f"b{plain}" if plain.isdigit() else plain
    if label and branch.isascii() and len(label) <= _LONGEST_LABEL:
        return label
    digest = hashlib.sha256(branch.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    return f"{plain[: _LONGEST_LABEL - _HASH_DIGITS - 1].strip('-') or 'branch'}-{digest}"


@dataclass(frozen=True, slots=True)
class BranchPattern:
    """How the pre-release of a branch's build is written, e.g. `{branch}.{n}`.

    Args:
        text: `{n}` once, `{branch}` at most once, and up to 20 characters of letters, digits, `.` and `-`. Beside
            `{n}` stands no digit and no other placeholder: nobody could tell where the number ends.

    Raises:
        InvalidPattern: it is something else.
    """

    text: str

    def __post_init__(self) -> None:
        rest = self.text.replace(_BRANCH, "", 1).replace(_NUMBER, "", 1)
        ambiguous = _BESIDE_NUMBER.search(self.text)
        if _NUMBER not in self.text or ambiguous or not _LITERAL.fullmatch(rest):
            raise self._invalid()
        try:
            Version.parse_strict(f"1.0.0-{self._write('b', 1)}")
        except InvalidVersion as error:
            raise self._invalid() from error

    @property
    def names_branch(self) -> bool:
        """Whether the branch is part of the pre-release."""
        return _BRANCH in self.text

    def next(self, release: Version, branch: str, existing: Iterable[Version]) -> Version:
        """Return the next pre-release of `release` for `branch`: its number follows the highest there is, from 1.

        It sorts below `release`.

        Args:
            release: the version that the branch leads to.
            branch: any text.
            existing: the versions there are; those of another release or label don't count.

        Raises:
            InvalidVersion: together they are longer than a tag may be.
        """
        label, core = branch_label(branch), (release.major, release.minor, release.patch)
        number = self._expression(label)
        same = (each for each in existing if (each.major, each.minor, each.patch) == core)
        numbers = (int(match[1]) for each in same if (match := number.fullmatch(each.prerelease)))
        version = Version(*core, self._write(label, max(numbers, default=0) + 1))
        if not is_tag(str(version)):
            raise InvalidVersion(f"{version} is longer than a tag may be", hint="shorten the pattern of --pre")
        return version

    def reads(self, version: Version, branch: str) -> bool:
        """Return whether `version` is a pre-release of `branch` by this pattern, of whatever release."""
        return self._expression(branch_label(branch)).fullmatch(version.prerelease) is not None

    def _expression(self, label: str) -> re.Pattern[str]:
        before, _, after = self.text.replace(_BRANCH, label).partition(_NUMBER)
        return re.compile(rf"{re.escape(before)}(0|[1-9][0-9]{{0,17}}){re.escape(after)}", re.ASCII)

    def _write(self, label: str, number: int) -> str:
        return self.text.replace(_BRANCH, label).replace(_NUMBER, str(number))

    def _invalid(self) -> InvalidPattern:
        return InvalidPattern(
            f"{self.text[:80]!r} does not make pre-releases of a branch",
            hint="hold {n} once with . or - around it, and {branch} at most once, e.g. {branch}.{n}",
        )

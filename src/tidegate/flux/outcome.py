"""What an ImagePolicy makes of a tag, and why it selects none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Failure(Enum):
    """Why a policy selects no tag; Flux shows each as a policy that is not ready."""

    INVALID_POLICY = "invalid_policy"
    """No policy, a range that does not parse, an order that is neither asc nor desc, or a value of a wrong type."""
    INVALID_EXCLUSION = "invalid_exclusion"
    """Go does not take a regular expression of the exclusion list."""
    NO_TAGS = "no_tags_in_database"
    """The repository has no tags, or all are excluded."""
    INVALID_FILTER = "invalid_filter"
    """Go does not take `filterTags.pattern`."""
    EMPTY_AFTER_FILTER = "empty_after_filter"
    """No tag matches `filterTags.pattern`."""
    NO_MATCH = "no_match"
    """No tag is a version inside the range."""
    NOT_A_NUMBER = "invalid_number"
    """A numerical policy met a tag that is no number, which fails it as a whole."""


@dataclass(frozen=True, slots=True)
class SelectionError:
    """Why nothing is selected.

    Args:
        failure: the class.
        text: one clause for a person.
    """

    failure: Failure
    text: str

    def __str__(self) -> str:
        return self.text


class Outcome(Enum):
    """What became of one tag."""

    TAKEN = "taken"
    LOWER = "lower"
    """It was in the running; the selected tag comes later in the policy's order."""
    EQUAL = "equal"
    """As good as the selected tag, which is the one that Flux's order of tags favours."""
    PRERELEASE = "prerelease"
    """Inside the range but for being a pre-release, and the range names none."""
    OUTSIDE_RANGE = "outside-range"
    NOT_A_VERSION = "not-a-version"
    NOT_A_NUMBER = "not-a-number"
    SHADOWED = "shadowed"
    """Another tag has the same extracted value, and Flux keeps one tag for a value."""
    FILTERED = "filtered"
    """`filterTags.pattern` does not match."""
    EXCLUDED = "excluded"
    """A regular expression of the exclusion list matches."""
    STALLED = "stalled"
    """The policy fails as a whole; the tag was not judged."""


@dataclass(frozen=True, slots=True)
class TagOutcome:
    """Why one tag was or was not taken.

    Args:
        tag: the tag.
        outcome: the kind of reason.
        text: one clause for a person.
        value: what the policy judged: the extracted value, or the tag itself.
    """

    tag: str
    outcome: Outcome
    text: str
    value: str

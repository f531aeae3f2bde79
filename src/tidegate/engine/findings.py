"""Findings: what a check has to say about a line of a file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tidegate.errors import Place


class Severity(Enum):
    """How bad it is. An error makes the check fail."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Args:
        rule: id of the rule.
        severity: how bad it is.
        project: the repository.
        place: file and line in it.
        what: what was found, one sentence.
        why: why it bites, one sentence.
        instead: what to write instead.
        ignored: why it was switched off; None: it counts.
    """

    rule: str
    severity: Severity
    project: str
    place: Place
    what: str
    why: str
    instead: str
    ignored: str | None = None

    @property
    def fails(self) -> bool:
        """Whether it makes the check fail."""
        return self.severity is Severity.ERROR and self.ignored is None


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a rule is, for the reference and for reports.

    Args:
        id: stable; what `policy.ignore` and `# tidegate:ignore` name.
        title: what it finds, as a phrase.
        why: why it bites, one sentence.
        instead: what to write instead, in general.
    """

    id: str
    title: str
    why: str
    instead: str

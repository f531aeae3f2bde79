"""What a rule of the policy check is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tidegate.engine.findings import RuleText, Severity
from tidegate.engine.policy_check.scene import Judged, Scene
from tidegate.errors import Place


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule bites.

    Args:
        project: the repository.
        place: file and line in it.
        what: what was found, one sentence.
        instead: what to write there instead.
        severity: how bad it is there.
    """

    project: str
    place: Place
    what: str
    instead: str
    severity: Severity = Severity.ERROR

    @classmethod
    def at(cls, judged: Judged, what: str, instead: str, severity: Severity = Severity.ERROR) -> Hit:
        """Return a hit at the range of a policy."""
        return cls(judged.project, judged.place, what, instead, severity)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its words, and the pure function that looks for it."""

    text: RuleText
    find: Callable[[Scene], Iterator[Hit]]

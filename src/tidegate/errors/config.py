"""Errors of `tidegate.yaml`."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.counted import counted
from tidegate.errors import Place, UsageError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in the configuration.

    Args:
        place: file, line and column.
        key: dotted path of the key, e.g. `environments.e2e.from`.
        what: what was expected.
        hint: what to write, e.g. the key that was probably meant.
    """

    place: Place
    key: str
    what: str
    hint: str | None = None


class ConfigMissing(UsageError):
    """No tidegate.yaml here or above."""

    code = "config/missing"


class ConfigUnreadable(UsageError):
    """The system does not let tidegate.yaml be read."""

    code = "config/unreadable"


class InvalidDuration(UsageError):
    """The text is not a length of time."""

    code = "config/duration"


class ConfigInvalid(UsageError):
    """tidegate.yaml is wrong; all findings at once.

    Args:
        findings: at least one, in file order.
    """

    code = "config/invalid"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        super().__init__(f"{counted(len(findings), 'error')} in the configuration", where=first.place)
        self.findings = findings


class RegistryUnknown(UsageError):
    """The configuration has no registry account of that name."""

    code = "config/registry-unknown"

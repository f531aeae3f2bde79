"""Plan: an ordered list of steps, as data."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.engine.steps import Step
from tidegate.model.json import Json


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done.

    Args:
        summary: one line for a person, e.g. `inventory 1.1.3: dev → e2e as 1.1.3-rc1`.
        steps: in order; empty when there is nothing to do.
        diff: the manifest change that it makes, as a unified diff; "" when none.
        warnings: what a person should know before.
    """

    summary: str
    steps: tuple[Step, ...]
    diff: str = ""
    warnings: tuple[str, ...] = ()

    def record(self) -> dict[str, Json]:
        """Return the plan for JSON."""
        return {
            "summary": self.summary,
            "steps": [{"kind": step.kind, "describe": step.describe(), **step.record()} for step in self.steps],
            "diff": self.diff,
            "warnings": list(self.warnings),
        }

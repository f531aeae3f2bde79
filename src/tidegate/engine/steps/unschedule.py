"""Step: the forge no longer merges a merge request by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tidegate.engine.steps.base import Outcome, Run
from tidegate.model.json import Json


@dataclass(frozen=True, slots=True)
class Unschedule:
    """Cancel auto-merge, or take the merge request off its merge train.

    Args:
        project: project path on the forge.
        iid: the merge request.
    """

    kind: ClassVar[str] = "unschedule"

    project: str
    iid: int

    def describe(self) -> str:
        """Return what it will do."""
        return f"keep the forge from merging {self.project}!{self.iid} by itself"

    def record(self) -> dict[str, Json]:
        """Return its data for JSON."""
        return {"project": self.project, "iid": self.iid}

    def perform(self, run: Run) -> Outcome:
        """Cancel; what is not scheduled any more is adopted.

        Raises:
            MergeRequestNotOpen: the forge was faster.
        """
        found = run.world.forge.unschedule(self.project, self.iid)
        return Outcome(f"{found.ref} is not merged by the forge itself")

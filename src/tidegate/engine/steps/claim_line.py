"""Step: a release line is opened in the application's repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tidegate.engine.steps.base import Outcome, Run
from tidegate.model.json import Json


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """Have the tag that opens a release line, e.g. `1.1.x`: the next version is then 1.1.0.

    Args:
        service: whose line.
        tag: the tag's name.
        commit: where it points.
    """

    kind: ClassVar[str] = "claim-line"

    service: str
    tag: str
    commit: str

    def describe(self) -> str:
        """Return what it will do."""
        return (
            f"tag {self.tag} at {self.commit[:12]} in the repository of {self.service}: its next version opens the line"
        )

    def record(self) -> dict[str, Json]:
        """Return its data for JSON."""
        return {"service": self.service, "tag": self.tag, "commit": self.commit}

    def perform(self, run: Run) -> Outcome:
        """Push the tag; one that exists is adopted, wherever it points."""
        message = f"Open the line {self.tag} of {self.service}"
        if run.world.version_tags(run.world.service(self.service)).claim(self.tag, self.commit, message):
            return Outcome(f"line {self.tag} of {self.service} is open")
        return Outcome(f"line {self.tag} of {self.service} was open already", adopted=True)

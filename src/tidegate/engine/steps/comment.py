"""Step: a note on a merge request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tidegate.engine.steps.base import Outcome, Run
from tidegate.model.json import Json


@dataclass(frozen=True, slots=True)
class Comment:
    """Have a note with this very text on a merge request, once.

    Args:
        project: project path on the forge.
        iid: the merge request.
        text: Markdown.
        author: who is acting.
    """

    kind: ClassVar[str] = "comment"

    project: str
    iid: int
    text: str
    author: str

    def describe(self) -> str:
        """Return what it will do."""
        return f"note on {self.project}!{self.iid}: {self.text.splitlines()[0]}"

    def record(self) -> dict[str, Json]:
        """Return its data for JSON."""
        return {"project": self.project, "iid": self.iid, "text": self.text}

    def perform(self, run: Run) -> Outcome:
        """Add the note unless the same text stands there."""
        if run.world.forge.comment(self.project, self.iid, user=self.author, text=self.text):
            return Outcome(f"{self.project}!{self.iid} has a note")
        return Outcome(f"{self.project}!{self.iid} has the note already", adopted=True)

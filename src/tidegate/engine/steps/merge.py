"""Step: a merge request is merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tidegate.engine.steps.base import Outcome, Run


@dataclass(frozen=True, slots=True)
class Merge:
    """Merge, guarded by the head that was decided on.

    Args:
        project: project path on the forge.
        iid: the merge request.
        branch: its source branch.
        head: the head that was decided on; a commit of this very run on `branch` takes its place.
        message: the merge commit's message, with trailers.
        actor: who is acting.
    """

    kind: ClassVar[str] = "merge"

    project: str
    iid: int
    branch: str
    head: str
    message: str
    actor: str

    def describe(self) -> str:
        """Return what it will do."""
        return f"merge {self.project}!{self.iid}"

    def record(self) -> dict[str, object]:
        """Return its data for JSON."""
        return {"project": self.project, "iid": self.iid, "head": self.head, "message": self.message}

    def perform(self, run: Run) -> Outcome:
        """Merge; a merge request that is merged at that head is adopted.

        Raises:
            HeadMoved: someone pushed since the decision.
            MergeConflict: a person must resolve it.
        """
        head = run.heads.get((self.project, self.branch), self.head)
        merged = run.world.forge.merge(self.project, self.iid, head=head, message=self.message, user=self.actor)
        return Outcome(f"{merged.ref} is merged as {(merged.merge_commit or '')[:12]}")

"""Step: a merge request is merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tidegate.engine.steps.base import Outcome, Run
from tidegate.errors.release import MergedDifferently
from tidegate.model import Digest, MergeRequestState


@dataclass(frozen=True, slots=True)
class Merge:
    """Merge, guarded by the head that was decided on.

    Args:
        project: project path on the forge.
        iid: the merge request.
        branch: its source branch.
        head: the head that was decided on; a commit of this very run on `branch` takes its place.
        files: path → bytes that the target's branch must have afterwards.
        message: the merge commit's message, with trailers.
        actor: who is acting.
    """

    kind: ClassVar[str] = "merge"

    project: str
    iid: int
    branch: str
    head: str
    files: Mapping[str, bytes]
    message: str
    actor: str

    def describe(self) -> str:
        """Return what it will do."""
        return f"merge {self.project}!{self.iid}"

    def record(self) -> dict[str, object]:
        """Return its data for JSON."""
        files = {path: str(Digest.of(data)) for path, data in self.files.items()}
        return {"project": self.project, "iid": self.iid, "head": self.head, "files": files, "message": self.message}

    def perform(self, run: Run) -> Outcome:
        """Merge; a merge request that is merged at that head is adopted.

        Raises:
            HeadMoved: someone pushed since the decision.
            MergeConflict: a person must resolve it.
            MergedDifferently: someone changed a file at the very same moment: the merge is not what was decided.
        """
        head = run.heads.get((self.project, self.branch), self.head)
        forge = run.world.forge
        merged = forge.merge_request(self.project, self.iid)
        adopted = (merged.state, merged.head) == (MergeRequestState.MERGED, head)
        if not adopted:
            merged = forge.merge(self.project, self.iid, head=head, message=self.message, user=self.actor)
        repo = run.world.repos.repo(self.project)
        repo.refresh()
        made = repo.read(merged.merge_commit, self.files) if merged.merge_commit else {}
        different = [path for path, data in self.files.items() if made.get(path) != data]
        if different:
            raise MergedDifferently(
                f"{merged.ref} was merged, and {' and '.join(different)} is not what was decided on",
                where=f"{self.project} {merged.merge_commit or ''}",
                hint="look at the merge commit at once; revert it, and promote again",
            )
        return Outcome(f"{merged.ref} is merged as {(merged.merge_commit or '')[:12]}", adopted=adopted)

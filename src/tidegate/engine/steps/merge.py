"""Step: a merge request is merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tidegate.engine.steps.base import Outcome, Run
from tidegate.errors.release import MergedDifferently
from tidegate.model import Digest, MergeRequestOptions, MergeRequestState
from tidegate.model.json import Json
from tidegate.model.merge_request import PLAIN


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
        options: how to merge.
    """

    kind: ClassVar[str] = "merge"

    project: str
    iid: int
    branch: str
    head: str
    files: Mapping[str, bytes]
    message: str
    actor: str
    options: MergeRequestOptions = PLAIN

    def describe(self) -> str:
        """Return what it will do."""
        name = f"{self.project}!{self.iid}"
        if self.options.merge_train:
            return f"put {name} on the merge train"
        if self.options.auto_merge:
            return f"have {name} merged as soon as its pipeline has succeeded"
        return f"merge {name}"

    def record(self) -> dict[str, Json]:
        """Return its data for JSON."""
        files = {path: str(Digest.of(data)) for path, data in self.files.items()}
        return {"project": self.project, "iid": self.iid, "head": self.head, "files": files, "message": self.message}

    def perform(self, run: Run) -> Outcome:
        """Merge, or have it scheduled; a merge request that is merged at that head is adopted.

        Raises:
            HeadMoved: someone pushed since the decision, or it had to be rebased.
            TargetMoved: the target's branch has changed one of the files since, and the forge merged nothing.
            MergeConflict: a person must resolve it.
            MergedDifferently: the same, and the forge merged: it is not what was decided.
        """
        head = run.heads.get((self.project, self.branch), self.head)
        merged = run.world.forge.merge(
            self.project,
            self.iid,
            head=head,
            message=self.message,
            user=self.actor,
            options=self.options,
            files=self.files,
        )
        if merged.state is not MergeRequestState.MERGED:
            run.scheduled.add(merged.ref)
            return Outcome(f"{merged.ref} is scheduled: the forge merges it")
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
        return Outcome(f"{merged.ref} is merged as {(merged.merge_commit or '')[:12]}")

"""Step: an image gets into the target's registry account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tidegate.counted import counted
from tidegate.engine.steps.base import Outcome, Run
from tidegate.model import ImageRef
from tidegate.model.json import Json


@dataclass(frozen=True, slots=True)
class CopyImage:
    """Make the target's tag hold the source's digest. A tag that holds another digest is an error.

    Args:
        source: pinned to the digest.
        target: with the tag to write.
    """

    kind: ClassVar[str] = "copy-image"

    source: ImageRef
    target: ImageRef

    def describe(self) -> str:
        """Return what it will do."""
        digest = f" ({self.source.digest.short})" if self.source.digest else ""
        return f"copy {self.source.name}:{self.source.tag}{digest} to {self.target.name}:{self.target.tag}"

    def record(self) -> dict[str, Json]:
        """Return its data for JSON."""
        return {"source": str(self.source), "target": str(self.target)}

    def perform(self, run: Run) -> Outcome:
        """Copy; adopts a tag that is right already."""
        run.copied = True
        report = run.world.images.copy(self.source, self.target)
        if report.adopted:
            return Outcome(f"{self.target.name}:{self.target.tag} holds {report.digest.short} already", adopted=True)
        return Outcome(
            f"{self.target.name}:{self.target.tag} holds {report.digest.short} "
            f"({counted(report.blobs_sent, 'blob')} sent, {report.blobs_present} there already)"
        )

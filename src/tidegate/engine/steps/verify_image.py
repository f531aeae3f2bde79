"""Step: an image is verified in place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from tidegate.engine.steps.base import Outcome, Run
from tidegate.errors.registry import ManifestMissing
from tidegate.errors.release import TagMoved
from tidegate.model import ImageRef
from tidegate.model.json import Json


@dataclass(frozen=True, slots=True)
class VerifyImage:
    """Check that a tag holds exactly the digest that was decided on. Writes nothing.

    Args:
        image: tag and expected digest.
    """

    kind: ClassVar[str] = "verify-image"

    image: ImageRef

    def describe(self) -> str:
        """Return what it will do."""
        digest = self.image.digest.short if self.image.digest else "a digest"
        return f"verify that {self.image.name}:{self.image.tag} holds {digest}"

    def record(self) -> dict[str, Json]:
        """Return its data for JSON."""
        return {"image": str(self.image)}

    def perform(self, run: Run) -> Outcome:
        """Read the tag's digest back.

        Raises:
            ManifestMissing: the tag does not exist.
            TagMoved: it holds another digest.
        """
        by_tag = replace(self.image, digest=None)
        held = run.world.images.digest(by_tag)
        if held is None:
            raise ManifestMissing(f"{by_tag} does not exist", hint="run the same command again: it copies the image")
        if held != self.image.digest:
            raise TagMoved(
                f"{by_tag} holds {held.short}, not the approved digest",
                where=str(self.image),
                hint="find out who overwrote the tag; promote again to approve what it holds now",
            )
        return Outcome(f"{by_tag} holds {held.short}", adopted=True)

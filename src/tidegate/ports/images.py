"""The images port: what the engine asks of the registries, by image reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tidegate.model.digest import Digest
from tidegate.model.image import ImageRef


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What a copy did.

    Args:
        digest: the digest that the target has now.
        bytes_sent: blob bytes that went over the wire.
        blobs_sent: blobs that were written.
        blobs_present: blobs that were there already or were mounted.
        adopted: the target was already as wanted; nothing was written.
        foreign: layers that lie elsewhere and are not to be copied; the target's manifest still names them.
        referrers: manifests that are attached to the image (signatures, SBOMs …) and belong to the copy.
        referrers_written: how many of them were written; the target had the others.
        kept: tags of cosign's convention that hold something else at the target; they were left alone.
    """

    digest: Digest
    bytes_sent: int = 0
    blobs_sent: int = 0
    blobs_present: int = 0
    adopted: bool = False
    foreign: tuple[Digest, ...] = ()
    referrers: int = 0
    referrers_written: int = 0
    kept: tuple[str, ...] = ()


class Images(Protocol):
    """Images in the configured registry accounts. A reference to any other host is refused (`HostNotConfigured`)."""

    def digest(self, image: ImageRef) -> Digest | None:
        """Return the digest of `image` (by its digest when it has one, else by its tag); None when missing."""
        ...

    def tags(self, host: str, repository: str) -> tuple[str, ...]:
        """Return all tags of a repository; none when it does not exist."""
        ...

    def copy(self, source: ImageRef, target: ImageRef) -> CopyReport:
        """Make the tag of `target` hold exactly the digest of `source`, which must be pinned to a digest.

        All children and all that is attached to them (signatures, SBOMs, attestations) are copied, blobs are
        verified while they stream, the tag is written last. Where the tag is right already, nothing else is asked.

        Raises:
            ManifestMissing: the source has no such digest.
            TagExists: the target's tag exists with another digest. Nothing was written.
        """
        ...

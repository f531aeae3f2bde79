"""Registries that are asked for each thing once, while everything is looked at."""

from __future__ import annotations

from tidegate.model import Digest, ImageRef
from tidegate.ports import Images
from tidegate.ports.images import CopyReport


class AskedOnce:
    """Fulfils `Images`, for one thread and for one look: two environments in one account often have the same image.

    Args:
        images: the registry accounts.
    """

    def __init__(self, images: Images) -> None:
        self._images = images
        self._digests: dict[ImageRef, Digest | None] = {}
        self._tags: dict[tuple[str, str], tuple[str, ...]] = {}

    def digest(self, image: ImageRef) -> Digest | None:
        """Return the digest of `image` as it was when it was first asked for."""
        if image not in self._digests:
            self._digests[image] = self._images.digest(image)
        return self._digests[image]

    def tags(self, host: str, repository: str) -> tuple[str, ...]:
        """Return the tags of a repository as they were when they were first asked for."""
        if (host, repository) not in self._tags:
            self._tags[host, repository] = self._images.tags(host, repository)
        return self._tags[host, repository]

    def copy(self, source: ImageRef, target: ImageRef) -> CopyReport:
        """Copy, as the accounts do. What was asked before stands."""
        return self._images.copy(source, target)

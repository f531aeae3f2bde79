"""Further tags of an image in its repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.errors.registry import TagExists
from tidegate.model.digest import Digest
from tidegate.registry.crew import at_once
from tidegate.registry.places import ImagePlace


@dataclass(frozen=True, slots=True)
class Retagged:
    """One tag.

    Args:
        tag: the tag.
        digest: what it holds now.
        written: whether it was written; else it held the image already.
    """

    tag: str
    digest: Digest
    written: bool


def retag(image: ImagePlace, tags: Sequence[str], *, replace: bool) -> list[Retagged]:
    """Make `tags` hold what `image` is. Its manifest is read once; each tag costs one look and one write.

    All tags are looked at before the first is written.

    Args:
        image: the image.
        tags: further tags in its repository.
        replace: move tags that hold something else.

    Raises:
        ManifestMissing: there is no such image.
        TagExists: a tag holds something else. Nothing was written.
    """
    registry, repository = image.home.registry, image.home.repository
    registry.expect_writes(repository)
    manifest = registry.manifest(repository, str(image.reference))

    def look(tag: str) -> Digest | None:
        found = registry.resolve(repository, tag)
        return found.digest if found else None

    def write(tag: str) -> Retagged:
        written = held[tag] != manifest.digest
        if written:
            registry.put_manifest(repository, tag, manifest)
        return Retagged(tag, manifest.digest, written)

    wanted = tuple(dict.fromkeys(tags))
    held = dict(zip(wanted, at_once(look, wanted), strict=True))
    for tag, digest in held.items():
        if digest not in {None, manifest.digest} and not replace:
            raise TagExists(
                f"the tag exists as {digest}",
                where=str(image.with_tag(tag)),
                hint="release tags do not move; for others there is --replace",
            )
    return at_once(write, wanted)

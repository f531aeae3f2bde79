"""An image in a cell's drawer as the page shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tidegate.engine.views.cell_detail import REVISION, ImageSeen
from tidegate.engine.views.image_tags import TagsSeen
from tidegate.errors.registry import ManifestMissing
from tidegate.model.image_node import ImageNode

_ROLES: Final = {
    "has": "It has",
    "source": "Promoted from",
    "both": "It has, and so has the environment before",
    "moving": "On its way",
}
_ATTACHED: Final = (
    ("provenance", "provenance"),
    ("sbom", "SBOM"),
    ("spdx", "SBOM"),
    ("cyclonedx", "SBOM"),
    ("openvex", "VEX statement"),
    ("vuln", "vulnerability report"),
    ("sarif", "scan report"),
    ("sig", "signature"),
    ("in-toto", "attestation"),
    ("att", "attestation"),
)
"""What is in a predicate, a referrer's artifact type or cosign's tag → what people call it; the first that fits."""


@dataclass(frozen=True, slots=True)
class TagsView:
    """The tags of an image's repository.

    Args:
        others: those that hold the very image, besides its own.
        note: how sure that is, where not every tag was asked; None: all were.
        versions: the newest versions, newest first, each with whether it holds the very image.
        more: how many tags there are besides these.
    """

    others: tuple[str, ...]
    note: str | None
    versions: tuple[tuple[str, bool], ...]
    more: int


@dataclass(frozen=True, slots=True)
class ImageView:
    """An image.

    Args:
        role: what it is to this cell.
        reference: host, repository and tag.
        digest: all of it.
        platforms: `os/architecture`; empty where it can't be told.
        attached: what is attached to it, in words, each with its digest; None where nobody looked.
        created_from: the commit that it was built from, or None.
        tags: the tags of its repository; None where they can't be read.
        fault: why it can't be read.
        untold: why its tags can't be.
        is_to_come: it is not there yet: the delivery copies it.
    """

    role: str
    reference: str
    digest: str
    platforms: tuple[str, ...]
    attached: tuple[tuple[str, str], ...] | None
    created_from: str | None
    tags: TagsView | None
    fault: str | None
    untold: str | None
    is_to_come: bool = False


def image_view(seen: ImageSeen) -> ImageView:
    """Return an image as the drawer shows it."""
    node, is_to_come = seen.node, seen.role == "moving" and isinstance(seen.fault, ManifestMissing)
    return ImageView(
        role=_ROLES[seen.role],
        reference=f"{seen.image.name}:{seen.image.tag}" if seen.image.tag else seen.image.name,
        digest=str(seen.image.digest or ""),
        platforms=tuple(each.platform for each in (node, *node.children) if each.platform) if node else (),
        attached=tuple(_attached(node)) if node else None,
        created_from=node.label(REVISION) if node else None,
        tags=_tags(seen.tags, seen.image.tag) if seen.tags else None,
        fault=str(seen.fault) if seen.fault and not is_to_come else None,
        untold=str(seen.untold) if seen.untold else None,
        is_to_come=is_to_come,
    )


def attached_as(node: ImageNode) -> str:
    """Return what people call something that is attached to an image."""
    if node.predicates:  # they tell more than what they are wrapped in
        return " and ".join(dict.fromkeys(_word(each) or "attestation" for each in node.predicates))
    return _word(f"{node.artifact_type or ''} {node.tag or ''}") or node.artifact_type or "artifact"


def _word(kind: str) -> str | None:
    return next((word for part, word in _ATTACHED if part in kind.casefold()), None)


def _attached(node: ImageNode) -> Iterator[tuple[str, str]]:
    """Yield what is attached to an image or to one of its platforms; BuildKit's attestations stand in the index."""
    for each in node.referrers:
        yield attached_as(each), str(each.manifest.digest)
    for child in node.children:
        if child.platform is None and child.predicates:
            yield attached_as(child), str(child.manifest.digest)
        yield from _attached(child)


def _tags(tags: TagsSeen, own: str | None) -> TagsView:
    return TagsView(
        others=tuple(tag for tag in tags.same if tag != own),
        note=f"{tags.asked} of {tags.total} were asked" if tags.asked < tags.total else None,
        versions=tuple((tag, tag in tags.same) for tag in tags.newest),
        more=tags.total - len(tags.newest),
    )

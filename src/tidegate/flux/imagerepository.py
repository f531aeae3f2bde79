"""ImageRepositories in a file: which image's tags Flux reads, and which of them it leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tidegate.flux.follow import Follower
from tidegate.flux.helmrelease import resources_in, text_at, view_at
from tidegate.flux.imagepolicy import API_VERSIONS
from tidegate.yamledit import Scalar, Sequence, parse

KIND: Final = "ImageRepository"


@dataclass(frozen=True, slots=True)
class ImageRepository:
    """One ImageRepository document.

    Args:
        name: `metadata.name`.
        namespace: `metadata.namespace`, or None when it comes from elsewhere.
        image: `spec.image`: host and repository, without tag.
        exclusion_list: `spec.exclusionList`; empty for Flux's default.
        line: line of the image; without one, of the document.
    """

    name: str
    namespace: str | None
    image: str
    exclusion_list: tuple[str, ...]
    line: int


def image_repositories(data: bytes, *, file: str = "<data>") -> list[ImageRepository]:
    """Return the ImageRepositories in `data`, in order; none when it holds other things.

    Raises:
        InvalidYaml, YamlTooLarge: as `tidegate.yamledit.documents`.
    """
    stream = parse(data, file=file)
    follower = Follower(stream)
    found = []
    for resource in resources_in(stream, follower):
        if resource.kind != KIND or resource.api_version not in API_VERSIONS:
            continue
        image = view_at(follower, resource.view, "spec", "image")
        excluded = view_at(follower, resource.view, "spec", "exclusionList")
        items = excluded.node.items if excluded is not None and isinstance(excluded.node, Sequence) else ()
        found.append(
            ImageRepository(
                name=resource.name,
                namespace=resource.namespace,
                image=text_at(follower, resource.view, "spec", "image") or "",
                exclusion_list=tuple(item.text for item in items if isinstance(item, Scalar)),
                line=image.node.line if image is not None else resource.line,
            )
        )
    return found

"""ImageSite: a place in a manifest that names an image, and how it is spelled there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tidegate.errors.model import InvalidImageRef
from tidegate.flux.markers import SetterMarker
from tidegate.model import ImageRef
from tidegate.yamledit import Path


class Role(Enum):
    """What one value says about an image; the value is the key that charts use for it."""

    IMAGE = "image"
    """The whole reference in one value, whatever its key."""
    REGISTRY = "registry"
    REPOSITORY = "repository"
    TAG = "tag"
    """May carry a digest: `1.2.3@sha256:…`."""
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class ImageField:
    """One value of a site.

    Args:
        role: what it says.
        path: where it stands in its document.
        text: what is written there, without quotes.
        line: its line in the file.
    """

    role: Role
    path: Path
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class ImageSite:
    """One place below `spec.values` that names an image.

    Args:
        document: index of the document in the file, from 0.
        path: of the mapping that holds the fields, or of the one value that holds the whole reference.
        fields: the values that spell the image, in the order of `Role`.
        line: line of the value that holds the tag; without one, of the first field.
        marker: the setter marker on one of the fields (the tag's first), or None.
        refusal: why (part of) the site can't be edited, e.g. because it comes through an alias; None when it can.
    """

    document: int
    path: Path
    fields: tuple[ImageField, ...]
    line: int
    marker: SetterMarker | None = None
    refusal: str | None = None

    def text(self, role: Role) -> str | None:
        """Return what is written for `role`; None when the site has no such value ("" when it is empty)."""
        return next((field.text for field in self.fields if field.role is role), None)

    @property
    def registry(self) -> str | None:
        """The registry, when it is written as a value of its own."""
        return self.text(Role.REGISTRY) or None

    @property
    def repository(self) -> str | None:
        """The repository as written: with the host, unless the registry is a value of its own."""
        whole = self.text(Role.IMAGE)
        return (split_reference(whole)[0] if whole is not None else self.text(Role.REPOSITORY)) or None

    @property
    def tag(self) -> str | None:
        """The tag, without a digest."""
        whole = self.text(Role.IMAGE)
        if whole is not None:
            return split_reference(whole)[1]
        return (self.text(Role.TAG) or "").partition("@")[0] or None

    @property
    def digest(self) -> str | None:
        """The digest: a value of its own, or behind `@` in the tag or the whole reference."""
        whole = self.text(Role.IMAGE)
        if whole is not None:
            return split_reference(whole)[2]
        return self.text(Role.DIGEST) or (self.text(Role.TAG) or "").partition("@")[2] or None

    @property
    def name(self) -> str:
        """Registry and repository together, as the chart will join them; "" when the site names neither."""
        return "/".join(part.rstrip("/") for part in (self.registry, self.repository) if part)

    @property
    def reference(self) -> str:
        """The whole reference as the chart will join it, for people."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"

    @property
    def image(self) -> ImageRef | None:
        """The reference, parsed; None without repository, without tag and digest, or when it is a template."""
        if self.repository is None or (self.tag is None and self.digest is None):
            return None
        try:
            return ImageRef.parse(self.reference)
        except InvalidImageRef:
            return None


def split_reference(text: str) -> tuple[str, str | None, str | None]:
    """Return name, tag and digest of a reference in one value; no grammar is checked."""
    name, _, digest = text.partition("@")
    head, colon, tail = name.rpartition(":")
    if colon and "/" not in tail:
        return head, tail or None, digest or None
    return name, None, digest or None

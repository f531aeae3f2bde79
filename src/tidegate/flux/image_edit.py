"""Writing an image into sites, in each one's own shape."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.errors import Place
from tidegate.errors.manifest import UnsafeEdit
from tidegate.errors.model import InvalidImageRef
from tidegate.flux.sites import ImageSite, Role
from tidegate.model import ImageRef
from tidegate.model.image import is_tag
from tidegate.yamledit import Edit, apply


def set_image(data: bytes, sites: Iterable[ImageSite], image: ImageRef, *, file: str = "<data>") -> bytes:
    """Return `data` with `image` at all `sites`; every other byte, setter markers included, as it was.

    A name that is the same already is left as written. A site with a digest gets the new one where the old one
    stands; a site without stays without.

    Args:
        data: the file that `site` was found in.
        sites: from `find_images(data)`.
        image: what to write; with a tag, and with a digest when a site has one.
        file: the file's name, for errors.

    Raises:
        UnsafeEdit: a site has no place for the tag or the name, is a template, or can't be edited.
    """
    edits = [edit for site in sites for edit in _edits(site, image, file)]
    return apply(data, edits, file=file)


def _edits(site: ImageSite, image: ImageRef, file: str) -> list[Edit]:
    texts = _texts(site, image, file)
    return [
        Edit(field.path, texts[field.role], site.document)
        for field in site.fields
        if texts.get(field.role, field.text) != field.text
    ]


def _texts(site: ImageSite, image: ImageRef, file: str) -> dict[Role, str]:
    """Return what each field shall say."""
    place = Place(file, site.line)
    tag = _checked_tag(site, image, place)
    digest = _checked_digest(site, image, place)
    named = _named(site, place)
    whole = site.text(Role.IMAGE)
    if whole is not None:
        name = site.name if image.name == named.name else image.name
        return {Role.IMAGE: f"{name}:{tag}{digest}"}
    in_tag = digest if "@" in (site.text(Role.TAG) or "") else ""
    texts = {Role.TAG: tag + in_tag}
    if site.text(Role.DIGEST):
        texts[Role.DIGEST] = digest.removeprefix("@")
    if image.name != named.name:
        texts |= _name_texts(site, image)
    return texts


def _name_texts(site: ImageSite, image: ImageRef) -> dict[Role, str]:
    """Return registry and repository; a registry that holds the first folders of the path goes on doing so."""
    if site.registry is None:
        return {Role.REPOSITORY: image.name}
    _, slash, folder = site.registry.rstrip("/").partition("/")
    end = "/" if site.registry.endswith("/") else ""
    if slash and image.repository.startswith(f"{folder}/"):
        return {
            Role.REGISTRY: f"{image.host}/{folder}{end}",
            Role.REPOSITORY: image.repository.removeprefix(f"{folder}/"),
        }
    return {Role.REGISTRY: image.host + end, Role.REPOSITORY: image.repository}


def _checked_tag(site: ImageSite, image: ImageRef, place: Place) -> str:
    if image.tag is None:
        raise UnsafeEdit(f"{image} has no tag to write", where=place, hint="name the image with a tag")
    has_place = site.tag is not None if site.text(Role.IMAGE) is not None else site.text(Role.TAG) is not None
    if not has_place:
        raise UnsafeEdit(
            f"{site.reference} has no tag to replace", where=place, hint="write the tag into the manifest once by hand"
        )
    if site.tag is not None and not is_tag(site.tag):
        raise UnsafeEdit(
            f"the tag {site.tag!r} is a template, not a tag",
            where=place,
            hint="change it where the template gets its value",
        )
    return image.tag


def _checked_digest(site: ImageSite, image: ImageRef, place: Place) -> str:
    if site.digest is None:
        return ""
    if image.digest is None:
        raise UnsafeEdit(
            f"{site.reference} is pinned to a digest, and {image} names none",
            where=place,
            hint="resolve the image's digest first",
        )
    return f"@{image.digest}"


def _named(site: ImageSite, place: Place) -> ImageRef:
    if not site.name:
        raise UnsafeEdit(
            f"{site.reference} names no repository: what it stands for can't be known",
            where=place,
            hint="write repository: beside the tag, or change the tag with `tidegate manifest set`",
        )
    try:
        return ImageRef.parse(site.name)
    except InvalidImageRef as error:
        raise UnsafeEdit(
            f"{site.name} is not an image name: {error.what}",
            where=place,
            hint="change it where the template gets its value, or correct it by hand",
        ) from error

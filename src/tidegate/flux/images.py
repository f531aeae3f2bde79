"""Images in HelmReleases: every place below `spec.values` that names one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from tidegate.errors.manifest import InvalidYaml
from tidegate.flux.follow import Field, Follower, View
from tidegate.flux.helmrelease import releases_in, view_at
from tidegate.flux.markers import marker_of
from tidegate.flux.shapes import ends_in_image, is_reference, mapping_roles, scalar_of, text_of
from tidegate.flux.sites import ImageField, ImageSite, Role
from tidegate.yamledit import Mapping, Path, Scalar, Sequence, Stream, Style, parse

_MOST_TELLING: Final = (Role.TAG, Role.IMAGE, Role.DIGEST, Role.REPOSITORY, Role.REGISTRY)
_PLAIN: Final = Style.PLAIN
_COLLECTIONS: Final = (Mapping, Sequence)
_IN_TEMPLATE: Final = re.compile(
    r"""^[ \t]*(?:-[ \t]+)?["']?\w*image["']?:[ \t]+["']?([^\s"'#{}]+[:@][^\s"'#{}]+)""", re.MULTILINE | re.IGNORECASE
)


def find_images(data: bytes, *, file: str = "<data>") -> list[ImageSite]:
    """Return every place that names an image below `spec.values` of the HelmReleases in `data`, in order.

    What can be found but not edited (through aliases, anchors, merge keys, inside a block of text) has a `refusal`.

    Raises:
        NotHelmRelease: the file holds none.
        InvalidYaml: not YAML.
        YamlTooLarge: too large, too deep, or aliases that expand too far.
    """
    stream = parse(data, file=file)
    follower = Follower(stream)
    sites: list[ImageSite] = []
    for release, view in releases_in(stream, follower):
        values = view_at(follower, view, "spec", "values")
        if values is not None:
            search = _Search(stream, follower, release.document)
            search.below(values, "values")
            sites += search.found
    return sites


class _Search:
    """The search through one document; sites are gathered in `found`."""

    def __init__(self, stream: Stream, follower: Follower, document: int, *, in_text: bool = False) -> None:
        self.found: list[ImageSite] = []
        self._stream = stream
        self._follower = follower
        self._document = document
        self._in_text = in_text

    def below(self, view: View, key: str) -> None:
        """Search `view`, which stands under `key`; an item of the list `images` counts as standing under `image`."""
        if isinstance(view.node, Sequence):
            for index, item in enumerate(view.node.items):
                self._child((item, view.refusal), (*view.path, index), key.removesuffix("s"))
            return
        fields = self._follower.fields(view)
        roles = mapping_roles(key, fields) if "repository" in fields or "tag" in fields else ()
        if roles:
            self._add(view.path, {role: (fields.pop(role.value), (*view.path, role.value)) for role in roles})
        for name, field in fields.items():
            node = field[0]
            if isinstance(node, Scalar) and node.style is _PLAIN and not ends_in_image(name):
                continue  # most values, and nothing below them
            self._child(field, (*view.path, name), name)

    def _child(self, field: Field, path: Path, key: str) -> None:
        scalar = None if isinstance(field[0], _COLLECTIONS) else scalar_of(field)
        if scalar is None:
            self.below(self._follower.view(field, path), key)
        elif ends_in_image(key) and is_reference(key, scalar):
            self._add(path, {Role.IMAGE: (field, path)})
        elif scalar.style.is_block and not self._in_text:
            self._search_text(scalar, path)

    def _add(self, path: Path, parts: dict[Role, tuple[Field, Path]]) -> None:
        fields: dict[Role, ImageField] = {}
        refusal = marker = None
        for role, (field, field_path) in parts.items():
            view = self._follower.view(field, field_path)
            if isinstance(view.node, Scalar):
                fields[role] = ImageField(role, field_path, text_of(view.node), field[0].line)
                refusal = refusal or view.refusal
        for role in _MOST_TELLING:
            node = parts[role][0][0] if role in parts else None
            if isinstance(node, Scalar) and marker is None:
                span = marker_of(self._stream, node)
                marker = span.marker if span else None
        line = next(fields[role].line for role in _MOST_TELLING if role in fields)
        self.found.append(ImageSite(self._document, path, tuple(fields.values()), line, marker, refusal))

    def _search_text(self, scalar: Scalar, path: Path) -> None:
        """Search a block of text that is YAML itself, or looks like it (a template)."""
        if "image" not in scalar.text and "repository" not in scalar.text:
            return
        try:
            inner = parse(scalar.text.encode(), file=self._stream.file)
        except InvalidYaml:
            for match in _IN_TEMPLATE.finditer(scalar.text):
                line = scalar.text.count("\n", 0, match.start()) + 1
                site = ImageSite(self._document, (), (ImageField(Role.IMAGE, (), match[1], line),), line)
                self.found.append(_moved(site, scalar, path))
            return
        follower = self._follower.within(inner)
        search = _Search(inner, follower, self._document, in_text=True)
        for root in inner.documents:
            search.below(follower.view((root, None), ()), "")
        self.found += [_moved(site, scalar, path) for site in search.found]


def _moved(site: ImageSite, text: Scalar, path: Path) -> ImageSite:
    """Return a site that was found inside a block of text, as a site of the file."""
    fields = tuple(replace(field, path=path, line=text.line + field.line) for field in site.fields)
    return replace(
        site, path=path, fields=fields, line=text.line + site.line, marker=None, refusal="stands inside a block of text"
    )

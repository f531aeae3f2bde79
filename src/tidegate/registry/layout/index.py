"""`index.json` of an image layout: which tag is which manifest. Entries of other tools are kept as they are."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tidegate.errors.model import InvalidDigest, InvalidImageRef
from tidegate.errors.registry import LayoutInvalid
from tidegate.model.digest import Digest
from tidegate.model.image import ImageRef, is_tag
from tidegate.model.manifest import OCI_INDEX, Descriptor
from tidegate.registry.layout.files import incoming, sweep, sync_folder

_LARGEST_INDEX: Final = 64 * 1024 * 1024
_REF_NAME: Final = "org.opencontainers.image.ref.name"
_IMAGE_NAME: Final = "io.containerd.image.name"
"""What containerd, and Docker with it, calls the image besides."""
_EMPTY: Final[Mapping[str, object]] = {"schemaVersion": 2, "mediaType": OCI_INDEX}


@dataclass(frozen=True, slots=True)
class Index:
    """The index of a layout.

    Args:
        entries: its descriptors, as JSON objects.
        rest: its other fields.
    """

    entries: tuple[Mapping[str, object], ...] = ()
    rest: Mapping[str, object] = field(default_factory=lambda: _EMPTY)

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags in order, each once. Entries without one, or that can't be read, are left out."""
        found = (_tag(entry) for entry in self.entries if _descriptor(entry) is not None)
        return tuple(dict.fromkeys(tag for tag in found if tag is not None))

    @property
    def unnamed(self) -> tuple[Descriptor, ...]:
        """The manifests of entries without a name: oras lists all manifests so, skopeo an image without a tag."""
        found = (_descriptor(entry) for entry in self.entries if _tag(entry) is None)
        return tuple(dict.fromkeys(descriptor for descriptor in found if descriptor is not None))

    def named(self, tag: str) -> Mapping[Descriptor, str]:
        """Return the manifests that have the name `tag`, each with its longest name.

        They are several where each is of another repository: `docker save` and kaniko keep images of many in one
        layout. An entry whose name is the very tag goes before entries with a longer name that ends with it.
        """
        found = ((_descriptor(entry), entry) for entry in self._entries_of(tag))
        return {descriptor: _longest_name(entry) for descriptor, entry in found if descriptor is not None}

    def with_tag(self, tag: str, manifest: Descriptor) -> Index:
        """Return the index in which `tag` is `manifest`."""
        if list(self.named(tag)) == [manifest]:
            return self
        entry = {
            "mediaType": manifest.media_type,
            "digest": str(manifest.digest),
            "size": manifest.size,
            "annotations": {_REF_NAME: tag},
        }
        return Index((*(other for other in self.entries if _annotation(other, _REF_NAME) != tag), entry), self.rest)

    def without(self, *, tag: str | None = None, digest: Digest | None = None) -> Index:
        """Return the index without the entries of a tag, or of a manifest."""
        gone = self._entries_of(tag) if tag is not None else [e for e in self.entries if e.get("digest") == str(digest)]
        return Index(tuple(each for each in self.entries if each not in gone), self.rest) if gone else self

    def _entries_of(self, tag: str) -> list[Mapping[str, object]]:
        exact = [entry for entry in self.entries if _annotation(entry, _REF_NAME) == tag]
        return exact or [entry for entry in self.entries if _tag(entry) == tag]


def read_index(layout: Path) -> Index:
    """Return the index of the layout in folder `layout`; an empty one when there is no layout.

    Raises:
        LayoutInvalid: there is a layout whose index is missing or can't be read.
    """
    path = layout / "index.json"
    try:
        with path.open("rb") as file:
            document: object = json.loads(file.read(_LARGEST_INDEX))
    except FileNotFoundError:
        if not (layout / "oci-layout").exists():
            return Index()
        raise _invalid(path, "is missing") from None
    except (ValueError, RecursionError) as error:
        raise _invalid(path, "is not JSON") from error
    if not isinstance(document, dict):
        raise _invalid(path, "is not a JSON object")
    entries = document.pop("manifests", None) or []  # Go writes null for a list that it left empty
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _invalid(path, "has no list of descriptors")
    return Index(tuple(entries), document)


def update_index(layout: Path, change: Callable[[Index], Index]) -> None:
    """Replace the index of `layout` by what `change` makes of it, with all other writers kept out meanwhile."""
    path = layout / "index.json"
    with _locked(layout):
        sweep(layout)
        before = read_index(layout)
        after = change(before)
        if after == before and path.exists():
            return
        with incoming(layout, path) as file:
            file.write(json.dumps({**after.rest, "manifests": after.entries}, separators=(",", ":")).encode())
        sync_folder(layout)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: across processes, and across threads, since each opens the folder anew."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _tag(entry: Mapping[str, object]) -> str | None:
    """Return the tag that an entry's name is, or ends with."""
    name = _annotation(entry, _REF_NAME) or _annotation(entry, _IMAGE_NAME)
    if name is None or is_tag(name):
        return name
    try:
        return ImageRef.parse(name).tag
    except InvalidImageRef:
        return None


def _longest_name(entry: Mapping[str, object]) -> str:
    return _annotation(entry, _IMAGE_NAME) or _annotation(entry, _REF_NAME) or ""


def _annotation(entry: Mapping[str, object], key: str) -> str | None:
    annotations = entry.get("annotations")
    value = annotations.get(key) if isinstance(annotations, dict) else None
    return value if isinstance(value, str) else None


def _descriptor(entry: Mapping[str, object]) -> Descriptor | None:
    media_type, digest, size = entry.get("mediaType"), entry.get("digest"), entry.get("size")
    if not isinstance(media_type, str) or not isinstance(digest, str) or not isinstance(size, int):
        return None
    try:
        return Descriptor(media_type, Digest.parse(digest), size)
    except InvalidDigest:
        return None


def _invalid(path: Path, what: str) -> LayoutInvalid:
    hint = "restore index.json from a backup: it says which tag is which image; keep blobs/ as it is"
    return LayoutInvalid(f"the index of this image layout {what}", where=str(path), hint=hint)

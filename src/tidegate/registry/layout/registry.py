"""The registry port over OCI image-layout folders. Follows OCI image-spec `image-layout.md`.

An account is a folder; each repository in it is a layout of its own, so `FOLDER/inventory` is what other tools know
as `oci:FOLDER/inventory:TAG`. Many processes may use one at once: blobs appear by rename, the index changes under a
lock and by rename. Killed at any point, it leaves a valid layout, and perhaps a file that the next writer sweeps away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tidegate.counted import counted
from tidegate.errors.registry import (
    BlobMissing,
    DigestMismatch,
    FolderMissing,
    FolderTaken,
    LayoutInvalid,
    ManifestMissing,
)
from tidegate.model.digest import Digest
from tidegate.model.image import is_repository, is_tag
from tidegate.model.manifest import LARGEST_MANIFEST, Descriptor, Manifest, media_type_of
from tidegate.model.referrers import Entry, ReferrerList, entry_of, is_attaching_tag, subject_of
from tidegate.registry.layout.disk import on_disk
from tidegate.registry.layout.files import incoming, is_begun, is_of_length, link, sync_folder
from tidegate.registry.layout.index import Index, read_index, update_index
from tidegate.registry.verify import verified

_PIECE: Final = 256 * 1024
_MARKS: Final = frozenset({"index.json", "oci-layout"})
"""What tells a layout from any other folder."""
_OF_THE_LAYOUT: Final = frozenset({"blobs", *_MARKS})
_MOST_SHOWN: Final = 12
_NOT_WHOLE: Final = "is the folder whole? Copy it again from where it was made"
_MARKER: Final = b'{"imageLayoutVersion":"1.0.0"}'


class LayoutRegistry:
    """One registry account in a folder. Safe for use by many threads and processes at once.

    Args:
        folder: where the repositories are.
        must_exist: as for a configured account: a volume that is not mounted is no empty registry, and nothing is
            written in its place. Else the folder is made when the first repository is written.
    """

    def __init__(self, folder: Path, *, must_exist: bool = False) -> None:
        self._folder = folder
        self._must_exist = must_exist
        self._subjects: dict[tuple[str, Digest], Sequence[tuple[Entry, Digest]]] = {}

    def expect_writes(self, repository: str) -> None:
        """Do nothing: the first write finds out whether the folder may be written to."""

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return the descriptor of the manifest at `reference`, or None."""
        if is_tag(reference):
            return self._named(repository, reference)
        manifest = self._stored(repository, Digest.parse(reference))
        return manifest.descriptor if manifest else None

    def manifest(self, repository: str, reference: str) -> Manifest:
        """Return the manifest at `reference`, verified."""
        found = self.resolve(repository, reference)
        if found is None:
            raise self._missing(repository, reference)
        stored = self._stored(repository, found.digest)
        if stored is None:
            what = f"{reference} is {found.digest} by the index, and there is no such manifest among the blobs"
            raise ManifestMissing(what, where=str(self._layout(repository)), hint=_NOT_WHOLE)
        return Manifest(found.media_type, stored.data)

    def put_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        """Store `manifest` under `reference`. Raises `BlobMissing` when something that it refers to is not there."""
        contents = manifest.contents()
        for part in (*contents.manifests, *contents.blobs):
            if not self.has_blob(repository, part):
                where = str(self._layout(repository))
                raise BlobMissing(f"{manifest.digest} refers to {part.digest}, which is not there whole", where=where)
        self.write_blob(repository, manifest.descriptor, iter((manifest.data,)))
        if is_tag(reference):
            layout = self._layout(repository)
            with on_disk(layout):
                sync_folder(self._blob(repository, manifest.digest).parent)
                update_index(layout, lambda index: index.with_tag(reference, manifest.descriptor))
        elif Digest.parse(reference) != manifest.digest:
            raise DigestMismatch(f"the manifest is {manifest.digest}", where=reference)

    def has_blob(self, repository: str, blob: Descriptor) -> bool:
        """Return whether the repository holds the blob: a file of its length."""
        path = self._blob(repository, blob.digest)
        with on_disk(path):
            return is_of_length(path, blob.size)

    @contextmanager
    def read_blob(self, repository: str, digest: Digest) -> Iterator[Iterator[bytes]]:
        """Return a context whose value yields the blob's bytes; the last piece is held back until they are verified."""
        path = self._blob(repository, digest)
        with on_disk(path):
            try:
                file = path.open("rb", buffering=0)
            except FileNotFoundError as error:
                raise BlobMissing(f"there is no blob {digest}", where=str(path), hint=_NOT_WHOLE) from error

        def piece() -> bytes:
            with on_disk(path):
                return file.read(_PIECE)

        with file:
            yield verified(iter(piece, b""), digest, str(path), at_rest=True)

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        """Store a blob: written beside its place, verified, then renamed."""
        path = self._blob(repository, blob.digest)
        size = 0
        with on_disk(self._layout(repository)):
            self._begin(repository)
            path.parent.mkdir(parents=True, exist_ok=True)
            with incoming(self._layout(repository), path) as file:
                for piece in verified(pieces, blob.digest, str(path)):
                    size += file.write(piece)
                if size != blob.size:
                    what = f"blob {blob.digest} has {counted(size, 'byte')}, its descriptor says {blob.size}"
                    raise DigestMismatch(what, where=str(path))

    def takes_whole(self, size: int) -> bool:
        """Return False: a folder makes no requests that could be saved."""
        del size
        return False

    def write_whole(self, repository: str, blob: Descriptor, data: bytes) -> bool:
        """Store a small blob."""
        self.write_blob(repository, blob, iter((data,)))
        return True

    def mount_blob(self, repository: str, blob: Descriptor, source: str) -> bool:
        """Make a blob of repository `source` appear in `repository` by a hard link."""
        there, here = self._blob(source, blob.digest), self._blob(repository, blob.digest)
        with on_disk(here):
            if is_of_length(here, blob.size):
                return True
            if not is_of_length(there, blob.size):
                return False
            self._begin(repository)
            here.parent.mkdir(parents=True, exist_ok=True)
            return link(there, here, self._layout(repository))

    def referrers(self, repository: str, subject: Digest) -> ReferrerList | None:
        """Return the referrers that stand in the index without a name, as oras keeps them; None when there are none.

        What is put here is listed by the fallback tag: regclient reads that, and oras does, too.
        """
        unnamed = self._index(repository).unnamed
        entries = tuple(entry for each in unnamed for entry, of in self._attached(repository, each) if of == subject)
        return ReferrerList(entries, kept=False) if entries else None

    def delete(self, repository: str, reference: str) -> None:
        """Delete a tag, or a manifest with its tags; config and layers stay, since other images may need them."""
        layout = self._layout(repository)
        with on_disk(layout):
            if not (layout / "index.json").exists():
                return
            if is_tag(reference):
                update_index(layout, lambda index: index.without(tag=reference))
                return
            digest = Digest.parse(reference)
            update_index(layout, lambda index: index.without(digest=digest))
            self._blob(repository, digest).unlink(missing_ok=True)

    def tags(self, repository: str) -> Iterator[str]:
        """Yield all tags in the index's order."""
        yield from self._index(repository).tags

    def _named(self, repository: str, tag: str) -> Descriptor | None:
        """Return the manifest with this tag, or None."""
        found = self._index(repository).named(tag)
        if len(found) > 1:
            which = ", ".join(f"{name} {descriptor.digest}" for descriptor, name in found.items())
            hint = f"write @DIGEST instead of the tag: {which}"
            raise LayoutInvalid(f"{len(found)} images are named {tag}", where=str(self._layout(repository)), hint=hint)
        return next(iter(found), None)

    def _missing(self, repository: str, reference: str) -> ManifestMissing:
        layout, index = self._layout(repository), self._index(repository)
        what = f"there is no {reference or 'image'}{f' in {repository}' if repository else ''}"
        images = (tag for tag in index.tags if not is_attaching_tag(tag))
        there = (*images, *(f"@{manifest.digest}" for manifest in index.unnamed))
        hint = f"it holds {', '.join(there[:_MOST_SHOWN])}{' and more' if there[_MOST_SHOWN:] else ''}"
        if reference and not is_tag(reference):
            hint = _NOT_WHOLE
        if not there:
            hint = (
                "it holds no image"
                if (layout / "oci-layout").exists()
                else "this is no image layout: is the path right?"
            )
        return ManifestMissing(what, where=str(layout), hint=hint)

    def _attached(self, repository: str, manifest: Descriptor) -> Sequence[tuple[Entry, Digest]]:
        """Return how a list names `manifest`, and its subject; nothing when it has none, or is not there.

        The bytes of a digest never change: they are read once.
        """
        key = repository, manifest.digest
        if key not in self._subjects:
            stored = self._stored(repository, manifest.digest)
            if stored is None:
                return ()
            subject = subject_of(stored)
            self._subjects[key] = ((entry_of(stored), subject),) if subject else ()
        return self._subjects[key]

    def _index(self, repository: str) -> Index:
        layout = self._layout(repository)
        with on_disk(layout):
            return read_index(layout)

    def _stored(self, repository: str, digest: Digest) -> Manifest | None:
        """Return the manifest among the blobs, or None when there is none or the blob is no manifest."""
        path = self._blob(repository, digest)
        with on_disk(path):
            try:
                if path.stat().st_size > LARGEST_MANIFEST:
                    return None
                data = path.read_bytes()
            except FileNotFoundError:
                return None
        for _ in verified(iter((data,)), digest, str(path), at_rest=True):
            pass
        media_type = media_type_of(data)
        return Manifest(media_type, data) if media_type is not None else None

    def _begin(self, repository: str) -> None:
        """Make the layout when it is not there yet. The marker comes last: with it the layout is valid."""
        layout = self._layout(repository)
        marker = layout / "oci-layout"
        if marker.exists():
            return
        (layout / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        update_index(layout, lambda index: index)
        with incoming(layout, marker) as file:
            file.write(_MARKER)

    def _layout(self, repository: str) -> Path:
        first, *rest = repository.split("/")
        if not is_repository(repository) or _OF_THE_LAYOUT.intersection(rest):
            hint = "lower-case letters, digits and single . _ - between them; no part named blobs"
            raise LayoutInvalid(f"{repository[:80]!r} can't be a repository in a folder", hint=hint)
        if self._must_exist and not self._folder.exists():
            hint = f"mount what it is on, or make it for a new account: mkdir -p {self._folder}"
            raise FolderMissing(
                "the folder of this registry account does not exist", where=str(self._folder), hint=hint
            )
        layout = self._folder.joinpath(first, *rest)
        if not layout.resolve().is_relative_to(self._folder.resolve()):
            raise LayoutInvalid("a symbolic link leads out of the folder of this registry account", where=str(layout))
        return layout

    def _blob(self, repository: str, digest: Digest) -> Path:
        return self._layout(repository) / "blobs" / digest.algorithm / digest.hex


class LayoutFolder(LayoutRegistry):
    """A folder that is one layout itself, under any name: a single repository, whatever it is called.

    `reference` may be "": the image that is called `latest`, or the only one. A folder with other files in it does not
    become a layout.
    """

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return the descriptor of the manifest at `reference`, or None."""
        return super().resolve(repository, reference) if reference else self._only()

    def tags(self, repository: str) -> Iterator[str]:
        """Yield all tags in the index's order; raises `ManifestMissing` where there is no layout."""
        if not self._is_layout():
            raise self._missing(repository, "")
        yield from super().tags(repository)

    def _begin(self, repository: str) -> None:
        """Make the layout when it is not there yet; what one who was killed has begun is gone on with."""
        if not self._is_layout() and self._folder.is_dir():
            names = {each.name for each in self._folder.iterdir()}
            others = sorted(name for name in names if not is_begun(name))
            if others and not names & _MARKS:  # it may have become one meanwhile
                raise FolderTaken(
                    f"this folder is no image layout, and {others[0]} is in it",
                    where=str(self._folder),
                    hint="name a new folder, or an empty one",
                )
        super()._begin(repository)

    def _is_layout(self) -> bool:
        return any((self._folder / name).exists() for name in _MARKS)

    def _only(self) -> Descriptor | None:
        index = self._index("")
        tags = [tag for tag in index.tags if not is_attaching_tag(tag)]
        named = [found for tag in (["latest"] if "latest" in tags else tags) if (found := self._named("", tag))]
        images = dict.fromkeys(named if "latest" in tags else (*named, *self._roots((*named, *index.unnamed))))
        if len(images) > 1:
            unnamed = [f"@{each.digest}" for each in images if each not in named]
            names = (*tags, *unnamed)
            hint = f"name one: {', '.join(names[:_MOST_SHOWN])}{' or another' if names[_MOST_SHOWN:] else ''}"
            raise LayoutInvalid(f"there are {len(images)} images", where=str(self._folder), hint=hint)
        return next(iter(images), None)

    def _roots(self, manifests: Sequence[Descriptor]) -> list[Descriptor]:
        """Return those that no other one lists, and that are attached to nothing."""
        stored = (self._stored("", each.digest) for each in manifests)
        listed = {child.digest for each in stored if each for child in each.contents().manifests}
        return [each for each in manifests if each.digest not in listed and not self._attached("", each)]

    def _layout(self, repository: str) -> Path:
        del repository
        return self._folder

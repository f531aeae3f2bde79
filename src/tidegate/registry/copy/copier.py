"""Copying one image from registry to registry: the same bytes, children before parents, the tag last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache, partial
from typing import Final

from tidegate.errors.registry import BlobMissing, TagExists
from tidegate.http.retry import Retry
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor, Manifest
from tidegate.model.referrers import subject_of
from tidegate.ports.images import CopyReport
from tidegate.registry.copy.attaching import Written, list_all, present, put_all, write_attached
from tidegate.registry.copy.blobs import BlobMover
from tidegate.registry.copy.brought import Brought
from tidegate.registry.copy.transfer import LARGE, Moved
from tidegate.registry.crew import together
from tidegate.registry.referrers import Attached, ReferrerSearch
from tidegate.registry.tree import Home, Tree, digest_at, distinct, read_tree, tree_of

_LOOKED_LATELY: Final = 1.0
"""Seconds for which a look at the target's tag holds. No registry can write a tag on condition: between the look and
the write there is always a moment."""


class Referrers(Enum):
    """Whether what is attached to an image moves with it."""

    WITH_IMAGE = "with-image"
    """Whenever the image is written. What was attached after an image was copied stays behind."""
    ALWAYS = "always"
    """Also when the target has the image already."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Wish:
    """How to copy.

    Args:
        referrers: whether what is attached moves, too.
        replace: a tag that holds another digest is moved.
        foreign: layers that lie elsewhere by their media type are copied like others.
    """

    referrers: Referrers = Referrers.WITH_IMAGE
    replace: bool = False
    foreign: bool = False


_PLAIN: Final = Wish()


class Copier:
    """Copies images. Safe for use by many threads at once; what it learns of blobs holds for all its copies.

    Args:
        retry: how often a blob is tried, from its start.
        workers: blobs of one image at once.
        on_bytes: told the size of each piece of a blob that was sent.
        on_blob: told of each blob that is at the target, and how it came there.
        monotonic: a clock in seconds.
    """

    def __init__(
        self,
        retry: Retry,
        workers: int = 4,
        *,
        on_bytes: Callable[[int], None] = lambda _size: None,
        on_blob: Callable[[Home, Descriptor, Moved], None] = lambda _target, _blob, _moved: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mover = BlobMover(retry, workers, on_bytes, on_blob)
        self._monotonic = monotonic

    def copy(
        self,
        source: Home,
        reference: Digest | str,
        target: Home,
        tag: str,
        *,
        wish: Wish = _PLAIN,
        search: ReferrerSearch | None = None,
        brought: Brought | None = None,
    ) -> CopyReport:
        """Make `tag` at `target` hold exactly what `reference` (a digest, or a tag) is at `source`.

        A tag that is right already costs one HEAD at the target, and one at the source when `reference` is a tag.

        Args:
            source: where the image is.
            reference: which image.
            target: where it goes.
            tag: its tag there.
            wish: how to copy.
            search: finds what is attached; hand in one for all copies of a run.
            brought: the images that the run has brought; hand in one for all of its copies.

        Raises:
            ManifestMissing: the source has no such image.
            TagExists: the tag is there with another digest. Nothing was written.
            ManifestInvalid: a manifest can't be read, or the image is deeper or larger than any image is.
        """
        looked = self._monotonic()
        target.registry.expect_writes(target.repository)
        held = digest_at(target, tag)
        search = search or ReferrerSearch()
        if held is not None and held == (reference if isinstance(reference, Digest) else _resolved(source, reference)):
            if wish.referrers is not Referrers.ALWAYS:
                return CopyReport(held, adopted=True)
            there = read_tree(source, held)  # and not by the tag, which may have moved since
            return self._twice(target, lambda: self._attach(source, target, there, search, wish))
        if held is not None and not wish.replace:
            raise _exists(target, tag, held, reference)
        if source.key == target.key:
            return _retag(target, source.registry.manifest(source.repository, str(reference)), tag)
        root = source.registry.manifest(source.repository, str(reference))
        write_tag = partial(self._write_tag, target, tag, root, wish, held=held, looked=looked)
        image = (source.key, target.key, root.digest, wish)
        with (brought or Brought()).one_at_a_time(image, self._mover.check) as known:
            if known.report is not None:
                with suppress(BlobMissing):  # the registry has lost blobs since: it gets them again
                    write_tag()
                    return _as_present(known.report)
            tree = tree_of(source, root)
            find = _finding(source, tree, search, wish)

            def write() -> CopyReport:
                report = self._bring(source, target, tree, find, wish)
                write_tag()
                return report

            known.report = self._twice(target, write)
            return known.report

    def stop(self) -> None:
        """End the copies that are going on."""
        self._mover.stop()

    def _write_tag(
        self, target: Home, tag: str, root: Manifest, wish: Wish, *, held: Digest | None, looked: float
    ) -> None:
        """Write the tag, unless it has come to hold something else; `held` is what it held at `looked`."""
        late = self._monotonic() - looked > _LOOKED_LATELY
        now = digest_at(target, tag) if late else held
        if now is not None and now != root.digest and not wish.replace:
            raise _exists(target, tag, now, root.digest)
        if now != root.digest:
            target.registry.put_manifest(target.repository, tag, root)

    def _twice(self, target: Home, write: Callable[[], CopyReport]) -> CopyReport:
        """Return what `write` returns; a registry that has lost blobs since we saw them there gets them again."""
        try:
            return write()
        except BlobMissing:
            if not self._mover.forget(target):
                raise
        return write()

    def _bring(
        self, source: Home, target: Home, tree: Tree, find: Callable[[], tuple[Attached, ...]], wish: Wish
    ) -> CopyReport:
        """Bring everything but the tag; `find` returns what is attached."""
        own = _blobs((tree,), wish)

        def bring_attached() -> tuple[tuple[Attached, ...], list[Descriptor]]:
            found = find()
            theirs = _blobs((each.tree for each in found), wish)
            return found, self._mover.bring(source, target, [blob for blob in theirs if blob not in own])

        if any(blob.size >= LARGE for blob in own):  # they take a while: what is attached comes meanwhile
            sent, (attached, others) = together(lambda: self._mover.bring(source, target, own), bring_attached)
            sent += others
        else:
            attached = find()
            sent = self._mover.bring(source, target, _blobs((tree, *(each.tree for each in attached)), wish))
        trees = (tree, *(each.tree for each in attached))
        foreign = distinct(layer for each in trees for layer in each.foreign)
        put_all(target, tree.manifests[:-1])
        written = Written()
        told = [(subject, each) for each in tree.manifests if (subject := subject_of(each)) is not None]
        if attached or told:
            put_all(target, (tree.root,))  # by its digest: some registries want the subject first
            written = write_attached(target, attached)
            list_all(target, told)
        return CopyReport(
            tree.root.digest,
            bytes_sent=sum(blob.size for blob in sent),
            blobs_sent=len(sent),
            blobs_present=len(_blobs(trees, wish)) - len(sent),
            foreign=() if wish.foreign else tuple(layer.digest for layer in foreign),
            referrers=len(attached),
            referrers_written=written.number,
            kept=written.kept,
        )

    def _attach(self, source: Home, target: Home, tree: Tree, search: ReferrerSearch, wish: Wish) -> CopyReport:
        """Bring what is attached to an image that is there; what the target has is not written again."""
        attached = search.find(source, tree)
        blobs = _blobs((each.tree for each in attached), wish)
        sent = self._mover.bring(source, target, blobs, unasked=False)
        there = present(target, attached)
        written = write_attached(target, [each for each in attached if each not in there])
        relisted = list_all(target, [(each.subject, each.tree.root) for each in there])
        return CopyReport(
            tree.root.digest,
            bytes_sent=sum(blob.size for blob in sent),
            blobs_sent=len(sent),
            blobs_present=len(blobs) - len(sent),
            adopted=not (sent or written.number or relisted),
            referrers=len(attached),
            referrers_written=written.number,
            kept=written.kept,
        )


def _finding(source: Home, tree: Tree, search: ReferrerSearch, wish: Wish) -> Callable[[], tuple[Attached, ...]]:
    """Return what finds, once, what is to be brought with the image."""
    return (lambda: ()) if wish.referrers is Referrers.NEVER else cache(lambda: search.find(source, tree))


def _blobs(trees: Iterable[Tree], wish: Wish) -> tuple[Descriptor, ...]:
    """Return what is to be brought of `trees`."""
    return distinct(blob for each in trees for blob in (*each.blobs, *(each.foreign if wish.foreign else ())))


def _retag(target: Home, manifest: Manifest, tag: str) -> CopyReport:
    """Write another tag of an image that is there, with all that is attached to it."""
    target.registry.put_manifest(target.repository, tag, manifest)
    return CopyReport(manifest.digest)


def _as_present(report: CopyReport) -> CopyReport:
    """Return the report of a copy that found all there that another one of the same run has brought."""
    blobs = report.blobs_sent + report.blobs_present
    return replace(report, bytes_sent=0, blobs_sent=0, blobs_present=blobs, referrers_written=0)


def _resolved(source: Home, reference: str) -> Digest:
    """Return the digest of what `reference` is; where there is none, the source itself says what is wrong."""
    found = digest_at(source, reference)
    return found if found is not None else source.registry.manifest(source.repository, reference).digest


def _exists(target: Home, tag: str, held: Digest, wanted: Digest | str) -> TagExists:
    return TagExists(
        f"the tag exists as {held}; it is not overwritten with {wanted}",
        where=f"{target.shown}:{tag}",
        hint="release tags do not move: promote under another version, or have the old tag removed",
    )

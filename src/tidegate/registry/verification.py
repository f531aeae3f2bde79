"""Whether a target holds all that a source holds of an image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tidegate.counted import counted
from tidegate.errors.registry import BlobMissing, DigestMismatch, FileDamaged, ManifestMissing
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor
from tidegate.registry.crew import at_once
from tidegate.registry.places import ImagePlace
from tidegate.registry.platforms import platform_in
from tidegate.registry.referrers import Attached, ReferrerSearch
from tidegate.registry.tree import Home, Tree, distinct, read_tree


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found.

    Args:
        source: the source's digest.
        target: the target's; None when it has no such image.
        blobs: blobs that were looked for at the target.
        referrers: what is attached at the source.
        faults: what is wrong at the target, in sentences; empty when all is well.
        of_image: how many of `faults` are the image's own; the others are of what is attached to it.
        part: the platform of the source's image that the target is, all alone; "" when it is one of its manifests and
            nothing is said of a platform; None when it is something else.
        taken: cosign's tags that hold something else at the target; each is one of `faults`.
        damaged: files at the target that have wrong bytes, where it is a folder; a copy takes them for what they
            should be.
    """

    source: Digest
    target: Digest | None
    blobs: int
    referrers: int
    faults: tuple[str, ...]
    of_image: int
    part: str | None = None
    taken: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


def verify_image(source: ImagePlace, target: ImagePlace, *, deep: bool, foreign: bool = False) -> Verification:
    """Compare the image at `target` with that at `source`: digest, manifests, blobs, all that is attached.

    Args:
        source: what it should be.
        target: what is looked at.
        deep: read all blobs at the target and verify their bytes, rather than ask whether they are there.
        foreign: look for layers, too, that lie elsewhere by their media type.

    Raises:
        ManifestMissing: the source has no such image.
    """
    wanted = read_tree(source.home, source.reference)
    attached = ReferrerSearch().find(source.home, wanted)
    found = target.home.registry.resolve(target.home.repository, str(target.reference))
    digest = found.digest if found else None
    if digest != wanted.root.digest:
        what = f"{target} is {digest}, not {wanted.root.digest}" if digest else f"there is no {target}"
        part = _part(source.home, wanted, digest)
        what += "" if part is None else f": it is only {f'its {part}' if part else 'a part of it'}"
        return Verification(wanted.root.digest, digest, 0, len(attached), (what,), of_image=1, part=part)
    own = _blobs((wanted,), foreign=foreign)
    theirs = [blob for blob in _blobs([each.tree for each in attached], foreign=foreign) if blob not in own]
    missing, damaged = _missing(target.home, (*own, *theirs), deep=deep)
    of_image = (*_manifests(target.home, wanted), *(missing[blob] for blob in own if blob in missing))
    taken, lacking = _attached(target.home, wanted, attached)
    others = (*(missing[blob] for blob in theirs if blob in missing), *taken.values(), *lacking)
    faults = tuple(dict.fromkeys((*of_image, *others)))
    blobs = len(own) + len(theirs)
    return Verification(
        wanted.root.digest,
        digest,
        blobs,
        len(attached),
        faults,
        len(set(of_image)),
        taken=tuple(taken),
        damaged=tuple(damaged),
    )


def _part(source: Home, wanted: Tree, digest: Digest | None) -> str | None:
    """Return `Verification.part` for a target whose digest is not the one of `wanted`."""
    if digest is None or all(manifest.digest != digest for manifest in wanted.manifests):
        return None
    return platform_in(source, wanted.root, digest) or ""


def _blobs(trees: Iterable[Tree], *, foreign: bool) -> tuple[Descriptor, ...]:
    return distinct(blob for tree in trees for blob in (*tree.blobs, *(tree.foreign if foreign else ())))


def _manifests(home: Home, wanted: Tree) -> Iterator[str]:
    for manifest in wanted.manifests:
        try:
            held = home.registry.manifest(home.repository, str(manifest.digest))
        except ManifestMissing:
            yield f"manifest {manifest.digest} is missing"
            continue
        except DigestMismatch as error:
            yield _told(error)
            continue
        if held != manifest:
            yield f"manifest {manifest.digest} is kept as {held.media_type}, not as {manifest.media_type}"


def _missing(home: Home, blobs: Sequence[Descriptor], *, deep: bool) -> tuple[Mapping[Descriptor, str], list[str]]:
    """Return what is wrong with `blobs` at `home`, and which files there have wrong bytes."""
    damaged = list[str]()
    faults = at_once(lambda blob: _blob(home, blob, damaged, deep=deep), blobs)
    return {blob: fault for blob, fault in zip(blobs, faults, strict=True) if fault}, sorted(damaged)


def _blob(home: Home, blob: Descriptor, damaged: list[str], *, deep: bool) -> str | None:
    """Return what is wrong with `blob` at `home`, or None; note its file in `damaged` when that has wrong bytes."""
    if not deep:
        is_there = home.registry.has_blob(home.repository, blob)
        return None if is_there else f"blob {blob.digest} is missing, or has not its {counted(blob.size, 'byte')}"
    try:
        with home.registry.read_blob(home.repository, blob.digest) as pieces:
            for _ in pieces:
                pass
    except BlobMissing:
        return f"blob {blob.digest} is missing"
    except DigestMismatch as error:
        if isinstance(error, FileDamaged) and error.where:
            damaged.append(str(error.where))
        return _told(error)
    return None


def _told(error: DigestMismatch) -> str:
    return f"{error.what}: {error.where}" if error.where else error.what


def _attached(home: Home, wanted: Tree, attached: tuple[Attached, ...]) -> tuple[Mapping[str, str], list[str]]:
    """Return what is wrong with what is attached: cosign's tags that hold something else, and all the rest."""
    taken, lacking = dict[str, str](), list[str]()
    try:
        found = ReferrerSearch().find(home, wanted)
    except DigestMismatch as error:
        return taken, [_told(error)]
    there = {(each.subject, each.tag, each.tree.root.digest) for each in found}
    for each in attached:
        if (each.subject, each.tag, each.tree.root.digest) not in there:
            held = home.registry.resolve(home.repository, each.tag) if each.tag else None
            if each.tag and held is not None and held.digest != each.tree.root.digest:
                what = "a copy leaves it alone, unless the tag itself is copied with --replace"
                taken[each.tag] = f"{each.tag} is {held.digest} there, not {each.tree.root.digest}: {what}"
                continue
            named = f" (tag {each.tag})" if each.tag else ""
            lacking.append(
                f"{each.tree.root.digest}{named}, which is attached to {each.subject}, is not attached there"
            )
    return taken, lacking

"""Copying one image from registry to registry: the same bytes, children before parents, the tag last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from tidegate.errors.registry import ManifestInvalid, TagExists
from tidegate.http.retry import Retry
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor, Manifest
from tidegate.ports.images import CopyReport
from tidegate.ports.registry import Registry

_DEEPEST: Final = 16
_MOST_MANIFESTS: Final = 1000
_MOST_BYTES: Final = 32 * 1024 * 1024
_WORTH_ASKING: Final = 1024 * 1024
"""Bytes from which a blob is looked for before it is sent. Below, sending it costs no more than asking; above, a
registry that never mounts (ECR unless told to) would get again what it has."""
_NAP: Final = 0.25
"""Seconds after which a worker that waits looks whether it is still needed."""


@dataclass(frozen=True, slots=True)
class Home:
    """A repository of a registry.

    Args:
        registry: the same object for the same registry: a mount is tried only then.
        name: what to call the registry in errors, e.g. its host.
        repository: the repository.
    """

    registry: Registry
    name: str
    repository: str


@dataclass(frozen=True, slots=True)
class Tree:
    """All that an image consists of.

    Args:
        manifests: the root last, whatever a manifest lists before it.
        blobs: configs and layers, each once.
        foreign: layers that stay where they are.
    """

    manifests: tuple[Manifest, ...]
    blobs: tuple[Descriptor, ...]
    foreign: tuple[Descriptor, ...]


class Copier:
    """Copies images. Safe for use by many threads at once.

    Args:
        retry: how often a blob is tried, from its start.
        workers: blobs of one image at once.
    """

    def __init__(self, retry: Retry, workers: int = 4) -> None:
        self._retry = retry
        self._workers = workers

    def copy(self, source: Home, digest: Digest, target: Home, tag: str) -> CopyReport:
        """Make `tag` at `target` hold exactly `digest`, which `source` has.

        A tag that is there with that digest is adopted with a single HEAD, even when the source has the image no
        more.

        Raises:
            ManifestMissing: the source has no such digest.
            TagExists: the tag is there with another digest. Nothing was written.
            ManifestInvalid: a manifest can't be read, or the image is deeper or larger than any image is.
        """
        if _is_there(target, tag, digest):
            return CopyReport(digest, adopted=True)
        in_place = source.registry is target.registry and source.repository == target.repository
        tree = read_tree(source, digest, whole=not in_place)
        sent = [] if in_place else self._blobs(source, target, tree.blobs)
        for manifest in tree.manifests[:-1]:
            target.registry.put_manifest(target.repository, str(manifest.digest), manifest)
        if not _is_there(target, tag, digest):  # asked again: someone else may have been as far meanwhile
            target.registry.put_manifest(target.repository, tag, tree.manifests[-1])
        return CopyReport(
            digest,
            bytes_sent=sum(blob.size for blob in sent),
            blobs_sent=len(sent),
            blobs_present=len(tree.blobs) - len(sent),
            foreign=tuple(layer.digest for layer in tree.foreign),
        )

    def _blobs(self, source: Home, target: Home, blobs: tuple[Descriptor, ...]) -> list[Descriptor]:
        """Make all blobs be at the target and return those that were sent. The first error ends the others."""
        stop = threading.Event()
        retry = replace(self._retry, sleep=partial(_sleep, stop, self._retry.sleep))
        largest_first = sorted(blobs, key=lambda blob: -blob.size)
        with ThreadPoolExecutor(self._workers, "blob") as pool:
            work = {
                pool.submit(retry.call, partial(_transfer, source, target, blob, stop)): blob for blob in largest_first
            }
            try:
                wait(work, return_when=FIRST_EXCEPTION)
                _raise_first(work)
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [blob for future, blob in work.items() if future.result()]


def read_tree(source: Home, digest: Digest, *, whole: bool = True) -> Tree:
    """Return the manifest `digest` of `source` and, with `whole`, all that it refers to.

    Raises:
        ManifestMissing: it, or one that it lists, is not there.
        ManifestInvalid: one can't be read, or there are more, or deeper, than any image has.
    """
    root = source.registry.manifest(source.repository, str(digest))
    if not whole:
        return Tree((root,), (), ())
    found: dict[Digest, Manifest] = {}
    blobs: dict[Digest, Descriptor] = {}
    foreign: dict[Digest, Descriptor] = {}

    def visit(manifest: Manifest, depth: int) -> None:
        contents = manifest.contents()
        for child in contents.manifests:
            if child.digest in found:
                continue
            size = sum(len(known.data) for known in found.values())
            if depth >= _DEEPEST or len(found) >= _MOST_MANIFESTS or size > _MOST_BYTES:
                hint = "is this an image? It was perhaps made to keep tools busy"
                raise ManifestInvalid("the index is larger or deeper than any image", where=_name(source), hint=hint)
            visit(_child(source, child), depth + 1)
        blobs.update((blob.digest, blob) for blob in contents.blobs)
        foreign.update((layer.digest, layer) for layer in contents.foreign)
        found[manifest.digest] = manifest

    visit(root, 0)
    return Tree(tuple(found.values()), tuple(blobs.values()), tuple(foreign.values()))


def _child(source: Home, child: Descriptor) -> Manifest:
    manifest = source.registry.manifest(source.repository, str(child.digest))
    if manifest.descriptor != child:
        what = f"manifest {child.digest} is not of the kind and size that its index says"
        raise ManifestInvalid(what, where=_name(source), hint="build and push the image again")
    return manifest


def _is_there(target: Home, tag: str, digest: Digest) -> bool:
    """Return whether `tag` is `digest`; False when there is no such tag."""
    found = target.registry.resolve(target.repository, tag)
    if found is not None and found.digest != digest:
        raise TagExists(
            f"the tag exists as {found.digest}; it is not overwritten with {digest}",
            where=f"{_name(target)}:{tag}",
            hint="release tags do not move: promote under another version, or have the old tag removed",
        )
    return found is not None


def _transfer(source: Home, target: Home, blob: Descriptor, stop: threading.Event) -> bool:
    """Make `blob` be at the target; return whether it was sent.

    A mount of a blob from the repository itself succeeds when it is there already, and begins the upload when it is
    not: one request for two questions.
    """
    if stop.is_set():
        raise _Stopped
    here, repository = target.registry, target.repository
    if blob.size >= _WORTH_ASKING and here.has_blob(repository, blob.digest):
        return False
    candidate = source.repository if source.registry is here else repository
    if here.mount_blob(repository, blob.digest, candidate):
        return False
    with source.registry.read_blob(source.repository, blob.digest) as pieces:
        here.write_blob(repository, blob, _until(stop, pieces))
    return True


def _until(stop: threading.Event, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if stop.is_set():
            raise _Stopped
        yield piece


def _sleep(stop: threading.Event, sleep: Callable[[float], None], seconds: float) -> None:
    """Sleep as long as it makes sense."""
    while seconds > 0 and not stop.is_set():
        sleep(min(seconds, _NAP))
        seconds -= _NAP


def _raise_first(work: dict[Future[bool], Descriptor]) -> None:
    for future in work:
        if future.done():
            future.result()


def _name(home: Home) -> str:
    return f"{home.name}/{home.repository}"


class _Stopped(Exception):
    """Another blob of the image has failed: this one is not needed."""

"""A registry in memory."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from tidegate.errors.registry import BlobMissing, DigestMismatch, ManifestMissing
from tidegate.model.digest import Digest
from tidegate.model.image import is_tag
from tidegate.model.manifest import Descriptor, Manifest
from tidegate.model.referrers import ReferrerList, entry_of, subject_of


class FakeRegistry:
    """The registry port in memory. Safe for use by many threads.

    `calls` lists each call as `method repository reference`, so that a test can tell what a copy cost.

    Args:
        lists_referrers: it has the Referrers API, as ECR has; without, as docker-registry 2.8.
        largest_whole: bytes of a blob that it takes in one request, as zot does; without, none.
    """

    def __init__(self, *, lists_referrers: bool = False, largest_whole: int = -1) -> None:
        self._lists_referrers = lists_referrers
        self._largest_whole = largest_whole
        self.calls: list[str] = []
        self._lock = threading.Lock()
        self._blobs: defaultdict[str, dict[Digest, bytes]] = defaultdict(dict)
        self._manifests: defaultdict[str, dict[Digest, Manifest]] = defaultdict(dict)
        self._tags: defaultdict[str, dict[str, Digest]] = defaultdict(dict)

    def expect_writes(self, repository: str) -> None:
        """Do nothing: nobody needs a permission here."""

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return the descriptor of the manifest at `reference`, or None."""
        self._note("resolve", repository, reference)
        found = self._find(repository, reference)
        return found.descriptor if found else None

    def manifest(self, repository: str, reference: str) -> Manifest:
        """Return the manifest at `reference`."""
        self._note("manifest", repository, reference)
        found = self._find(repository, reference)
        if found is None:
            raise ManifestMissing(f"there is no {reference} in {repository}")
        return found

    def put_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        """Store `manifest`; raises `BlobMissing` when something that it refers to is not there."""
        self._note("put_manifest", repository, reference)
        contents = manifest.contents()
        with self._lock:
            present = {*self._blobs[repository], *self._manifests[repository]}
            for part in (*contents.manifests, *contents.blobs):
                if part.digest not in present:
                    raise BlobMissing(f"{manifest.digest} refers to {part.digest}, which is not there")
            if is_tag(reference):
                self._tags[repository][reference] = manifest.digest
            elif Digest.parse(reference) != manifest.digest:
                raise DigestMismatch(f"the manifest is {manifest.digest}", where=reference)
            self._manifests[repository][manifest.digest] = manifest

    def has_blob(self, repository: str, blob: Descriptor) -> bool:
        """Return whether the repository holds the blob."""
        self._note("has_blob", repository, str(blob.digest))
        with self._lock:
            data = self._blobs[repository].get(blob.digest)
        return data is not None and len(data) == blob.size

    @contextmanager
    def read_blob(self, repository: str, digest: Digest) -> Iterator[Iterator[bytes]]:
        """Return a context whose value yields the blob's bytes."""
        self._note("read_blob", repository, str(digest))
        with self._lock:
            data = self._blobs[repository].get(digest)
        if data is None:
            raise BlobMissing(f"there is no blob {digest} in {repository}")
        yield iter((data,) if data else ())

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        """Store a blob."""
        self._note("write_blob", repository, str(blob.digest))
        self._store(repository, blob, b"".join(pieces))

    def _store(self, repository: str, blob: Descriptor, data: bytes) -> None:
        if len(data) != blob.size or hashlib.new(blob.digest.algorithm, data).hexdigest() != blob.digest.hex:
            raise DigestMismatch(f"the bytes are not {blob.digest}", where=repository)
        with self._lock:
            self._blobs[repository][blob.digest] = data

    def takes_whole(self, size: int) -> bool:
        """Return whether `write_whole` stores a blob of `size` bytes."""
        return size <= self._largest_whole

    def write_whole(self, repository: str, blob: Descriptor, data: bytes) -> bool:
        """Store a small blob, unless it is not that small."""
        if not self.takes_whole(blob.size):
            return False
        self._note("write_whole", repository, str(blob.digest))
        self._store(repository, blob, data)
        return True

    def mount_blob(self, repository: str, blob: Descriptor, source: str) -> bool:
        """Make a blob of `source` appear in `repository`."""
        self._note("mount_blob", repository, str(blob.digest))
        with self._lock:
            data = self._blobs[source].get(blob.digest)
            if data is not None:
                self._blobs[repository][blob.digest] = data
        return data is not None

    def referrers(self, repository: str, subject: Digest) -> ReferrerList | None:
        """Return the manifests whose subject is `subject`; None without the Referrers API."""
        self._note("referrers", repository, str(subject))
        if not self._lists_referrers:
            return None
        with self._lock:
            manifests = tuple(self._manifests[repository].values())
        return ReferrerList().with_entries(entry_of(each) for each in manifests if subject_of(each) == subject)

    def delete(self, repository: str, reference: str) -> None:
        """Delete a tag, or a manifest with its tags."""
        self._note("delete", repository, reference)
        with self._lock:
            tags = self._tags[repository]
            if is_tag(reference):
                tags.pop(reference, None)
                return
            digest = Digest.parse(reference)
            self._manifests[repository].pop(digest, None)
            self._tags[repository] = {tag: held for tag, held in tags.items() if held != digest}

    def tags(self, repository: str) -> Iterator[str]:
        """Yield all tags, sorted."""
        self._note("tags", repository)
        with self._lock:
            names = sorted(self._tags[repository])
        yield from names

    def _find(self, repository: str, reference: str) -> Manifest | None:
        with self._lock:
            digest = self._tags[repository].get(reference) if is_tag(reference) else Digest.parse(reference)
            return self._manifests[repository].get(digest) if digest else None

    def _note(self, *words: str) -> None:
        with self._lock:
            self.calls.append(" ".join(words))

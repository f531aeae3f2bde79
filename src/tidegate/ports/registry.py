"""The registry port: one account's manifests, blobs and tags. Follows OCI distribution-spec v1.1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor, Manifest

if TYPE_CHECKING:
    from tidegate.model.referrers import ReferrerList


class Registry(Protocol):
    """One registry: HTTP or an OCI image-layout folder. Safe for use by many threads at once.

    `reference` is a tag or the text of a digest. Every call may raise the errors of `tidegate.errors.registry`:
    `RegistryUnreachable`, `RegistryUnauthorized`, `RegistryDenied`, `RegistryThrottled`, `RegistryFailed`.
    """

    def expect_writes(self, repository: str) -> None:
        """Take note that `repository` is read from in order to write to it: the permission for both may be got at once.

        Nothing is asked, written or made by that. What could be read before can be read after it, also by who may not
        write.
        """
        ...

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return the descriptor of the manifest at `reference` (a HEAD), or None when there is none."""
        ...

    def manifest(self, repository: str, reference: str) -> Manifest:
        """Return the manifest at `reference`, its bytes verified when `reference` is a digest.

        Raises:
            ManifestMissing: there is none.
            DigestMismatch: the registry sent other bytes than asked for.
        """
        ...

    def put_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        """Store the bytes of `manifest` under `reference`; what it refers to must be there already."""
        ...

    def has_blob(self, repository: str, blob: Descriptor) -> bool:
        """Return whether the repository holds the blob. What has another length, where that is told, is not it."""
        ...

    def read_blob(self, repository: str, digest: Digest) -> AbstractContextManager[Iterator[bytes]]:
        """Return a context whose value yields the blob's bytes in bounded pieces, verified at the end.

        It may ask when it is entered and wait with the first piece: so several are on their way at once.

        Raises:
            BlobMissing: there is none, when it is entered or with the first piece.
            DigestMismatch: at the end, when the bytes are not what the digest says (also when cut short).
        """
        ...

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        """Store a blob from its `pieces`; it is visible only when whole and verified.

        Raises:
            DigestMismatch: the pieces are not what the descriptor says. Nothing was stored.
        """
        ...

    def takes_whole(self, size: int) -> bool:
        """Return whether `write_whole` is worth a try for a blob of `size` bytes.

        So it is while the registry is known to store such a blob by one request, and for one small blob to find that
        out.
        """
        ...

    def write_whole(self, repository: str, blob: Descriptor, data: bytes) -> bool:
        """Store a small blob by one request; False when that could not be: `write_blob` does it then.

        Args:
            repository: where to.
            blob: its descriptor.
            data: its bytes, verified.
        """
        ...

    def mount_blob(self, repository: str, blob: Descriptor, source: str) -> bool:
        """Make a blob of repository `source` of this registry appear in `repository`; False when it could not."""
        ...

    def referrers(self, repository: str, subject: Digest) -> ReferrerList | None:
        """Return the manifests whose subject is `subject` as the registry lists them (Referrers API).

        None when the registry does not list them itself: then the fallback tag does, and whoever puts a manifest with
        a subject keeps it (see `tidegate.model.referrers`).
        """
        ...

    def delete(self, repository: str, reference: str) -> None:
        """Delete the tag or, by a digest, the manifest with all its tags; nothing happens when it is not there.

        Raises:
            DeletionUnsupported: the registry does not delete this kind of reference.
        """
        ...

    def tags(self, repository: str) -> Iterator[str]:
        """Yield all tags, page by page, in the registry's order; nothing when the repository does not exist."""
        ...

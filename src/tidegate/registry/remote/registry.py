"""The registry port over HTTP. Follows OCI distribution-spec v1.1, and what registries do in fact."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from tidegate.errors import TidegateError
from tidegate.errors.http import ResponseTooLarge
from tidegate.errors.registry import (
    BlobMissing,
    DeletionUnsupported,
    DigestMismatch,
    ManifestInvalid,
    ManifestMissing,
    NotAManifest,
    RegistryFailed,
    TagExists,
)
from tidegate.http import Request, Response
from tidegate.model.digest import Digest
from tidegate.model.manifest import LARGEST_MANIFEST, MANIFEST_TYPES, Descriptor, Manifest, media_type_of
from tidegate.registry.answers import failure, no_manifest, unreachable
from tidegate.registry.remote.blobs import RemoteBlobs
from tidegate.registry.remote.calls import Calls, to_pull, to_push
from tidegate.registry.remote.fields import content_type, descriptor, digest_in, is_manifest

if TYPE_CHECKING:
    from tidegate.model.referrers import ReferrerList

_ACCEPT: Final = ", ".join(MANIFEST_TYPES)
_HEAD_TOLD: Final = frozenset({HTTPStatus.OK, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
"""What a HEAD is answered that need not be tried again: that it is there, or that only a GET tells."""
_NO_DELETION: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
"""What registries answer that do not delete at all, or not this kind of reference."""


class RemoteRegistry:
    """One registry over HTTP(S). Safe for use by many threads at once.

    Requests whose body can be sent again are tried again here, and so is the rest of a blob that broke off; blobs,
    which stream, are by whoever copies them.

    Args:
        calls: makes and sends the requests.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._blobs = RemoteBlobs(calls)
        self._head_tells = True
        self._lists_referrers: bool | None = None
        self._asking_for_referrers = threading.Lock()

    def expect_writes(self, repository: str) -> None:
        """Ask for one token to read from and write to `repository`, where the registry wants tokens."""
        self._calls.expect_writes(repository)

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return the descriptor of the manifest at `reference`, or None; a GET where HEAD does not tell, or did not."""

        def ask() -> Descriptor | None:
            if not self._head_tells:
                return self._manifest(repository, reference).descriptor
            request = self._calls.request("HEAD", repository, f"manifests/{reference}", {"Accept": _ACCEPT})
            with self._calls.send(request, to_pull(repository)) as response:
                if response.status == HTTPStatus.NOT_FOUND:
                    return None
                if response.status not in _HEAD_TOLD:
                    raise failure(response)
                found = descriptor(response)
                digest = digest_in(response.header("Docker-Content-Digest"))
                self._head_tells = response.status == HTTPStatus.OK and digest is not None
            if found is None:
                return self._manifest(repository, reference).descriptor
            wanted = digest_in(reference)
            if wanted is not None and found.digest != wanted:
                raise _other_digest(found.digest, wanted, request)
            return found

        try:
            return self._calls.retry.call(ask)
        except ManifestMissing:
            return None

    def manifest(self, repository: str, reference: str) -> Manifest:
        """Return the manifest at `reference`, verified."""
        return self._calls.retry.call(lambda: self._manifest(repository, reference))

    def put_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        """Store `manifest` under `reference`, and verify that the registry has got these bytes."""
        fields = {"Content-Type": manifest.media_type}
        request = self._calls.request("PUT", repository, f"manifests/{reference}", fields, manifest.data)
        wrong: set[Digest] = set()

        def put() -> None:
            with self._calls.send(request, to_push(repository)) as response:
                if response.status not in {HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.ACCEPTED}:
                    raise failure(response)
                stored = digest_in(response.header("Docker-Content-Digest"))
            if stored is None:
                found = self.resolve(repository, reference)
                stored = found.digest if found else None
            if stored is None:
                raise RegistryFailed("the registry took the manifest and does not have it", where=str(request))
            if stored != manifest.digest and stored.algorithm == manifest.digest.algorithm:
                wrong.add(stored)
                raise _other_digest(stored, manifest.digest, request)

        try:
            self._calls.retry.call(put)
        except TidegateError as error:
            if isinstance(error, BlobMissing):  # if one was said to be taken whole, that was not so
                self._blobs.were_missed()
            if isinstance(error, TagExists) and self._holds(repository, reference, manifest):
                return  # it does not move, and whoever came before us has put the same
            if wrong:
                self._take_back(repository, reference, wrong)
            raise

    def has_blob(self, repository: str, blob: Descriptor) -> bool:
        """Return whether the repository holds the blob."""
        return self._blobs.has(repository, blob)

    def read_blob(self, repository: str, digest: Digest) -> AbstractContextManager[Iterator[bytes]]:
        """Return a context whose value yields the blob's bytes, as `RemoteBlobs.read` does."""
        return self._blobs.read(repository, digest)

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        """Store a blob by one upload."""
        self._blobs.write(repository, blob, pieces)

    def takes_whole(self, size: int) -> bool:
        """Return whether a blob of `size` bytes may be tried by `write_whole`."""
        return self._blobs.takes_whole(size)

    def write_whole(self, repository: str, blob: Descriptor, data: bytes) -> bool:
        """Store a small blob by one request, if the registry takes it so."""
        return self._blobs.write_whole(repository, blob, data)

    def mount_blob(self, repository: str, blob: Descriptor, source: str) -> bool:
        """Mount a blob of repository `source`."""
        return self._blobs.mount(repository, blob.digest, source)

    def referrers(self, repository: str, subject: Digest) -> ReferrerList | None:
        """Return what the Referrers API lists; a registry that does not know it is not asked again.

        The first answer tells which it is: others wait for it.
        """
        if self._lists_referrers is None:
            with self._asking_for_referrers:
                if self._lists_referrers is None:
                    return self._referrers(repository, subject)
        return self._referrers(repository, subject) if self._lists_referrers else None

    def _referrers(self, repository: str, subject: Digest) -> ReferrerList | None:
        from tidegate.registry.remote.pages import referrers_of  # noqa: PLC0415 - a retag needs no list

        url = self._calls.address(repository, f"referrers/{subject}")
        found = referrers_of(url, self._page(repository), self._calls.retry)
        self._lists_referrers = found is not None
        return found

    def delete(self, repository: str, reference: str) -> None:
        """Delete a tag, or a manifest with its tags."""
        request = self._calls.request("DELETE", repository, f"manifests/{reference}")

        def delete() -> None:
            with self._calls.send(request, (f"repository:{repository}:pull,push,delete",)) as response:
                if response.status in _NO_DELETION:
                    what = f"the registry does not delete {reference}: it answered {response.status}"
                    hint = "deletion may be switched off there; ask who runs the registry"
                    raise DeletionUnsupported(what, where=str(request), hint=hint)
                if response.status not in {HTTPStatus.ACCEPTED, HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
                    raise failure(response)

        self._calls.retry.call(delete)

    def tags(self, repository: str) -> Iterator[str]:
        """Yield all tags, page by page."""
        from tidegate.registry.remote.pages import tags_of  # noqa: PLC0415 - as above

        return tags_of(self._calls.address(repository, "tags/list?n=1000"), self._page(repository), self._calls.retry)

    def _page(self, repository: str) -> Callable[[str], Response]:
        return lambda url: self._calls.send(Request("GET", url, allowed=self._calls.follow), to_pull(repository))

    def _holds(self, repository: str, reference: str, manifest: Manifest) -> bool:
        found = self.resolve(repository, reference)
        return found is not None and found.digest == manifest.digest

    def _take_back(self, repository: str, reference: str, wrong: set[Digest]) -> None:
        """Remove what the registry stored in place of our manifest: bytes changed on the way that it found valid.

        Nothing is worse than a tag that is wrong: it is tried longer than anything else. Where the registry does not
        delete, or can't be reached at all, the error that follows is all that can be done.
        """

        def remove() -> None:
            found = self.resolve(repository, reference)
            if found is not None and found.digest in wrong:
                self.delete(repository, str(found.digest))

        with suppress(TidegateError):
            self._calls.retry.call(remove)

    def _manifest(self, repository: str, reference: str) -> Manifest:
        request = self._calls.request("GET", repository, f"manifests/{reference}", {"Accept": _ACCEPT})
        with self._calls.send(request, to_pull(repository)) as response:
            if response.status == HTTPStatus.NOT_FOUND:
                response.close()  # an error would close the connection, too
                raise no_manifest(reference, repository, request)
            if response.status != HTTPStatus.OK:
                raise failure(response)
            try:
                with unreachable():
                    data = response.read(LARGEST_MANIFEST)
            except ResponseTooLarge as error:
                raise ManifestInvalid("the manifest is larger than 4 MiB", where=str(request)) from error
        wanted = digest_in(reference) or digest_in(response.header("Docker-Content-Digest"))
        got = Digest(wanted.algorithm, hashlib.new(wanted.algorithm, data).hexdigest()) if wanted else None
        said = content_type(response)
        if (got is None or got != wanted) and not is_manifest(said, data):
            from tidegate.counted import counted  # noqa: PLC0415 - for what goes wrong only

            held = f"{said or 'no Content-Type'}; {counted(len(data), 'byte')}"
            raise NotAManifest(
                f"the registry did not answer with a manifest ({held})",
                where=str(request),
                hint="a proxy or a login page stands before the registry: open this address, and see what answers",
            )
        if got is not None and wanted is not None and got != wanted:
            raise _other_digest(got, wanted, request)
        return Manifest(said if said in MANIFEST_TYPES else media_type_of(data) or said, data)


def _other_digest(got: Digest, wanted: Digest, request: Request) -> DigestMismatch:
    what = f"the registry has {got} where {wanted} should be"
    return DigestMismatch(what, where=str(request), hint="the registry or something on the way changed the bytes")

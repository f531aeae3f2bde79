"""The blobs of a registry over HTTP: looked for, read, and written by uploads (OCI distribution-spec v1.1)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from tidegate.errors.registry import RegistryFailed, RegistryUnreachable
from tidegate.http import InFlight, Origin, Request, Response, Stream
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor
from tidegate.registry.answers import BUSY, failure
from tidegate.registry.remote.calls import Calls, to_pull, to_push
from tidegate.registry.remote.download import Download
from tidegate.registry.remote.fields import upload_location
from tidegate.registry.remote.whole import WholeBlobs, is_begun, is_stored
from tidegate.registry.verify import exactly

_CONTENT: Final = "application/octet-stream"


class RemoteBlobs:
    """The blobs of one registry. Safe for use by many threads at once.

    Requests whose body can be sent again are tried again here, and so is the rest of a blob that broke off; blobs,
    which stream, are by whoever copies them.

    Args:
        calls: makes and sends the requests.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._lock = threading.Lock()
        self._uploads: dict[tuple[str, Digest], str] = {}
        self._whole = WholeBlobs()

    def has(self, repository: str, blob: Descriptor) -> bool:
        """Return whether the repository holds the blob; not when the registry tells another length of it."""

        def ask() -> bool:
            request = self._calls.request("HEAD", repository, f"blobs/{blob.digest}")
            with self._calls.send(request, to_pull(repository)) as response:
                if response.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
                    raise failure(response)
                return response.status == HTTPStatus.OK and _may_be(response, blob.size)

        return self._calls.retry.call(ask)

    @contextmanager
    def read(self, repository: str, digest: Digest) -> Iterator[Iterator[bytes]]:
        """Return a context whose value yields the blob's bytes; what breaks off goes on by a range request.

        What is wrong with the answer, a blob that is not there among it, is raised with the first piece.
        """
        request = self._calls.request("GET", repository, f"blobs/{digest}")

        def ask(offset: int) -> InFlight:
            fields = {**request.headers, "Range": f"bytes={offset}-"} if offset else request.headers
            begun = self._calls.begin(replace(request, headers=fields), to_pull(repository))
            return InFlight(lambda: _content(begun.answer(), offset), begun.abandon)

        download = Download(digest, str(request), ask, self._calls.retry)
        try:
            yield download.pieces()
        finally:
            download.close()

    def write(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        """Store a blob by one upload: POST (unless one has been begun), then PUT with all bytes."""
        with self._lock:
            upload = self._uploads.pop((repository, blob.digest), None)
        location = upload or self._begin_upload(repository)
        url = f"{location}{'&' if '?' in location else '?'}digest={blob.digest}"
        elsewhere = Origin.of(url) != self._calls.origin
        request = Request("PUT", url, {"Content-Type": _CONTENT}, given_by_server=elsewhere, allowed=self._calls.follow)
        body = Stream(blob.size, exactly(blob, pieces, str(request)))
        with self._calls.send(replace(request, body=body), to_push(repository)) as response:
            if response.status not in {HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.ACCEPTED}:
                raise failure(response)
        if response.status == HTTPStatus.ACCEPTED and not self.has(repository, blob):
            raise RegistryFailed("the registry accepted the blob and does not have it", where=str(request))

    def takes_whole(self, size: int) -> bool:
        """Return whether a blob of `size` bytes may be tried by `write_whole`."""
        return self._whole.may_go(size)

    def write_whole(self, repository: str, blob: Descriptor, data: bytes) -> bool:
        """Store a small blob by one POST; when the registry begins an upload instead, that one is kept for it.

        A registry that answers anything else than that it has the blob is not asked again.
        """
        fields = {"Content-Type": _CONTENT}
        request = self._calls.request("POST", repository, f"blobs/uploads/?digest={blob.digest}", fields, data)

        def post() -> bool:
            if not self._whole.begin(blob.size):
                return False
            taken: bool | None = None
            try:
                with self._calls.send(request, to_push(repository)) as response:
                    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                        raise failure(response)
                    taken = is_stored(response, blob.digest)
                    if not taken and is_begun(response, blob.size):
                        self._keep_upload(repository, blob.digest, response)
            except RegistryUnreachable:
                taken = False  # it hangs up at such a request, or the connection is bad: the usual way shows which
            finally:
                self._whole.learn(taken)
            return taken

        return self._calls.retry.call(post)

    def mount(self, repository: str, digest: Digest, source: str) -> bool:
        """Mount a blob of repository `source`; when the registry begins an upload instead, that one is kept for it.

        A registry that refuses, or fails at it, is not asked again: a mount only saves what an upload would do.
        """
        scopes = (*to_push(repository), *(to_pull(source) if source != repository else ()))
        request = self._calls.request("POST", repository, f"blobs/uploads/?mount={digest}&from={source}")

        def mount() -> bool:
            with self._calls.send(request, scopes) as response:
                if response.status == HTTPStatus.ACCEPTED:
                    self._keep_upload(repository, digest, response)
                elif response.status in BUSY:
                    raise failure(response)
                return response.status == HTTPStatus.CREATED

        try:
            return self._calls.retry.call(mount)
        except RegistryFailed:  # 503 to the end: it may be the mount that it can't do
            return False

    def were_missed(self) -> None:
        """Learn that the registry misses blobs: if one was said to be taken whole, that was not so."""
        self._whole.learn(taken=False)

    def _keep_upload(self, repository: str, digest: Digest, begun: Response) -> None:
        location = upload_location(begun)
        with self._lock:
            self._uploads[repository, digest] = location

    def _begin_upload(self, repository: str) -> str:
        request = self._calls.request("POST", repository, "blobs/uploads/")
        with self._calls.send(request, to_push(repository)) as response:
            if response.status not in {HTTPStatus.ACCEPTED, HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
                raise failure(response)
            return upload_location(response)


def _may_be(response: Response, size: int) -> bool:
    """Return whether a HEAD's answer may be of `size` bytes. A length of 0 is what servers send that do not know it."""
    told = response.header("Content-Length") or ""
    return not told.isdecimal() or int(told) in {0, size}


def _content(response: Response, offset: int) -> Response:
    """Return the answer to a GET of a blob from `offset` on: with bytes, or that there are none from there."""
    no_more = offset and response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    if not no_more and response.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        with response:
            raise failure(response)
    return response

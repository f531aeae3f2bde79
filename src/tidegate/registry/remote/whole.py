"""Whether a registry takes a blob in one request: OCI distribution-spec v1.1, "Single POST" (end-4b).

Few registries do, and none is asked twice: what the first small blob that is sent so meets with holds for the run.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import Final

from tidegate.http import Response
from tidegate.model.digest import Digest
from tidegate.model.manifest import LARGEST_WHOLE
from tidegate.registry.remote.fields import digest_in

_LARGEST_TRIAL: Final = 64 * 1024
"""Bytes of the first one: a registry that does not know this request has been sent it for nothing."""
_SESSION: Final = "/blobs/uploads/"


class WholeBlobs:
    """What is known of one registry. Safe for use by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: bool | None = None
        self._trying = False

    def may_go(self, size: int) -> bool:
        """Return whether a blob of `size` bytes may be sent by one request: as a trial, too, while nobody tries."""
        if self._taken is None:
            return not self._trying and size <= _LARGEST_TRIAL
        return self._taken and size <= LARGEST_WHOLE

    def begin(self, size: int) -> bool:
        """Return as `may_go`; when it is a trial, others wait for what `learn` is told."""
        with self._lock:
            may = self.may_go(size)
            self._trying = self._trying or (may and self._taken is None)
            return may

    def learn(self, taken: bool | None) -> None:  # noqa: FBT001 - a verdict, or none
        """Remember how it went: taken, not taken, or None when that can't be told."""
        with self._lock:
            self._trying = False
            if taken is not None:
                self._taken = taken


def is_stored(response: Response, digest: Digest) -> bool:
    """Return whether an answer to the whole blob says that it is stored.

    A session's address says that it is not, and another digest that the answer is another request's.
    """
    session = _SESSION in (response.header("Location") or "")
    said = digest_in(response.header("Docker-Content-Digest"))
    return response.status == HTTPStatus.CREATED and not session and said in {None, digest}


def is_begun(response: Response, size: int) -> bool:
    """Return whether it says that an upload was begun, to be filled from its start.

    A session that has counted the bytes already (`Range: 0-<size - 1>`) would take them twice.
    """
    begun = {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT}
    counted = (response.header("Range") or "").rpartition("-")[2] == str(size - 1)
    return response.status in begun and bool(response.header("Location")) and not (counted and size > 1)

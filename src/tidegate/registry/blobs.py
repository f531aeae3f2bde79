"""Bringing blobs to where they are missing, several at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from enum import Enum
from functools import partial
from typing import Final

from tidegate.http.retry import Retry
from tidegate.model.manifest import EMPTY, EMPTY_DATA, Descriptor
from tidegate.registry.crew import Crew
from tidegate.registry.seen import SeenBlobs
from tidegate.registry.tree import Home
from tidegate.registry.verify import exactly
from tidegate.registry.whole import LARGEST_WHOLE

LARGE: Final = 1024 * 1024
"""Bytes from which a blob is looked for before it is sent. Below, sending it costs no more than asking; above, a
registry that never mounts (ECR unless told to) would get again what it has."""
_THREADS: Final = 8
"""Threads over all images that help with the blobs of one."""
_LARGE_AT_ONCE: Final = 8
"""Blobs of that size that are sent at once. More of them are not sooner there; more small ones are."""
_NAP: Final = 0.25
"""Seconds after which a worker that waits looks whether it is still needed."""


class Moved(Enum):
    """How a blob came to the target."""

    SENT = "sent"
    MOUNTED = "mounted"
    """From another repository of its registry, or it was there: one request does not tell these apart."""
    PRESENT = "present"


class BlobMover:
    """Brings blobs. Safe for use by many threads at once.

    Args:
        retry: how often a blob is tried, from its start.
        workers: blobs of one image at once.
        on_bytes: told the size of each piece that was read.
        on_blob: told of each blob that is at the target.
    """

    def __init__(
        self,
        retry: Retry,
        workers: int,
        on_bytes: Callable[[int], None],
        on_blob: Callable[[Home, Descriptor, Moved], None],
    ) -> None:
        self._retry = retry
        self._workers = workers
        self._room = threading.Semaphore(_THREADS)
        self._turns = threading.Semaphore(_LARGE_AT_ONCE)
        self._on_bytes = on_bytes
        self._on_blob = on_blob
        self._seen = SeenBlobs()
        self._stopped = threading.Event()

    def bring(self, source: Home, target: Home, blobs: Sequence[Descriptor]) -> list[Descriptor]:
        """Make all blobs be at the target and return those that were sent. The first error ends the others."""
        wanted = []
        for blob in blobs:
            if self._seen.has(target, blob.digest):
                self._on_blob(target, blob, Moved.PRESENT)
            else:
                wanted.append(blob)
        if not wanted:
            return []
        stop = _Stop(self._stopped)
        retry = replace(self._retry, sleep=partial(stop.sleep, self._retry.sleep))

        def transfer(blob: Descriptor) -> bool:
            moved = retry.call(partial(self._transfer, source, target, blob, stop))
            self._on_blob(target, blob, moved)
            return moved is Moved.SENT

        first = _trial(target, wanted)
        sent = [first] if first is not None and transfer(first) else []
        largest_first = sorted((blob for blob in wanted if blob != first), key=lambda blob: -blob.size)
        return sent + Crew(transfer, largest_first, room=self._room, most=self._workers, stop=stop.set).run()

    def forget(self, target: Home) -> bool:
        """Forget which blobs the target was seen to have; return whether there were any."""
        return self._seen.forget(target)

    def stop(self) -> None:
        """End what is going on, and whatever is begun from now on."""
        self._stopped.set()

    def _transfer(self, source: Home, target: Home, blob: Descriptor, stop: _Stop) -> Moved:
        """Make `blob` be at the target; return how."""
        while True:
            stop.check()
            with self._seen.one_at_a_time(target, blob.digest, _NAP) as mine:
                if mine:
                    if self._seen.has(target, blob.digest):
                        return Moved.PRESENT
                    moved = self._bring(source, target, blob, stop)
                    self._seen.note(target, blob.digest)
                    return moved

    def _bring(self, source: Home, target: Home, blob: Descriptor, stop: _Stop) -> Moved:
        """Mount or send `blob`.

        A mount of a blob from the repository itself succeeds when it is there already, and begins the upload when it
        is not: one request for two questions. A small blob that the registry takes in one request is no question's
        worth.
        """
        here, repository = target.registry, target.repository
        known = source.repository if source.registry is here else self._seen.elsewhere(target, blob.digest)
        whole = known is None and here.takes_whole(blob.size)
        if known is None and blob.size >= LARGE:
            if here.has_blob(repository, blob.digest):
                return Moved.PRESENT
        elif not whole and here.mount_blob(repository, blob.digest, known or repository):
            return Moved.MOUNTED
        with self._turn(blob, stop), _reading(source, blob) as read:
            pieces = self._passing(stop, read)
            if whole:
                data = b"".join(exactly(blob, pieces, source.shown))
                if here.write_whole(repository, blob, data):
                    return Moved.SENT
                pieces = iter((data,))
            here.write_blob(repository, blob, pieces)
        return Moved.SENT

    @contextmanager
    def _turn(self, blob: Descriptor, stop: _Stop) -> Iterator[None]:
        """Wait until a blob of this size may be sent."""
        if blob.size < LARGE:
            yield
            return
        while not self._turns.acquire(timeout=_NAP):
            stop.check()
        try:
            yield
        finally:
            self._turns.release()

    def _passing(self, stop: _Stop, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            stop.check()
            yield piece
            self._on_bytes(len(piece))


def _reading(source: Home, blob: Descriptor) -> AbstractContextManager[Iterator[bytes]]:
    """Return a context whose value yields the blob's bytes; those that everybody knows are not asked for."""
    if blob.digest == EMPTY.digest:
        return nullcontext(iter((EMPTY_DATA,)))
    return source.registry.read_blob(source.repository, blob.digest)


def _trial(target: Home, blobs: Sequence[Descriptor]) -> Descriptor | None:
    """Return the blob that goes alone, before the others, as it tells whether they may go by one request each.

    None when that is known, and when there are large blobs, too: what these take is not worth the wait.
    """
    takes, smallest = target.registry.takes_whole, min(blobs, key=lambda blob: blob.size)
    if len(blobs) == 1 or takes(LARGEST_WHOLE) or max(blob.size for blob in blobs) > LARGEST_WHOLE:
        return None
    return smallest if takes(smallest.size) else None


class _Stop:
    """Whether to go on: neither this image has failed nor everything been stopped."""

    def __init__(self, everything: threading.Event) -> None:
        self._everything = everything
        self._this = threading.Event()

    def set(self) -> None:
        self._this.set()

    def check(self) -> None:
        if self._this.is_set() or self._everything.is_set():
            raise Stopped

    def sleep(self, sleep: Callable[[float], None], seconds: float) -> None:
        """Sleep as long as it makes sense."""
        while seconds > 0 and not self._this.is_set() and not self._everything.is_set():
            sleep(min(seconds, _NAP))
            seconds -= _NAP


class Stopped(Exception):
    """Another blob of the image has failed, or the run was interrupted: this one is not needed."""

"""Bringing blobs to where they are missing, several at once."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from tidegate.http.retry import Retry
from tidegate.model.manifest import LARGEST_WHOLE, Descriptor
from tidegate.registry.copy.image_blobs import ImageBlobs
from tidegate.registry.copy.seen import SeenBlobs
from tidegate.registry.copy.stop import Stop
from tidegate.registry.copy.transfer import Moved
from tidegate.registry.crew import Crew
from tidegate.registry.tree import Home

_BUNCH: Final = 4
"""Small blobs of an image that one thread has under way at once."""
_THREADS: Final = 8
"""Threads over all images that help with the blobs of one."""
_LARGE_AT_ONCE: Final = 8
"""Blobs of `LARGE` bytes and more that are sent to one registry at once. More are not sooner there; more small ones
are."""


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
        self._turns = defaultdict[int, threading.Semaphore](lambda: threading.Semaphore(_LARGE_AT_ONCE))
        self._on_bytes = on_bytes
        self._on_blob = on_blob
        self._seen = SeenBlobs()
        self._lock = threading.Lock()
        self._images = 0
        self._stopped = threading.Event()

    def bring(
        self, source: Home, target: Home, blobs: Sequence[Descriptor], *, unasked: bool = True
    ) -> list[Descriptor]:
        """Make all blobs be at the target and return those that were sent. The first error ends the others.

        Args:
            source: where they are.
            target: where they go.
            blobs: their descriptors.
            unasked: small ones may be sent before they are looked for, where a registry takes them in one request.
        """
        wanted = []
        for blob in blobs:
            if self._seen.has(target, blob.digest):
                self._on_blob(target, blob, Moved.PRESENT)
            else:
                wanted.append(blob)
        if not wanted:
            return []
        stop = Stop(self._stopped)
        with self._counted() as images:
            image = ImageBlobs(
                source,
                target,
                retry=replace(self._retry, sleep=partial(stop.sleep, self._retry.sleep)),
                seen=self._seen,
                unasked=unasked,
                turns=self._turns_at(target),
                stop=stop,
                on_bytes=self._on_bytes,
                on_blob=partial(self._on_blob, target),
            )
            first = _trial(target, wanted) if unasked else None
            sent = image.bring((first,)) if first is not None else []
            size = _BUNCH if images * self._workers > _THREADS else 1  # with few images, there are threads for all
            bunches = _bunches([blob for blob in wanted if blob != first], size)
            crew = Crew(image.bring, bunches, room=self._room, most=self._workers, stop=stop.set)
            return sent + [blob for bunch in crew.run() for blob in bunch]

    def forget(self, target: Home) -> bool:
        """Forget which blobs the target was seen to have; return whether there were any."""
        return self._seen.forget(target)

    def stop(self) -> None:
        """End what is going on, and whatever is begun from now on."""
        self._stopped.set()

    def check(self) -> None:
        """Raise `Stopped` when `stop` has been called."""
        Stop(self._stopped).check()

    @contextmanager
    def _counted(self) -> Iterator[int]:
        """Return a context whose value is how many images are under way."""
        with self._lock:
            self._images += 1
            images = self._images
        try:
            yield images
        finally:
            with self._lock:
                self._images -= 1

    def _turns_at(self, target: Home) -> threading.Semaphore:
        """Return the turns of the large blobs that are sent to the target's registry."""
        with self._lock:
            return self._turns[target.key[0]]


def _bunches(blobs: Sequence[Descriptor], size: int) -> list[tuple[Descriptor, ...]]:
    """Return what is brought together: `size` small blobs at most, and each other one, the largest first."""
    small = [blob for blob in blobs if blob.size <= LARGEST_WHOLE]
    others = sorted((blob for blob in blobs if blob.size > LARGEST_WHOLE), key=lambda blob: -blob.size)
    return [*(tuple(small[at : at + size]) for at in range(0, len(small), size)), *((blob,) for blob in others)]


def _trial(target: Home, blobs: Sequence[Descriptor]) -> Descriptor | None:
    """Return the blob that goes alone, before the others, as it tells whether they may go by one request each.

    None when that is known, and when there are large blobs, too: what these take is not worth the wait.
    """
    takes, smallest = target.registry.takes_whole, min(blobs, key=lambda blob: blob.size)
    if len(blobs) == 1 or takes(LARGEST_WHOLE) or max(blob.size for blob in blobs) > LARGEST_WHOLE:
        return None
    return smallest if takes(smallest.size) else None

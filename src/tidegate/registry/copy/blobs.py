"""Bringing blobs to where they are missing, several at once."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from tidegate.errors import TidegateError
from tidegate.http.retry import Retry
from tidegate.model.digest import Digest
from tidegate.model.manifest import LARGEST_WHOLE, Descriptor
from tidegate.registry.copy.seen import SeenBlobs
from tidegate.registry.copy.transfer import LARGE, Moved, Transfer
from tidegate.registry.crew import Crew
from tidegate.registry.tree import Home

_BUNCH: Final = 4
"""Small blobs of an image that one thread has under way at once."""
_THREADS: Final = 8
"""Threads over all images that help with the blobs of one."""
_LARGE_AT_ONCE: Final = 8
"""Blobs of that size that are sent to one registry at once. More are not sooner there; more small ones are."""
_NAP: Final = 0.25
"""Seconds after which a worker that waits looks whether it is still needed."""


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

        def move(blob: Descriptor, first: Callable[[], Moved] | None = None) -> list[Descriptor]:
            again = partial(self._transfer, source, target, blob, stop)
            moved = retry.call(_first(first, again) if first else again)
            self._on_blob(target, blob, moved)
            return [blob] if moved is Moved.SENT else []

        def bring(bunch: Sequence[Descriptor]) -> list[Descriptor]:
            with ExitStack() as held:
                ahead = self._prepared(held, source, target, bunch, stop)
                sent = [each for blob in bunch if blob.digest in ahead for each in move(blob, ahead[blob.digest])]
            # Others may be at the rest. They are waited for with nothing in hand: they may wait for what we had.
            return sent + [each for blob in bunch if blob.digest not in ahead for each in move(blob)]

        with self._counted() as images:
            first = _trial(target, wanted)
            sent = bring((first,)) if first is not None else []
            size = _BUNCH if images * self._workers > _THREADS else 1  # with few images, there are threads for all
            bunches = _bunches([blob for blob in wanted if blob != first], size)
            crew = Crew(bring, bunches, room=self._room, most=self._workers, stop=stop.set)
            return sent + [blob for bunch in crew.run() for blob in bunch]

    def forget(self, target: Home) -> bool:
        """Forget which blobs the target was seen to have; return whether there were any."""
        return self._seen.forget(target)

    def stop(self) -> None:
        """End what is going on, and whatever is begun from now on."""
        self._stopped.set()

    def check(self) -> None:
        """Raise `Stopped` when `stop` has been called."""
        _Stop(self._stopped).check()

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

    def _prepared(
        self, held: ExitStack, source: Home, target: Home, bunch: Sequence[Descriptor], stop: _Stop
    ) -> dict[Digest, Callable[[], Moved]]:
        """Ask for all blobs of a bunch, so that they are on their way at once; return what is left to do for each.

        What is left out is brought like a single one: it is there, or somebody else is at it, or it meets with an
        error that may pass. A single one has nothing to be on its way with.
        """
        prepared: dict[Digest, Callable[[], Moved]] = {}
        missing: list[Transfer] = []
        for blob in bunch if len(bunch) > 1 else ():
            stop.check()
            mine = held.enter_context(self._seen.one_at_a_time(target, blob.digest, 0))
            if mine and not self._seen.has(target, blob.digest):
                transfer = held.enter_context(self._begun(source, target, blob))
                with _left_for_later():
                    found = transfer.find()
                    if found is None:
                        missing.append(transfer)
                    else:
                        prepared[blob.digest] = partial(self._noted, target, blob, found)
        for transfer in missing:
            with _left_for_later():
                transfer.ask()
                prepared[transfer.blob.digest] = partial(self._sent, target, transfer, stop)
        return prepared

    def _transfer(self, source: Home, target: Home, blob: Descriptor, stop: _Stop) -> Moved:
        """Make `blob` be at the target; return how."""
        while True:
            stop.check()
            with self._seen.one_at_a_time(target, blob.digest, _NAP) as mine:
                if mine:
                    if self._seen.has(target, blob.digest):
                        return Moved.PRESENT
                    with self._begun(source, target, blob) as transfer:
                        found = transfer.find()
                        return self._noted(target, blob, found) if found else self._sent(target, transfer, stop)

    def _begun(self, source: Home, target: Home, blob: Descriptor) -> Transfer:
        return Transfer(source, target, blob, self._seen)

    def _sent(self, target: Home, transfer: Transfer, stop: _Stop) -> Moved:
        with self._turn(target, transfer.blob, stop):
            return self._noted(target, transfer.blob, transfer.send(partial(self._passing, stop)))

    def _noted(self, target: Home, blob: Descriptor, moved: Moved) -> Moved:
        self._seen.note(target, blob.digest)
        return moved

    @contextmanager
    def _turn(self, target: Home, blob: Descriptor, stop: _Stop) -> Iterator[None]:
        """Wait until a blob of this size may be sent to this registry."""
        if blob.size < LARGE:
            yield
            return
        with self._lock:
            turns = self._turns[target.key[0]]
        while not turns.acquire(timeout=_NAP):
            stop.check()
        try:
            yield
        finally:
            turns.release()

    def _passing(self, stop: _Stop, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            stop.check()
            yield piece
            self._on_bytes(len(piece))


def _bunches(blobs: Sequence[Descriptor], size: int) -> list[tuple[Descriptor, ...]]:
    """Return what is brought together: `size` small blobs at most, and each other one, the largest first."""
    small = [blob for blob in blobs if blob.size <= LARGEST_WHOLE]
    others = sorted((blob for blob in blobs if blob.size > LARGEST_WHOLE), key=lambda blob: -blob.size)
    return [*(tuple(small[at : at + size]) for at in range(0, len(small), size)), *((blob,) for blob in others)]


def _first(first: Callable[[], Moved], again: Callable[[], Moved]) -> Callable[[], Moved]:
    """Return what calls `first` at its first call, and `again` at all others."""
    attempts = iter((first,))

    def attempt() -> Moved:
        return next(attempts, again)()

    return attempt


@contextmanager
def _left_for_later() -> Iterator[None]:
    """Pass over an error that may pass: whoever tries again meets it, or not."""
    try:
        yield
    except TidegateError as error:
        if not error.retryable:
            raise


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

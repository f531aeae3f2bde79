"""Many copies at once, in one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from tidegate.errors import TidegateError
from tidegate.errors.image import PlaceInvalid
from tidegate.ports.images import CopyReport
from tidegate.registry.blobs import Stopped
from tidegate.registry.copy import Copier, Wish
from tidegate.registry.places import ImagePlace
from tidegate.registry.platforms import platform_digest
from tidegate.registry.referrers import ReferrerSearch


@dataclass(frozen=True, slots=True)
class Pair:
    """What to copy where. A target without a tag gets the source's."""

    source: ImagePlace
    target: ImagePlace


@dataclass(frozen=True, slots=True)
class Copied:
    """How one copy ended: with a report, or with an error; with neither when it was interrupted."""

    pair: Pair
    report: CopyReport | None = None
    error: TidegateError | None = None

    @property
    def target(self) -> ImagePlace:
        """Where it went, with the tag that was written."""
        tag = self.pair.target.tag or self.pair.source.tag
        return self.pair.target.with_tag(tag) if tag else self.pair.target


def copy_all(
    copier: Copier,
    pairs: Sequence[Pair],
    *,
    wish: Wish,
    platform: str | None,
    workers: int,
    tick: Callable[[], None],
    tick_seconds: float = 0.2,
) -> Iterator[Copied]:
    """Copy all `pairs` and yield each result when it is there. An error of one does not end the others.

    Closing the iterator, or an exception in it (Ctrl-C), stops what is going on.

    Args:
        copier: copies one.
        pairs: what to copy.
        wish: how.
        platform: only this platform of each, e.g. `linux/amd64`; None for all.
        workers: images at once.
        tick: called about every `tick_seconds`, for a display.
        tick_seconds: see `tick`.
    """
    search = ReferrerSearch()
    running: set[Future[Copied]] = set()
    waiting = iter(pairs)
    pool = ThreadPoolExecutor(workers, "image")
    try:
        while True:
            while len(running) < workers and (pair := next(waiting, None)) is not None:
                running.add(pool.submit(_copy, copier, pair, wish, platform, search))
            if not running:
                return
            done, running = wait(running, timeout=tick_seconds, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
            tick()
    finally:
        if running:
            copier.stop()
        pool.shutdown(wait=False, cancel_futures=True)


def _copy(copier: Copier, pair: Pair, wish: Wish, platform: str | None, search: ReferrerSearch) -> Copied:
    source, target = pair.source, pair.target
    try:
        reference = source.reference if platform is None else platform_digest(source, platform)
        tag = target.tag or source.tag
        if tag is None or target.digest is not None:
            hint = "a target is written with a tag and without a digest"
            raise PlaceInvalid(f"{target} does not say which tag to write", hint=hint)
        report = copier.copy(source.home, reference, target.home, tag, wish=wish, search=search)
    except TidegateError as error:
        return Copied(pair, error=error)
    except Stopped:
        return Copied(pair)
    return Copied(pair, report)


class ByteCount:
    """Counts bytes from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.total = 0

    def add(self, size: int) -> None:
        """Add `size` bytes."""
        with self._lock:
            self.total += size

"""Many copies at once, in one process."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from tidegate.errors import TidegateError
from tidegate.errors.image import PlaceInvalid
from tidegate.http.retry import Retry
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor
from tidegate.ports.images import CopyReport
from tidegate.registry.copy.brought import Brought
from tidegate.registry.copy.copier import Copier, Wish
from tidegate.registry.copy.stop import Stopped
from tidegate.registry.copy.transfer import Moved
from tidegate.registry.places import ImagePlace
from tidegate.registry.referrers import ReferrerSearch
from tidegate.registry.tree import Home
from tidegate.registry.waiting import Waiting

if TYPE_CHECKING:
    from tidegate.errors import Place
    from tidegate.registry.platforms import Part
    from tidegate.registry.read_once import ReadOnce


@dataclass(frozen=True, slots=True)
class Pair:
    """What to copy where. A target without a tag gets the source's, which is latest where none is written.

    Args:
        source: what to copy.
        target: where to.
        line: the line of a list that says so, or None.
    """

    source: ImagePlace
    target: ImagePlace
    line: Place | None = None

    @property
    def written(self) -> ImagePlace:
        """The target with the tag that is written."""
        tag = self.target.tag or self.source.named
        return self.target.with_tag(tag) if tag else self.target


@dataclass(frozen=True, slots=True)
class Began:
    """One copy has begun."""

    pair: Pair


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Of one image, which is for several platforms, only `part` is copied."""

    pair: Pair
    part: Part


@dataclass(frozen=True, slots=True)
class BlobThere:
    """One blob is at the target now."""

    target: Home
    blob: Descriptor
    moved: Moved


@dataclass(frozen=True, slots=True)
class Copied:
    """How one copy ended: with a report, or with an error; with neither when it was interrupted."""

    pair: Pair
    report: CopyReport | None = None
    error: TidegateError | None = None


Event: TypeAlias = Began | Narrowed | BlobThere | Copied


class Batch:
    """Copies of one run: they share what is read, and what is learnt of blobs, of images and of what is attached.

    Args:
        retry: how often a blob is tried.
        workers: images at once.
        tells_blobs: yield `BlobThere`, too; each wakes whoever listens.
        monotonic: a clock in seconds.
    """

    def __init__(
        self, retry: Retry, workers: int, *, tells_blobs: bool, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.sent = ByteCount()
        """Bytes of blobs that were sent so far."""
        self._workers = workers
        self._monotonic = monotonic
        self._untold: deque[Event | BaseException] = deque()
        """What has happened. It is taken away when it has been told, not before: Ctrl-C may come in between."""
        self._bell: SimpleQueue[None] = SimpleQueue()
        on_blob = self._note if tells_blobs else _unheard
        self._copier = Copier(retry, on_bytes=self.sent.add, on_blob=on_blob)
        self._search = ReferrerSearch()
        self._brought = Brought()
        self._registries: Mapping[int, ReadOnce] = {}
        self._stopped = False

    def copy(
        self,
        pairs: Sequence[Pair],
        *,
        wish: Wish,
        platform: str | None,
        tick: Callable[[], None],
        tick_seconds: float = 0.2,
    ) -> Iterator[Event]:
        """Copy all `pairs` and yield what happens soon after it has. An error of one does not end the others.

        They begin in order, but for those between registries of which more are under way than between others.

        Of one copy, `Began` comes first and `Copied` last. Closing the iterator, or an exception in it (Ctrl-C), stops
        what is going on. `interrupted` yields again what it was told of last.

        Args:
            pairs: what to copy.
            wish: how.
            platform: only this platform of each, e.g. `linux/amd64`; None for all.
            tick: called about every `tick_seconds`, for a display.
            tick_seconds: see `tick`.
        """
        left, due = len(pairs), self._monotonic() + tick_seconds
        self._registries = _read_once(pairs)
        waiting = Waiting(pairs, lambda pair: (pair.source.home.key[0], pair.target.home.key[0]))
        try:
            for _ in range(min(self._workers, left)):
                threading.Thread(target=self._work, args=(waiting, wish, platform), name="image", daemon=True).start()
            while left:
                event = self._next(due)
                if self._monotonic() >= due:
                    due = self._monotonic() + tick_seconds
                    tick()
                if isinstance(event, BaseException):
                    raise event
                if event is not None:
                    yield event
                    self._untold.popleft()
                    left -= isinstance(event, Copied)
        finally:
            if left:
                self._stop()

    def interrupted(self, seconds: float = 0.3) -> Iterator[Event]:
        """Stop what is going on, and yield what still happens within `seconds`: a tag may just be written.

        A copy that has not ended then waits for an answer of a registry: whether its tag was written can't be known.
        """
        self._stop()
        due = self._monotonic() + seconds
        while isinstance(event := self._next(due), Began | Narrowed | BlobThere | Copied):
            yield event
            self._untold.popleft()

    def _stop(self) -> None:
        self._stopped = True
        self._copier.stop()

    def _tell(self, event: Event | BaseException) -> None:
        self._untold.append(event)
        self._bell.put(None)

    def _next(self, due: float) -> Event | BaseException | None:
        """Return what is to be told next; None when nothing is until `due`."""
        while not self._untold and (seconds := due - self._monotonic()) > 0:
            with suppress(Empty):
                self._bell.get(timeout=seconds)
        return self._untold[0] if self._untold else None

    def _work(self, waiting: Waiting[Pair], wish: Wish, platform: str | None) -> None:
        """Copy what waits, one after another. What no copy should end with ends the run."""
        try:
            while not self._stopped:
                with waiting.turn() as pair:
                    if pair is None:
                        return
                    self._tell(self._one(pair, wish, platform))
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
            self._tell(error)

    def _one(self, pair: Pair, wish: Wish, platform: str | None) -> Copied:
        source, target = self._seen(pair.source), self._seen(pair.target)
        self._tell(Began(pair))
        try:
            reference = self._reference(pair, source, platform)
            tag = pair.written.tag
            if tag is None or target.digest is not None:
                hint = f"write {target}:TAG"
                if target.digest is not None:
                    hint = "leave its digest out: a copy has the one of its source"
                raise PlaceInvalid(f"{target} does not say which tag to write", hint=hint)
            report = self._copier.copy(
                source.home, reference, target.home, tag, wish=wish, search=self._search, brought=self._brought
            )
        except TidegateError as error:
            return Copied(pair, error=error)
        except Stopped:
            return Copied(pair)
        return Copied(pair, report)

    def _seen(self, place: ImagePlace) -> ImagePlace:
        """Return `place` in its registry as this run sees that."""
        registry = self._registries.get(place.home.key[0])
        return place if registry is None else replace(place, home=replace(place.home, registry=registry))

    def _reference(self, pair: Pair, source: ImagePlace, platform: str | None) -> Digest | str:
        """Return what to copy of the source: all of it, or one platform."""
        if platform is None:
            return source.reference
        from tidegate.registry.platforms import find_part  # noqa: PLC0415 - most copies are of all

        part = find_part(source, platform)
        if part.digest != part.whole:
            self._tell(Narrowed(pair, part))
        return part.digest

    def _note(self, target: Home, blob: Descriptor, moved: Moved) -> None:
        self._tell(BlobThere(target, blob, moved))


def _read_once(pairs: Sequence[Pair]) -> Mapping[int, ReadOnce]:
    """Return the registries of which one image goes to several places, as this run sees them, by `Home.key`'s first."""
    times = Counter((pair.source.home.key, pair.source.reference) for pair in pairs)
    several = {home for (home, _), number in times.items() if number > 1} - {pair.target.home.key for pair in pairs}
    if not several:
        return {}
    from tidegate.registry.read_once import ReadOnce  # noqa: PLC0415 - most runs have one place for each image

    read = defaultdict[int, set[str]](set)
    for key, repository in several:
        read[key].add(repository)
    registries = {pair.source.home.key[0]: pair.source.home.registry for pair in pairs}
    return {key: ReadOnce(registries[key], frozenset(repositories)) for key, repositories in read.items()}


def _unheard(target: Home, blob: Descriptor, moved: Moved) -> None:
    """Take note of nothing."""


class ByteCount:
    """Counts bytes from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.total = 0

    def add(self, size: int) -> None:
        """Add `size` bytes."""
        with self._lock:
            self.total += size

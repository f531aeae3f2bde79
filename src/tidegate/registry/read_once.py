"""A registry as one run of copies sees it: what it only reads, it reads once, however many places it goes to."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor, Manifest

if TYPE_CHECKING:
    from tidegate.model.referrers import ReferrerList
    from tidegate.ports.registry import Registry

T = TypeVar("T")
_MOST_BYTES: Final = 8 * 1024 * 1024
"""Of manifests that one registry's memory holds: some thousand."""
_SMALL: Final = 512
"""Bytes that a descriptor, or an entry of a list, takes there, or less."""


class ReadOnce:
    """A registry; of the repositories that a run does not write to, manifests and lists are read once.

    So all places get the same image, also when its tag moves meanwhile. Safe for use by many threads.

    Args:
        registry: the registry.
        unwritten: the repositories that nothing is written to.
        most_bytes: what is remembered at most; beyond it, what was not asked for longest is read again.
    """

    def __init__(self, registry: Registry, unwritten: frozenset[str], *, most_bytes: int = _MOST_BYTES) -> None:
        self._registry = registry
        self._unwritten = unwritten
        self._manifests = _Memory[Manifest](most_bytes, lambda manifest: len(manifest.data))
        self._digests = _Memory[Descriptor | None](most_bytes // 8, lambda _: _SMALL)
        self._lists = _Memory["ReferrerList | None"](most_bytes // 8, _size)

    def expect_writes(self, repository: str) -> None:
        """Do as the registry does."""
        self._registry.expect_writes(repository)

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Ask, or remember."""
        if repository not in self._unwritten:
            return self._registry.resolve(repository, reference)
        return self._digests.get((repository, reference), lambda: self._registry.resolve(repository, reference))

    def manifest(self, repository: str, reference: str) -> Manifest:
        """Read, or remember."""
        if repository not in self._unwritten:
            return self._registry.manifest(repository, reference)
        return self._manifests.get((repository, reference), lambda: self._registry.manifest(repository, reference))

    def put_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        """Do as the registry does."""
        self._registry.put_manifest(repository, reference, manifest)

    def has_blob(self, repository: str, blob: Descriptor) -> bool:
        """Do as the registry does."""
        return self._registry.has_blob(repository, blob)

    def read_blob(self, repository: str, digest: Digest) -> AbstractContextManager[Iterator[bytes]]:
        """Do as the registry does."""
        return self._registry.read_blob(repository, digest)

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        """Do as the registry does."""
        self._registry.write_blob(repository, blob, pieces)

    def takes_whole(self, size: int) -> bool:
        """Do as the registry does."""
        return self._registry.takes_whole(size)

    def write_whole(self, repository: str, blob: Descriptor, data: bytes) -> bool:
        """Do as the registry does."""
        return self._registry.write_whole(repository, blob, data)

    def mount_blob(self, repository: str, blob: Descriptor, source: str) -> bool:
        """Do as the registry does."""
        return self._registry.mount_blob(repository, blob, source)

    def referrers(self, repository: str, subject: Digest) -> ReferrerList | None:
        """Read, or remember."""
        if repository not in self._unwritten:
            return self._registry.referrers(repository, subject)
        return self._lists.get((repository, subject), lambda: self._registry.referrers(repository, subject))

    def delete(self, repository: str, reference: str) -> None:
        """Do as the registry does."""
        self._registry.delete(repository, reference)

    def tags(self, repository: str) -> Iterator[str]:
        """Do as the registry does."""
        return self._registry.tags(repository)


class _Reading(Generic[T]):
    """One reading, under way or done."""

    __slots__ = ("ended", "error", "value")

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.error: BaseException | None = None
        self.value: list[T] = []


class _Memory(Generic[T]):
    """What was read. Who asks for what is being read waits for that, and fails with it."""

    def __init__(self, most_bytes: int, size: Callable[[T], int]) -> None:
        self._most = most_bytes
        self._size = size
        self._lock = threading.Lock()
        self._held = 0
        self._readings: OrderedDict[Hashable, _Reading[T]] = OrderedDict()

    def get(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return what `read` returns, or has returned before. Its error is not remembered."""
        with self._lock:
            reading = self._readings.get(key)
            mine = reading is None
            reading = reading or _Reading[T]()
            self._readings[key] = reading
            self._readings.move_to_end(key)
        if mine:
            self._read(key, reading, read)
        reading.ended.wait()
        if reading.error is not None:
            raise reading.error
        return reading.value[0]

    def _read(self, key: Hashable, reading: _Reading[T], read: Callable[[], T]) -> None:
        try:
            reading.value.append(read())
        except BaseException as error:  # noqa: BLE001 - all who wait for it raise it
            reading.error = error
            with self._lock:
                del self._readings[key]
        else:
            with self._lock:
                self._held += self._size(reading.value[0])
                self._shrink()
        finally:
            reading.ended.set()

    def _shrink(self) -> None:
        """Forget what was not asked for longest, of what is not being read."""
        for key, reading in tuple(self._readings.items()) if self._held > self._most else ():
            if reading.value and self._held > self._most:
                self._held -= self._size(reading.value[0])
                del self._readings[key]


def _size(listed: ReferrerList | None) -> int:
    return _SMALL * (1 + len(listed.entries)) if listed else _SMALL

"""One blob on its way to where it is missing: asked for at the target, read, written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from enum import Enum
from itertools import chain
from types import TracebackType
from typing import Final, Self

from tidegate.model.manifest import EMPTY, EMPTY_DATA, Descriptor
from tidegate.registry.tree import Home
from tidegate.registry.verify import exactly

LARGE: Final = 1024 * 1024
"""Bytes from which a blob is looked for before it is sent. Below, sending it costs no more than asking; above, a
registry that never mounts (ECR unless told to) would get again what it has."""


class Moved(Enum):
    """How a blob came to the target."""

    SENT = "sent"
    MOUNTED = "mounted"
    """From another repository of its registry, or it was there: one request does not tell these apart."""
    PRESENT = "present"


class Transfer:
    """One attempt to bring one blob: `find` it at the target, else `ask` for it at the source and `send` it.

    Use it in a `with` statement, in one thread: what was asked for and not sent is given up.

    Args:
        source: where the blob is.
        target: where it goes.
        blob: its descriptor.
        elsewhere: another repository of the target's registry that has it, or None.
    """

    def __init__(self, source: Home, target: Home, blob: Descriptor, elsewhere: str | None) -> None:
        self.blob = blob
        self._source = source
        self._target = target
        self._known = source.repository if source.registry is target.registry else elsewhere
        self._whole = self._known is None and target.registry.takes_whole(blob.size)
        self._asked = ExitStack()
        self._read: Iterator[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._asked.__exit__(kind, value, trace)

    def find(self) -> Moved | None:
        """Return how the target has got the blob without its being sent, or None.

        A mount of a blob from the repository itself succeeds when it is there already, and begins the upload when it
        is not: one request for two questions. A small blob that the registry takes in one request is no question's
        worth.
        """
        here, repository, digest = self._target.registry, self._target.repository, self.blob.digest
        if self._known is None and self.blob.size >= LARGE:
            return Moved.PRESENT if here.has_blob(repository, digest) else None
        if not self._whole and here.mount_blob(repository, digest, self._known or repository):
            return Moved.MOUNTED
        return None

    def ask(self) -> None:
        """Ask the source for the blob, which arrives while others are asked for."""
        self._read = self._asked.enter_context(_reading(self._source, self.blob))

    def send(self, passing: Callable[[Iterator[bytes]], Iterator[bytes]]) -> Moved:
        """Write the blob to the target as it arrives; `passing` sees the pieces on their way.

        Nothing is written before the first piece is there: who waits for the source holds no place at the target.
        """
        if self._read is None:
            self.ask()
        here, repository, read = self._target.registry, self._target.repository, self._read or iter(())
        first = next(read, b"")
        pieces = passing(chain((first,) if first else (), read))
        if self._whole:
            data = b"".join(exactly(self.blob, pieces, self._source.shown))
            if here.write_whole(repository, self.blob, data):
                return Moved.SENT
            pieces = iter((data,))
        here.write_blob(repository, self.blob, pieces)
        return Moved.SENT


def _reading(source: Home, blob: Descriptor) -> AbstractContextManager[Iterator[bytes]]:
    """Return a context whose value yields the blob's bytes; those that everybody knows are not asked for."""
    if blob.digest == EMPTY.digest:
        return nullcontext(iter((EMPTY_DATA,)))
    return source.registry.read_blob(source.repository, blob.digest)

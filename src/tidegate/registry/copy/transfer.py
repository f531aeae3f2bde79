"""One blob on its way to where it is missing: asked for at the target, read, written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from enum import Enum
from itertools import chain
from types import TracebackType
from typing import Final, Self

from tidegate.model.manifest import EMPTY, EMPTY_DATA, LARGEST_WHOLE, Descriptor
from tidegate.registry.copy.seen import SeenBlobs
from tidegate.registry.tree import Home
from tidegate.registry.verify import exactly

LARGE: Final = 1024 * 1024
"""Bytes from which a blob is looked for before it is sent. Below, sending it costs no more than asking; above, a
registry that never mounts (ECR unless told to) would get again what it has."""
_WORTH_ASKING: Final = 16 * 1024
"""The same where a mount was refused: there it does not tell either what is there already. Smaller ones are configs
mostly, which are new."""


class Moved(Enum):
    """How a blob came to the target."""

    SENT = "sent"
    MOUNTED = "mounted"
    """From another repository of its registry, or it was there: one request does not tell these apart."""
    PRESENT = "present"


class Transfer:
    """One attempt to bring one blob: `find` it at the target, else `ask` for it at the source and `send` it.

    Use it in a `with` statement, in one thread: what was asked for and not sent is given up. As long as nobody knows
    whether the target takes a blob in one request, one blob at a time tries, and is not looked for.

    Args:
        source: where the blob is.
        target: where it goes.
        blob: its descriptor.
        seen: tells which other repository of the target's registry has it; learns whether that one mounts.
    """

    def __init__(self, source: Home, target: Home, blob: Descriptor, seen: SeenBlobs) -> None:
        self.blob = blob
        self._source = source
        self._target = target
        self._seen = seen
        same = source.registry is target.registry
        self._known = source.repository if same else seen.elsewhere(target, blob.digest)
        takes = target.registry.takes_whole
        may = self._known is None and takes(blob.size)
        self._is_trial = may and not takes(LARGEST_WHOLE) and seen.begin_trial(target)
        self._whole = self._is_trial or (may and takes(LARGEST_WHOLE))
        self._asked = ExitStack()
        self._read: Iterator[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_trial:
            self._seen.end_trial(self._target)
        self._asked.__exit__(kind, value, trace)

    def find(self) -> Moved | None:
        """Return how the target has got the blob without its being sent, or None.

        A mount of a blob from the repository itself succeeds when it is there already, and begins the upload when it
        is not: one request for two questions. A small blob that the registry takes in one request is no question's
        worth. A large one is looked for before it is sent: at once where no mount is to be hoped for, else when the
        mount was refused.
        """
        here, repository, digest = self._target.registry, self._target.repository, self.blob.digest
        if self._whole:
            return None
        mounts = self._seen.mounts(self._target)
        first = self.blob.size >= (LARGE if mounts else _WORTH_ASKING) and not (mounts and self._known)
        if first and here.has_blob(repository, digest):
            return Moved.PRESENT
        if first and self._known is None:
            return None
        mounted = here.mount_blob(repository, digest, self._known or repository)
        if self._known is not None:
            self._seen.learn_mount(self._target, done=mounted)
        if mounted:
            return Moved.MOUNTED
        late = self.blob.size >= LARGE and not first
        return Moved.PRESENT if late and here.has_blob(repository, digest) else None

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

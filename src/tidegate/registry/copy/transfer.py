"""One blob on its way to where it is missing: asked for at the target, read, written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from enum import Enum
from itertools import chain
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias

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


Question: TypeAlias = Literal["look", "mount here", "mount from"]
"""What a target may be asked about a blob before it is sent: whether the repository has it; to mount it from the
repository itself, which succeeds when it is there already, and begins the upload when it is not (one request for two
questions); to mount it from another repository of the registry."""


def questions(size: int, *, whole: bool, elsewhere: bool, refused: bool) -> tuple[Question, ...]:
    """Return what the target is asked about a blob, in this order until it turns out to have it; docs/adr/0024.

    Args:
        size: its bytes.
        whole: it goes by one request: then asking costs as much as sending.
        elsewhere: another repository of the registry is known to have it.
        refused: the registry has refused a mount, and not mounted since: whether it has the blob, only a look tells.
    """
    if whole:
        return ()
    if refused and size >= _WORTH_ASKING:
        return ("look", "mount from") if elsewhere else ("look",)
    if size >= LARGE:
        return ("mount from", "look") if elsewhere else ("look",)
    return ("mount from",) if elsewhere else ("mount here",)


class Transfer:
    """One attempt to bring one blob: `find` it at the target, else `ask` for it at the source and `send` it.

    Use it in a `with` statement, in one thread: what was asked for and not sent is given up. As long as nobody knows
    whether the target takes a blob in one request, one blob at a time tries, and is not looked for.

    Args:
        source: where the blob is.
        target: where it goes.
        blob: its descriptor.
        seen: tells which other repository of the target's registry has it; learns that the target has it now, and
            whether its registry mounts.
        unasked: it may go by one request, which is no question's worth; not where it is most likely there.
    """

    def __init__(self, source: Home, target: Home, blob: Descriptor, seen: SeenBlobs, *, unasked: bool = True) -> None:
        self.blob = blob
        self._source = source
        self._target = target
        self._seen = seen
        same = source.registry is target.registry
        self._elsewhere = source.repository if same else seen.elsewhere(target, blob.digest)
        takes = target.registry.takes_whole
        may = unasked and self._elsewhere is None and takes(blob.size)
        is_sure = may and takes(LARGEST_WHOLE)
        self._is_trial = may and not is_sure and seen.begin_trial(target)
        self._whole = is_sure or self._is_trial
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
        """Return how the target has got the blob without its being sent, or None."""
        elsewhere, refused = self._elsewhere is not None, not self._seen.mounts(self._target)
        for question in questions(self.blob.size, whole=self._whole, elsewhere=elsewhere, refused=refused):
            found = self._answer(question)
            if found is not None:
                self._seen.note(self._target, self.blob.digest)
                return found
        return None

    def _answer(self, question: Question) -> Moved | None:
        """Ask the target one `question`; return how it has got the blob, or None."""
        here, repository = self._target.registry, self._target.repository
        if question == "look":
            return Moved.PRESENT if here.has_blob(repository, self.blob) else None
        is_mounted = here.mount_blob(repository, self.blob, self._elsewhere or repository)
        if question == "mount from":
            self._seen.learn_mount(self._target, done=is_mounted)
        return Moved.MOUNTED if is_mounted else None

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
            if not here.write_whole(repository, self.blob, data):
                here.write_blob(repository, self.blob, iter((data,)))
        else:
            here.write_blob(repository, self.blob, pieces)
        self._seen.note(self._target, self.blob.digest)
        return Moved.SENT


def _reading(source: Home, blob: Descriptor) -> AbstractContextManager[Iterator[bytes]]:
    """Return a context whose value yields the blob's bytes; those that everybody knows are not asked for."""
    if blob.digest == EMPTY.digest:
        return nullcontext(iter((EMPTY_DATA,)))
    return source.registry.read_blob(source.repository, blob.digest)

"""The blobs of one image on their way to where they are missing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from itertools import chain, repeat

from tidegate.errors import TidegateError
from tidegate.http.retry import Retry
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor
from tidegate.registry.copy.seen import SeenBlobs
from tidegate.registry.copy.stop import NAP, Stop, taken
from tidegate.registry.copy.transfer import LARGE, Moved, Transfer
from tidegate.registry.tree import Home


class ImageBlobs:
    """The blobs of one image on their way. Safe for use by several threads, each with other blobs.

    Args:
        source: where they are.
        target: where they go.
        retry: how often one is tried, from its start.
        seen: what is known of the blobs at the target's registry.
        unasked: whether a small one may be sent before it is looked for; see `Transfer`.
        turns: one is taken by each large blob that is sent.
        stop: says when to end.
        on_bytes: told the size of each piece that was read.
        on_blob: told of each blob that is at the target.
    """

    def __init__(
        self,
        source: Home,
        target: Home,
        *,
        retry: Retry,
        seen: SeenBlobs,
        unasked: bool,
        turns: threading.Semaphore,
        stop: Stop,
        on_bytes: Callable[[int], None],
        on_blob: Callable[[Descriptor, Moved], None],
    ) -> None:
        self._source = source
        self._target = target
        self._retry = retry
        self._seen = seen
        self._unasked = unasked
        self._turns = turns
        self._stop = stop
        self._on_bytes = on_bytes
        self._on_blob = on_blob

    def bring(self, bunch: Sequence[Descriptor]) -> list[Descriptor]:
        """Make the blobs of a bunch be at the target and return those that were sent."""
        with ExitStack() as held:
            ahead = self._asked_for(bunch, held) if len(bunch) > 1 else {}  # one alone has nothing to be ahead of
            sent = [blob for blob in bunch if blob.digest in ahead and self._move(blob, ahead[blob.digest])]
        # Others may be at the rest. They are waited for with nothing in hand: they may wait for what we had.
        return sent + [blob for blob in bunch if blob.digest not in ahead and self._move(blob)]

    def _move(self, blob: Descriptor, *first: Callable[[], Moved]) -> bool:
        """Make `blob` be at the target, by `first` at the first attempt; return whether it had to be sent."""
        attempts: Iterator[Callable[[], Moved]] = chain(first, repeat(partial(self._transfer, blob)))

        def attempt() -> Moved:
            return next(attempts)()

        moved = self._retry.call(attempt)
        self._on_blob(blob, moved)
        return moved is Moved.SENT

    def _asked_for(self, bunch: Sequence[Descriptor], held: ExitStack) -> dict[Digest, Callable[[], Moved]]:
        """Ask for all blobs of a bunch, so that they are on their way at once; return what is left to do for each.

        What is left out is brought like a single one: it is there, or somebody else is at it, or it meets with an
        error that may pass.
        """
        ahead: dict[Digest, Callable[[], Moved]] = {}
        missing: list[Transfer] = []
        for blob in bunch:
            self._stop.check()
            mine = held.enter_context(self._seen.one_at_a_time(self._target, blob.digest, 0))
            if mine and not self._seen.has(self._target, blob.digest):
                transfer = held.enter_context(self._transfer_of(blob))
                with _left_for_later():
                    found = transfer.find()
                    if found is None:
                        missing.append(transfer)
                    else:
                        ahead[blob.digest] = partial(Moved, found)  # which is `found`
        for transfer in missing:
            with _left_for_later():
                transfer.ask()
                ahead[transfer.blob.digest] = partial(self._send, transfer)
        return ahead

    def _transfer(self, blob: Descriptor) -> Moved:
        """Make `blob` be at the target; return how."""
        while True:
            self._stop.check()
            with self._seen.one_at_a_time(self._target, blob.digest, NAP) as mine:
                if mine and self._seen.has(self._target, blob.digest):
                    return Moved.PRESENT
                if mine:
                    with self._transfer_of(blob) as transfer:
                        return transfer.find() or self._send(transfer)

    def _transfer_of(self, blob: Descriptor) -> Transfer:
        return Transfer(self._source, self._target, blob, self._seen, unasked=self._unasked)

    def _send(self, transfer: Transfer) -> Moved:
        """Send a blob; a large one waits for its turn."""
        with taken(self._turns, self._stop.check) if transfer.blob.size >= LARGE else nullcontext():
            return transfer.send(self._passing)

    def _passing(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._stop.check()
            yield piece
            self._on_bytes(len(piece))


@contextmanager
def _left_for_later() -> Iterator[None]:
    """Pass over an error that may pass: whoever tries again meets it, or not."""
    try:
        yield
    except TidegateError as error:
        if not error.retryable:
            raise

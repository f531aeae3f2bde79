"""Keeping: webhooks' keys on their way to the queue. What comes while some are on it goes after them, all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from threading import get_ident
from typing import Final

from tidegate.model.key import Key
from tidegate.ports.queue import KeyQueue

_PATIENCE_SECONDS: Final = 1.0
"""So long a sender waits for a database that says nothing; its keys are in memory then."""


@dataclass(eq=False)
class _Batch:
    """Keys that are added at once.

    Args:
        keys: in order.
        kept: set when the queue has them.
    """

    keys: dict[Key, None] = field(default_factory=dict)
    kept: asyncio.Event = field(default_factory=asyncio.Event)


class Keeping:
    """Adds keys for many requests; for one event loop.

    Args:
        queue: where they go.
    """

    def __init__(self, queue: KeyQueue) -> None:
        self._queue = queue
        self._sent: _Batch | None = None
        self._next = _Batch()

    async def keep(self, keys: Collection[Key]) -> None:
        """Return when the queue has the keys for good; where that takes long, when it has them in memory."""
        if not keys:
            return
        batch = self._next
        batch.keys.update(dict.fromkeys(keys))
        if self._sent is None:
            self._send()
        if not batch.kept.is_set():
            await batch.kept.wait()

    def _send(self) -> None:
        batch, self._next = self._next, _Batch()
        self._sent = batch
        loop, here = asyncio.get_running_loop(), get_ident()
        patience = loop.call_later(_PATIENCE_SECONDS, self._end, batch)

        def end() -> None:
            patience.cancel()
            self._end(batch)

        def kept() -> None:
            if get_ident() == here:
                end()
                return
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(end)

        self._queue.add(batch.keys, kept)

    def _end(self, batch: _Batch) -> None:
        batch.kept.set()
        if self._sent is batch:
            self._sent = None
            if self._next.keys:
                self._send()

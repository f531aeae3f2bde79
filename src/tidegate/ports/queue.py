"""The key queue port: which keys are to be looked at, and whose turn it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tidegate.model.key import Key

Handle: TypeAlias = Callable[[Key, int], float | None]
"""Handles a key; gets the key, and how often in a row it asked to be handled again (0 at first).

Returns None when it is done with, else after how many seconds the key is to be handled again. It raises nothing.
"""


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How many keys there are.

    Args:
        waiting: whose turn has not come.
        handling: in hand.
        later: to be handled again after a pause.
    """

    waiting: int
    handling: int
    later: int


class KeyQueue(Protocol):
    """Keys in the order in which they were added. Safe for use by many threads; of many processes, where it is shared.

    - A key that waits already is not added twice.
    - A key is never handled twice at once. Added while it is handled, it is handled once more after that.
    - A key that waits after a pause is handled at once when it is added meanwhile, and its count of attempts stays.
    - A key that is added again and again may rest some seconds between two turns; one that was left alone does not.
    - Nothing that was added is forgotten, save by a queue in memory when it stops, and by a bounded one that is full:
      that one has an `EverythingKey` in place of what it could not take.
    """

    def add(self, keys: Iterable[Key], kept: Callable[[], None] | None = None) -> None:
        """Add keys; returns at once. After `stop`, a queue in memory forgets them.

        Args:
            keys: any.
            kept: called, maybe by another thread, when the queue has them as safely as it will for now: a shared one
                when its database has them, or does not answer. Must be quick, and raise nothing.
        """
        ...

    def start(self, handle: Handle, *, workers: int) -> None:
        """Have keys handled from now on, by as many threads.

        Args:
            handle: called by one thread for one key at a time.
            workers: how many keys are handled at once by this process, at least 1.
        """
        ...

    def stop(self, seconds: float) -> bool:
        """Take no more keys, and wait for those in hand. May be called again.

        Args:
            seconds: how long to wait for them at most.

        Returns:
            Whether nothing is in hand any more. What is, counts as not handled: a queue that is shared or lasts hands
            it to the next who asks.
        """
        ...

    @property
    def is_alive(self) -> bool:
        """Whether keys are handled: it was started, was not stopped, and what it needs answers."""
        ...

    def holds(self, key: Key) -> bool:
        """Whether nobody else can have been given `key`, which is in hand here: so that a further step may begin."""
        ...

    def depth(self) -> QueueDepth:
        """Return how many keys there are now."""
        ...

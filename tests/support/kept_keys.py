"""A queue that nobody works: what is added is taken by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tidegate.model.key import Key
from tidegate.server.thread_queue import ThreadQueue


class Keys(ThreadQueue):
    """Keeps keys until they are taken."""

    def __init__(self) -> None:
        super().__init__()
        self.added: list[Key] = []

    def add(self, keys: Iterable[Key], kept: Callable[[], None] | None = None) -> None:
        self.added.extend(keys)
        if kept is not None:
            kept()

    def taken(self) -> set[Key]:
        """Return what was added since this was called before."""
        added, self.added = set(self.added), []
        return added

"""Webhooks' keys are added by few calls, and their senders answered when the queue has them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from threading import Thread

import pytest

from tidegate.model.key import Key, ServiceKey
from tidegate.server.thread_queue import ThreadQueue
from tidegate.server.webhooks import keeping
from tidegate.server.webhooks.keeping import Keeping

KEYS = [ServiceKey(f"s{number}", "e2e") for number in range(50)]


class WritingQueue(ThreadQueue):
    """Has keys for good when it is told so, by another thread."""

    def __init__(self) -> None:
        super().__init__()
        self.added: list[list[Key]] = []
        self._kept: list[Callable[[], None]] = []

    def add(self, keys: Iterable[Key], kept: Callable[[], None] | None = None) -> None:
        self.added.append(list(keys))
        if kept is not None:
            self._kept.append(kept)

    def write(self) -> None:
        kept, self._kept = self._kept, []
        for each in kept:
            writer = Thread(target=each)
            writer.start()
            writer.join()


def test_what_comes_while_others_are_written_is_added_at_once() -> None:
    async def storm() -> list[list[Key]]:
        queue = WritingQueue()
        kept = Keeping(queue)
        senders = [asyncio.create_task(kept.keep([key, KEYS[0]])) for key in KEYS]
        await asyncio.sleep(0)
        assert queue.added == [[KEYS[0]]]
        assert not any(each.done() for each in senders)
        await kept.keep([])  # who tells nothing waits for nothing
        queue.write()
        await senders[0]
        assert [each.done() for each in senders].count(True) == 1, "the others' keys are on their way"
        queue.write()
        await asyncio.gather(*senders)
        return queue.added

    first, second = asyncio.run(storm())
    assert (first, second) == ([KEYS[0]], [KEYS[1], KEYS[0], *KEYS[2:]])


def test_a_queue_in_memory_has_each_at_once() -> None:
    async def some() -> int:
        queue = ThreadQueue()
        kept = Keeping(queue)
        for key in KEYS:
            await kept.keep([key])
        await kept.keep([])
        return queue.depth().waiting

    assert asyncio.run(some()) == len(KEYS)


def test_nobody_waits_for_long_and_later_ones_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_PATIENCE_SECONDS", 0.01)

    async def silence() -> list[list[Key]]:
        queue = WritingQueue()
        kept = Keeping(queue)
        await asyncio.gather(*(kept.keep([key]) for key in KEYS[:2]))
        last = asyncio.create_task(kept.keep([KEYS[2]]))
        await asyncio.sleep(0)
        queue.write()  # the first two come late, the third in time
        await last
        return queue.added

    assert asyncio.run(silence()) == [[KEYS[0]], [KEYS[1]], [KEYS[2]]]

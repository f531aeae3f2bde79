"""What a run has brought: another tag of the same image, in the same repository, needs no more than its tag."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from tidegate.ports.images import CopyReport
from tidegate.registry.copy.stop import taken


class _Image:
    """One image on its way to one repository; `report` says how it came there, once it has."""

    __slots__ = ("report", "turn")

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.report: CopyReport | None = None


class Brought:
    """The images of one run. Safe for use by many threads.

    It holds for a run and no longer: what is attached to an image afterwards would stay behind.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._images: defaultdict[Hashable, _Image] = defaultdict(_Image)

    @contextmanager
    def one_at_a_time(self, image: Hashable, check: Callable[[], None]) -> Iterator[_Image]:
        """Keep others from bringing the same image meanwhile.

        Args:
            image: says from where it goes where, and how.
            check: raises when it is not needed any more.
        """
        with self._lock:
            found = self._images[image]
        with taken(found.turn, check):
            yield found

"""Several threads for a list of things to do."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Final, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_MOST: Final = 8


def at_once(function: Callable[[T], R], values: Sequence[T]) -> list[R]:
    """Return what `function` makes of each value, in order; of several, in the caller's thread and further ones.

    The first error leaves the rest undone, and is raised when what had begun is done.
    """
    if len(values) <= 1:
        return [function(value) for value in values]
    made: dict[int, R] = {}
    left = deque(enumerate(values))
    errors: list[BaseException] = []

    def work() -> None:
        while left and not errors:
            try:
                number, value = left.popleft()
            except IndexError:
                return
            try:
                made[number] = function(value)
            except BaseException as error:
                errors.append(error)
                if not isinstance(error, Exception):
                    raise  # Ctrl-C in the caller's thread: nobody waits for helpers whom a silent registry holds up

    number = min(_MOST, len(values)) - 1
    helpers = [threading.Thread(target=copy_context().run, args=(work,), daemon=True) for _ in range(number)]
    for helper in helpers:
        helper.start()
    work()
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[0]
    return [made[number] for number in range(len(values))]


def together(here: Callable[[], T], aside: Callable[[], R]) -> tuple[T, R]:
    """Return what both return; `aside` runs in a thread of its own. Its error is raised when `here` has ended."""
    found: list[R] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            found.append(aside())
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
            errors.append(error)

    helper = threading.Thread(target=copy_context().run, args=(work,), daemon=True)
    helper.start()
    mine = here()
    helper.join()
    if errors:
        raise errors[0]
    return mine, found[0]


class Crew(Generic[T, R]):
    """Does a list of things: in the caller's thread, and in further ones while there is room.

    A thread costs more than a small blob. So many lists at once are done by their callers alone, and whoever is left
    in the end gets the others' room.

    Args:
        act: does one thing.
        things: what to do, in order.
        room: threads over all crews.
        most: threads of this crew.
        stop: makes the other threads' `act` end soon; called after the first error.
    """

    def __init__(
        self,
        act: Callable[[T], R],
        things: Sequence[T],
        *,
        room: threading.Semaphore,
        most: int,
        stop: Callable[[], None],
    ) -> None:
        self._act = act
        self._left = deque(things)
        self._room = room
        self._most = most
        self._stop = stop
        self._lock = threading.Lock()
        self._made: list[R] = []
        self._helpers: list[threading.Thread] = []
        self._errors: list[BaseException] = []

    def run(self) -> list[R]:
        """Return what `act` returned, when all are done. The first error leaves the rest undone, and is raised."""
        held = self._room.acquire(blocking=False)  # the caller works in any case
        try:
            self._work()  # Ctrl-C comes out here: nobody waits for helpers whom a silent registry holds up
        finally:
            if held:
                self._room.release()
        with self._lock:
            helpers = tuple(self._helpers)
        for helper in helpers:
            helper.join()
        if self._errors:
            raise self._errors[0]
        return self._made

    def _help(self) -> None:
        try:
            self._work()
        finally:
            self._room.release()

    def _work(self) -> None:
        while True:
            self._recruit()
            try:
                thing = self._left.popleft()
            except IndexError:
                return
            try:
                self._made.append(self._act(thing))
            except BaseException as error:
                self._fail(error)
                if not isinstance(error, Exception):
                    raise  # Ctrl-C in the caller's thread

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            self._errors.append(error)
            self._left.clear()
        self._stop()

    def _recruit(self) -> None:
        """Start another thread when there is more to do than one can, and room."""
        with self._lock:
            enough = len(self._left) < 2 or len(self._helpers) + 1 >= self._most  # noqa: PLR2004 - one is the caller's
            if enough or not self._room.acquire(blocking=False):
                return
            helper = threading.Thread(target=copy_context().run, args=(self._help,), name="blob", daemon=True)
            self._helpers.append(helper)
            helper.start()

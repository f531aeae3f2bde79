"""FakeTarget: the port for messages in memory."""

from __future__ import annotations

from threading import Event

from tidegate.errors import TidegateError
from tidegate.model.notice import Message


class FakeTarget:
    """Keeps what it gets; fulfils the port `MessageTarget`.

    Attributes:
        got: every message that was taken, in order.
        failures: raised by the next calls, one by each.
        free: when it is cleared, a call waits until it is set.
    """

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.failures: list[TidegateError] = []
        self.free = Event()
        self.free.set()

    def send(self, message: Message) -> None:
        """Keep `message`."""
        self.free.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.got.append(message)

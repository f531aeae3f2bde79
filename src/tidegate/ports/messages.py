"""The port through which people are told: a room, a mailbox, a program."""

from __future__ import annotations

from typing import Protocol

from tidegate.model.notice import Message


class MessageTarget(Protocol):
    """Whoever gets messages. Fits one thread at a time."""

    def send(self, message: Message) -> None:
        """Hand a message over; returns when it was taken. One that was not may have arrived all the same.

        Raises:
            MessageNotTaken: the target does not answer in time, or does not take it. Its address, which holds a
                secret, is not in the error.
        """
        ...

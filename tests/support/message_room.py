"""A program on loopback that gets messages by HTTP, as apprise's json:// sends them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from support.until import until
from tidegate.model.notice import Message, Tone
from tidegate.testing.loopback import LoopbackHandler, LoopbackServer

SECRET = "s3cr3t-t0ken"


@dataclass
class MessageRoom:
    """What it got, and how it answers.

    Args:
        port: where it listens.
        got: every message that it took, in order.
        refusals: how often it answers with 500 before it takes the next.
        asked: how often it was asked at all.
    """

    port: int = 0
    got: list[Message] = field(default_factory=list)
    refusals: int = 0
    asked: int = 0

    @property
    def address(self) -> str:
        """Where apprise sends messages; it holds a secret."""
        return f"json://robot:{SECRET}@127.0.0.1:{self.port}/rooms/{SECRET}"

    @property
    def titles(self) -> list[str]:
        return [each.title for each in list(self.got)]

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until `holds` returns something true."""
        until(holds, told=lambda: f"it got: {self.got}")

    def take(self, body: dict[str, str]) -> int:
        """Return the answer's status."""
        self.asked += 1
        if self.refusals:
            self.refusals -= 1
            return 500
        self.got.append(Message(body["title"], body["message"], Tone(body["type"])))
        return 204


class _Handler(LoopbackHandler):
    room: ClassVar[MessageRoom]

    def respond(self) -> None:
        self.send(self.room.take(json.loads(self.body())))


@contextmanager
def message_room() -> Iterator[MessageRoom]:
    """Give a room that is there until the end."""
    room = MessageRoom()
    with LoopbackServer(_Handler, given={"room": room}) as server:
        room.port = server.port
        yield room

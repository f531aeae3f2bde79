"""What may go wrong with an exchange of HTTP, and the messages that it goes wrong with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from io import BufferedIOBase
from typing import Final


class Fault(Enum):
    """What may happen to one exchange."""

    ERROR_500 = "500"
    THROTTLED = "429 with Retry-After"
    RESET_BEFORE = "reset before the registry sees the request"
    RESET_AMID = "reset in the middle of the body"
    ANSWER_LOST = "reset after the registry has acted"
    TRUNCATED = "body ends early"
    WRONG_BYTES = "one byte of the body is changed"
    STALL = "no answer"
    DUPLICATED = "the answer comes twice"
    REORDERED = "the answer is another request's"
    EXPIRED = "401: the token is over"
    DEAD = "nobody listens"
    CUT = "the connection ends in the middle of the body, without close_notify"
    CLOSED = "close_notify comes in the middle of the body"
    DAMAGED = "a record of TLS can't be deciphered"


OF_TLS: Final = frozenset({Fault.CUT, Fault.CLOSED, Fault.DAMAGED})
"""What may happen over TLS only."""
Plan = Callable[[int, str], Fault | None]
"""Says what happens to a request, by its number from 0 and its `METHOD path`."""


@dataclass(slots=True)
class Message:
    """A request or an answer that was read whole."""

    start: str
    fields: list[tuple[str, str]]
    body: bytes = b""

    def value(self, name: str) -> str:
        """Return a field's value, or ""."""
        return next((value for known, value in self.fields if known.lower() == name), "")


def read_head(stream: BufferedIOBase) -> Message | None:
    """Return the next request without its body, or None when no more comes."""
    start = stream.readline().decode("latin-1").rstrip("\r\n")
    if not start:
        return None
    fields: list[tuple[str, str]] = []
    while line := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(":")
        fields.append((name, value.strip()))
    return Message(start, fields)


def refusal(fault: Fault | None, realm: str) -> Message:
    """Return the answer that `fault` is; tokens are given at `realm`."""
    if fault is Fault.EXPIRED:
        challenge = f'Bearer realm="{realm}",service="test"'
        return Message("HTTP/1.1 401 Unauthorized", [("WWW-Authenticate", challenge)])
    if fault is Fault.THROTTLED:
        fields = [("Retry-After", "7"), ("Content-Type", "text/plain")]
        return Message("HTTP/1.1 429 Too Many Requests", fields, b"slow down")
    return Message("HTTP/1.1 500 Internal Server Error", [("Content-Type", "text/html")], b"<h1>sorry</h1>")


def changed(body: bytes) -> bytes:
    """Return `body` with one bit of its middle changed."""
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :] if body else body

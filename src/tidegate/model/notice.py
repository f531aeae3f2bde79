"""Notices: what people are told when a promotion goes on, or does not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Final

_NUMBER: Final = re.compile(r"\d+")


class NoticeEvent(Enum):
    """What a notice is about. In the order in which a message tells them."""

    FAILED = "failed"
    """A delivery or promotion failed, or a merge request is refused: only somebody who acts can change that."""
    WAITING = "waiting"
    """A merge request waits for somebody's approval."""
    OPENED = "opened"
    """There is a merge request that would move a service."""
    DELIVERED = "delivered"
    """An environment has another release."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that is new about a service in an environment.

    Args:
        event: what kind of thing.
        service: its name.
        environment: its name.
        before: the tag that the environment has, or had before a delivery; None when it has none.
        after: the tag that it would get, or got; None when that can't be told.
        merge_request: `project!iid` of the one that moves it, or None.
        url: where a person looks at that, or None.
        text: one line: what `tidegate why` says, or what failed.
        hint: what to do, or None.
        code: the error's code, of a failure.
    """

    event: NoticeEvent
    service: str
    environment: str
    before: str | None = None
    after: str | None = None
    merge_request: str | None = None
    url: str | None = None
    text: str = ""
    hint: str | None = None
    code: str | None = None

    @property
    def identity(self) -> str:
        """Equal for what reads the same to a person, whoever saw it; 32 hexadecimal digits."""
        text = same_failure(self.text) if self.event is NoticeEvent.FAILED else self.text
        parts = (self.event.value, self.environment, self.service, self.merge_request, self.after, self.code, text)
        return sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:32]


def same_failure(text: str) -> str:
    """Return what stays the same of a failure's text: seconds and counts don't make it another one."""
    return _NUMBER.sub("#", text)


class Tone(Enum):
    """How a message sounds; many programs show it as a colour."""

    FAILURE = "failure"
    WARNING = "warning"
    INFO = "info"
    SUCCESS = "success"


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: plain text.

    Args:
        title: one line.
        body: lines.
        tone: how it sounds.
    """

    title: str
    body: str
    tone: Tone = Tone.INFO

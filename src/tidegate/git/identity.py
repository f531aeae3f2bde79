"""Identity: who authors and commits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_NOT_IN_A_NAME: Final = re.compile(r"[<>\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_NOT_IN_A_MAILBOX: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Identity:
    """A name and an e-mail address, as git writes them.

    Args:
        name: a person's or a program's name. Characters that would end git's field are dropped.
        email: an e-mail address; likewise.
    """

    name: str
    email: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _NOT_IN_A_NAME.sub(" ", self.name).strip() or "unknown")
        object.__setattr__(self, "email", _NOT_IN_A_NAME.sub("", self.email).replace(" ", ""))

    def acting_for(self, user: str) -> Identity:
        """Return the identity of `user`: their name, and an address of which nobody can think that it gets mail."""
        mailbox = _NOT_IN_A_MAILBOX.sub("-", user).strip("-.") or "unknown"
        domain = self.email.rpartition("@")[2] or "localhost"
        return Identity(user, f"{mailbox}@users.noreply.{domain}")

    def at(self, moment: datetime) -> str:
        """Return git's line for this identity at `moment`: `Name <mail> SECONDS +0000`."""
        return f"{self.name} <{self.email}> {int(moment.timestamp())} +0000"

"""Cookies: their names, and the flags that they are set with (RFC 6265bis, sections 4.1.2 and 4.1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_HOST: Final = "__Host-"
"""A browser takes a cookie of such a name only when it is secure, and from no other host."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of ours: no script reads it, and other sites' pages send it only when somebody follows a link.

    Args:
        name: without the prefix.
        secure: whether it is sent over TLS alone.
        length: how long a browser keeps it.
    """

    name: str
    secure: bool
    length: timedelta

    @property
    def full_name(self) -> str:
        """The name as browsers know it."""
        return f"{_HOST if self.secure else ''}{self.name}"

    def written(self, value: str) -> str:
        """Return the field `Set-Cookie` that gives it a value; "" removes it."""
        age = int(self.length.total_seconds()) if value else 0
        secure = "; Secure" if self.secure else ""
        return f"{self.full_name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"

    def read(self, field: str) -> str | None:
        """Return its value in the field `Cookie`, or None. What others have set beside it does not matter."""
        for pair in field.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self.full_name:
                return value or None
        return None


def plain_cookies(field: str) -> str:
    """Return the field `Cookie` without the cookies whose value is in quotes: none of ours is.

    Python unquotes a value in a time that grows with the square of its length, before anybody has signed in.
    """
    return "; ".join(pair for pair in map(str.strip, field.split(";")) if '"' not in pair)

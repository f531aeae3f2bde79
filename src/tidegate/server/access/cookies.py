"""Cookies: their names, and the flags that they are set with (RFC 6265bis, sections 4.1.2 and 4.1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie
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
        """Return its value in the field `Cookie`, or None."""
        try:
            found = SimpleCookie(field).get(self.full_name)
        except CookieError:
            return None
        return found.value if found and found.value else None

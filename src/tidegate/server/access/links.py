"""One-time links: how a person at this very machine signs in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from threading import Lock


class OneTimeLinks:
    """Each link signs one person in, once; then the next one is shown.

    Args:
        show: shows a link to the person who started the process.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._lock = Lock()
        self._open: set[bytes] = set()
        self._address = ""

    def offer(self, address: str) -> None:
        """Make a link and show it.

        Args:
            address: what the link's secret is put after.
        """
        secret = secrets.token_urlsafe(32)
        with self._lock:
            self._address = address
            self._open.add(_hash(secret))
        self._show(f"{address}{secret}")

    def take(self, secret: str) -> bool:
        """Return whether `secret` is that of a link which nobody has used; it is used now."""
        digest = _hash(secret)
        with self._lock:
            if digest not in self._open:
                return False
            self._open.remove(digest)
        self.offer(self._address)
        return True


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()

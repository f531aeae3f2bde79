"""Answers that GitLab only has to confirm: single resources, kept with their ETag (RFC 9110, section 8.8.3).

GitLab sends an ETag with every single resource, and answers 304 without a body to an If-None-Match that still fits.
The call is made all the same: nothing is answered from memory alone.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

_MOST: Final = 256
_LARGEST: Final = 256 * 1024


class Answers:
    """The last answers, bounded in number and size. Safe for use by many threads at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[str, bytes]] = OrderedDict()

    def of(self, token: str, url: str) -> tuple[str, bytes] | None:
        """Return ETag and body of the last answer to one token's request, or None."""
        with self._lock:
            return self._kept.get((token, url))

    def keep(self, token: str, url: str, tag: str, body: bytes) -> None:
        """Keep an answer; the oldest ones make room."""
        if len(body) > _LARGEST:
            return
        with self._lock:
            self._kept[token, url] = (tag, body)
            self._kept.move_to_end((token, url))
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)

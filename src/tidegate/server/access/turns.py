"""Turns: so many ask the identity provider at once, and who comes meanwhile waits for a moment at most."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from tidegate.errors.server import ProviderUnreachable

_MOMENT: Final = 1.0
"""Seconds that one waits for another's answer, in a thread that others need."""


class Turns:
    """Lets some ask: where the provider takes long, who wants to sign in would else hold up all other requests.

    Args:
        issuer: who is asked.
        seats: how many ask at once.
        waits: whether one more waits for a moment; else it is refused at once.
    """

    def __init__(self, issuer: str, seats: int = 1, *, waits: bool = True) -> None:
        self._issuer = issuer
        self._seats = BoundedSemaphore(seats)
        self._waits = waits

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Ask within this.

        Raises:
            ProviderUnreachable: as many ask, and have had no answer yet.
        """
        if not self._seats.acquire(timeout=_MOMENT if self._waits else 0):
            raise ProviderUnreachable(
                "the provider has not answered yet", where=self._issuer, hint="try again in a minute"
            )
        try:
            yield
        finally:
            self._seats.release()

"""Credentials as they are looked up: when they are first needed, before they end, and when they are refused."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from tidegate.errors.registry import RegistryDenied, RegistryUnauthorized

if TYPE_CHECKING:
    from tidegate.http import Origin
    from tidegate.registry.auth.credentials import Credentials

USUAL_LIFE: Final = 60
"""Seconds a token lives when the server does not say (token spec). Credentials are not looked up more often either,
unless they are refused."""
MARGIN: Final = 0.25
"""The part of its life before the end in which a token is not used for new requests."""


class Found(NamedTuple):
    """What was found when credentials were looked up, when that was, and until when it is used."""

    credentials: Credentials | None
    asked_at: float
    fresh_until: float

    @property
    def is_for_good(self) -> bool:
        """Whether nobody says that it ends."""
        return self.credentials is None or self.credentials.life is None

    def is_sent_as(self, value: str) -> bool:
        """Return whether `value` is what these credentials are as Basic ones."""
        return self.credentials is not None and self.credentials.basic == value


class Lookup:
    """The credentials for one registry, and what is said when they do not do. Safe for use by many threads.

    Args:
        origin: the registry.
        find: looks them up.
        hint: tells where they would have to be put.
        monotonic: a clock in seconds.
    """

    def __init__(
        self,
        origin: Origin,
        find: Callable[[], Credentials | None],
        hint: Callable[[], str],
        monotonic: Callable[[], float],
    ) -> None:
        self.last: Found | None = None
        """What was found last; None before the first look."""
        self._origin = origin
        self._find = find
        self._hint = hint
        self._monotonic = monotonic
        self._turn = threading.Lock()

    @property
    def credentials(self) -> Credentials | None:
        """The credentials that were found last, if there were any."""
        return self.last.credentials if self.last else None

    def found(self, refused: Found | None = None) -> Found:
        """Return what was found; it is looked for anew before it ends, or when it is `refused`, once for all threads.

        What was found before may be over: a helper, a file or AWS may have newer ones.
        """
        with self._turn:
            found, started = self.last, self._monotonic()
            if found is None or found is refused or found.fresh_until <= started:
                credentials = self._find()
                said = credentials.life if credentials else None
                life = math.inf if said is None else max(said, USUAL_LIFE)
                found = self.last = Found(credentials, started, started + life * (1 - MARGIN))
            return found

    def unauthorized(self, what: str) -> RegistryUnauthorized:
        """Return the error for credentials that are refused, or missing; `what` says which."""
        found = self.credentials
        hint = f"check {found.source}; the credentials were found there" if found else self._hint()
        return RegistryUnauthorized(what, where=str(self._origin), hint=hint)

    def denied(self, scopes: Iterable[str]) -> RegistryUnauthorized | RegistryDenied:
        """Return the error for credentials that are good, but not for `scopes`."""
        found = self.credentials
        if found is None:
            return self.unauthorized("the registry asks for credentials and there are none")
        what = f"the registry takes these credentials, and they may not do this: {' '.join(scopes)}"
        hint = f"ask for the permission, or use others; these were found in {found.source}"
        return RegistryDenied(what, where=str(self._origin), hint=hint)

"""The Authorization field: none, Basic, or a Bearer token. Follows distribution's `spec/auth/token.md` and `oauth.md`.

Nothing is asked for in advance: the first 401 says what the registry wants, and from then on it is sent at once. What
is going to be needed besides may be asked for with it (`Authorizer.expect`), if that is granted.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from tidegate.errors import TidegateError
from tidegate.errors.http import AddressRefused, InvalidUrl
from tidegate.errors.registry import RegistryFailed, RegistryUnauthorized
from tidegate.http import Origin, Sender
from tidegate.http.addresses import is_link_local
from tidegate.registry.answers import failure
from tidegate.registry.auth.lookup import MARGIN, USUAL_LIFE, Found, Lookup

if TYPE_CHECKING:
    from tidegate.registry.auth.challenge import Challenge
    from tidegate.registry.auth.credentials import Credentials
    from tidegate.registry.auth.tokens import Token

Scopes = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a request is sent with.

    Args:
        value: of the field.
        scopes: what it was asked for: what is needed, or more.
        final_until: until then, a 401 is the last word: it was got after the request's last one, so a newer one would
            be no better. What was there already may have ended, or been revoked, since.
    """

    value: str = field(repr=False)
    scopes: Scopes
    final_until: float = -math.inf


class _WiderRefused(Exception):
    """What is needed has to be asked for by itself."""


class Authorizer:
    """What to send as Authorization to one registry. Safe for use by many threads.

    Who needs the same token waits for one request; tokens of different repositories are asked for side by side.

    Args:
        origin: the registry.
        client: sends the requests for tokens.
        find: looks the credentials up; called when they are first needed, before they end, and when they are refused.
        hint: tells where credentials would have to be put.
        follow: where the registry may send us for a token although it is plain HTTP or link-local.
        monotonic: a clock in seconds.
    """

    def __init__(
        self,
        origin: Origin,
        client: Sender,
        find: Callable[[], Credentials | None],
        *,
        hint: Callable[[], str],
        follow: frozenset[Origin] = frozenset(),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._origin = origin
        self._client = client
        self._follow = follow
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._lookup = Lookup(origin, find, hint, monotonic)
        self._challenge: Challenge | None = None
        self._accepted: set[Scopes] = set()
        self._tokens: dict[Scopes, Token] = {}
        self._turns: dict[Scopes, threading.Lock] = {}
        self._wider: dict[Scopes, Scopes] = {}
        """Scopes, and the wider ones that are going to be needed besides; see `expect`."""
        self._expected: set[Scopes] = set()
        """Those for which the wider ones are asked for when a token is needed next."""
        self._refused_wider: Found | None = None
        """The credentials to which wider ones were refused."""

    def expect(self, scopes: Scopes, wider: Scopes) -> None:
        """Ask for `wider` when `scopes` are needed next, since the rest is going to be: one token does for both.

        That takes nothing away: where `wider` is refused, `scopes` are asked for, and from then on for everything only
        what it needs, until the credentials are looked up anew.
        """
        self._wider[scopes] = wider
        if self._held(wider) is None:
            self._expected.add(scopes)

    def field(self, scopes: Scopes) -> Authorization | None:
        """Return what to send for `scopes`, e.g. `repository:inventory:pull`; None when nothing was asked for yet."""
        challenge = self._challenge
        return self._field(challenge, scopes) if challenge else None

    def answer(self, fields: Iterable[str], scopes: Scopes, sent: Authorization | None) -> Authorization:
        """Return what to send after a 401.

        Args:
            fields: the WWW-Authenticate fields.
            scopes: what the request needs.
            sent: the Authorization that was refused, or None.

        Raises:
            RegistryUnauthorized: there are no credentials, or they were refused.
            RegistryDenied: they were not, and may not do what the request needs.
        """
        from tidegate.registry.auth.challenge import parse_challenges  # noqa: PLC0415 - needed when asked for, not before

        started = self._monotonic()
        challenges = {challenge.scheme: challenge for challenge in reversed(parse_challenges(fields))}
        challenge = challenges.get("bearer") or challenges.get("basic")
        if challenge is None:
            what = "the registry asks for credentials in a way that is not known (Bearer, Basic)"
            raise self._lookup.unauthorized(what)
        if sent is not None and started < sent.final_until and scopes not in self._accepted:
            if sent.scopes == scopes:
                raise self._lookup.denied(scopes) if _is_denial(challenge) else self.refused(scopes)
            self._refused_wider = self._lookup.last  # some token servers give all or nothing
        with self._lock:
            self._challenge = challenge
            known = self._tokens.get(sent.scopes) if sent else None
            if known and sent and sent.value == f"Bearer {known.value}":
                del self._tokens[sent.scopes]
                if sent.scopes != scopes:
                    self._expected.add(scopes)
        new = self._field(challenge, scopes, sent, started)
        if sent and new.value == sent.value:
            raise self.refused(scopes)
        return new

    def newer(self, sent: Authorization) -> Authorization | None:
        """Return what to send after a 403 to `sent` where that may have ended; None when there is nothing newer.

        Only a password of which is known when it ends is looked up anew, and none that was got within the last minute:
        who is not permitted to do something asks once a minute at most.
        """
        challenge, found = self._challenge, self._lookup.last
        if challenge is None or challenge.scheme != "basic" or found is None or found.is_for_good:
            return None
        if found.is_sent_as(sent.value) and self._monotonic() - found.asked_at >= USUAL_LIFE:
            found = self._lookup.found(refused=found)
        if found.credentials is None or found.is_sent_as(sent.value):
            return None
        return Authorization(found.credentials.basic, sent.scopes)

    def accepted(self, scopes: Scopes) -> None:
        """Remember that what was sent for `scopes` was accepted: what is refused from now on, new or not, has ended."""
        self._accepted.add(scopes)

    def refused(self, scopes: Scopes) -> RegistryUnauthorized:
        """Return the error for a 401 to what `answer` gave for `scopes`."""
        if scopes in self._accepted:
            return self._lookup.unauthorized("the registry accepts no more what it accepted before, nor anything newer")
        if self._lookup.credentials is None:
            return self._lookup.unauthorized("the registry asks for credentials and there are none")
        return self._lookup.unauthorized("the registry does not accept these credentials")

    def _field(
        self, challenge: Challenge, scopes: Scopes, refused: Authorization | None = None, since: float = math.inf
    ) -> Authorization:
        """Return what to send; `refused` was not accepted, which was heard at `since`."""
        if challenge.scheme == "bearer":
            token = self._token(challenge, scopes)
            final_until = token.ends_at if token.asked_at >= since else -math.inf
            return Authorization(f"Bearer {token.value}", token.scopes, final_until)
        found = self._lookup.found()
        if found.credentials is not None and refused is not None and found.credentials.basic == refused.value:
            found = self._lookup.found(refused=found)
        if found.credentials is None:
            raise self._lookup.unauthorized("the registry asks for credentials and there are none")
        return Authorization(found.credentials.basic, scopes, math.inf if found.asked_at >= since else -math.inf)

    def _token(self, challenge: Challenge, scopes: Scopes) -> Token:
        """Return a token that does for `scopes`: one that is held, or a new one, for the wider ones if it may be."""
        wider = self._wider.get(scopes)
        if wider is None:
            return self._kept(scopes, partial(self._fetch, challenge, scopes))
        expected = scopes in self._expected  # asked first: whoever gets such a token keeps it before this is struck off
        held = self._held(wider) or self._held(scopes)
        if held is None and expected:
            with suppress(_WiderRefused):
                held = self._kept(wider, partial(self._fetch_wider, challenge, wider))
            self._expected.discard(scopes)
        return held or self._kept(scopes, partial(self._fetch, challenge, scopes))

    def _kept(self, scopes: Scopes, fetch: Callable[[], Token]) -> Token:
        """Return the token that is held for `scopes`; one that `fetch` gets where there is none."""
        with self._lock:
            turn = self._turns.setdefault(scopes, threading.Lock())
        with turn:
            token = self._held(scopes)
            if token is None:
                token = fetch()
                with self._lock:
                    self._tokens[scopes] = token
            return token

    def _held(self, scopes: Scopes) -> Token | None:
        with self._lock:
            token = self._tokens.get(scopes)
        return token if token is not None and token.fresh_until > self._monotonic() else None

    def _fetch(self, challenge: Challenge, scopes: Scopes) -> Token:
        found = self._lookup.found()
        try:
            return self._fetch_as(found.credentials, challenge, scopes)
        except RegistryUnauthorized:
            newer = self._lookup.found(refused=found)
            if newer.credentials == found.credentials:
                if found is self._refused_wider and scopes in self._wider.values():
                    self._refused_wider = newer
                    raise self._lookup.denied(scopes) from None  # with them one could read
                raise
        return self._fetch_as(newer.credentials, challenge, scopes)

    def _fetch_wider(self, challenge: Challenge, scopes: Scopes) -> Token:
        """Return a token for more than is needed now; credentials to which one was refused are not tried again."""
        found = self._lookup.found()
        if found is self._refused_wider:
            raise _WiderRefused
        try:
            return self._fetch_as(found.credentials, challenge, scopes)
        except TidegateError as error:
            if error.retryable:
                raise
            self._refused_wider = found
            raise _WiderRefused from error

    def _fetch_as(self, credentials: Credentials | None, challenge: Challenge, scopes: Scopes) -> Token:
        from tidegate.registry.auth.tokens import Token, token_in, token_request  # noqa: PLC0415 - as above

        realm = self._realm(challenge)
        service = challenge.parameters.get("service", "")
        started = self._monotonic()
        request = replace(token_request(realm, service, scopes, credentials), allowed=self._follow)
        with self._client.send(request) as response:
            if response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
                raise self._lookup.unauthorized("the registry's token server does not accept these credentials")
            if response.status != HTTPStatus.OK:
                raise failure(response)
            value, life = token_in(response)
        life = life or USUAL_LIFE
        return Token(value, scopes, started, started + life * (1 - MARGIN), started + life)

    def _realm(self, challenge: Challenge) -> str:
        realm = challenge.parameters.get("realm", "")
        try:
            origin = Origin.of(realm)
        except InvalidUrl:
            what = "the registry asks for a token and does not say where to get one"
            raise RegistryFailed(what, where=str(self._origin), hint="ask who runs the registry") from None
        if origin in self._follow:
            return realm
        if origin.scheme not in {"https", self._origin.scheme}:
            raise AddressRefused(f"the registry sends us for a token to plain {origin}", where=str(self._origin))
        if is_link_local(origin.host):
            raise AddressRefused(f"the registry sends us for a token to {origin}", where=str(self._origin))
        return realm


def _is_denial(challenge: Challenge) -> bool:
    """Return whether what was sent is good, but not for this (RFC 6750, section 3.1; distribution's token spec)."""
    return challenge.parameters.get("error") == "insufficient_scope"

"""ID tokens: signed by the provider, for us, now, and for this very sign-in (OpenID Connect Core, section 3.1.3.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, import_key

from tidegate.errors.server import SignInRefused
from tidegate.server.access.turns import Turns

_ALGORITHMS: Final = [
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
]
"""Signatures alone: with `none` or a shared secret, others could sign, too."""
_LEEWAY: Final = 60
"""Seconds that two machines' clocks may differ by."""
_SECONDS_BETWEEN: Final = 60.0
"""The provider is asked for its keys so often at most."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a token must say.

    Args:
        issuer: who has made it.
        client_id: for whom.
        nonce: for which sign-in.
        access_token: what came with it.
    """

    issuer: str
    client_id: str
    nonce: str
    access_token: str


@dataclass(frozen=True, slots=True)
class _Known:
    """The provider's keys, and when it was asked for them, in seconds since 1970."""

    keys: KeySet
    at: float


class IdTokens:
    """Checks tokens. Safe for many threads: who can be answered from the keys that are known waits for nobody.

    Args:
        fetch: gets the provider's keys (RFC 7517, section 5). One asks at a time.
        turns: whose turn it is.
    """

    def __init__(self, fetch: Callable[[], Mapping[str, object]], turns: Turns) -> None:
        self._fetch = fetch
        self._turns = turns
        self._known: _Known | None = None

    def claims(self, token: str, wanted: Wanted, now: float) -> dict[str, object]:
        """Return what a token says.

        Args:
            token: as it came.
            wanted: what it must say.
            now: seconds since 1970.

        Raises:
            SignInRefused: it is none of the provider's, or none for us.
            ProviderUnreachable: its keys are needed, and it does not tell them.
        """
        try:
            found = self._decoded(token, now)
            checked = CodeIDToken(
                found.claims,
                found.header,
                {
                    "iss": {"essential": True, "value": wanted.issuer},
                    "aud": {"essential": True, "value": wanted.client_id},
                },
                {"nonce": wanted.nonce, "client_id": wanted.client_id, "access_token": wanted.access_token},
            )
            checked.validate(now=int(now), leeway=_LEEWAY)
        except (JoseError, ValueError) as error:
            raise SignInRefused(
                f"the provider's ID token can't be trusted: {type(error).__name__}",
                where=wanted.issuer,
                hint="sign in again; if it stays so, compare issuer and client id, and both machines' clocks",
            ) from error
        return dict(found.claims)

    def _decoded(self, token: str, now: float) -> jwt.Token:
        """Return the token, whose signature is right. The provider may have changed its keys since we asked."""
        known = self._known or self._newer(None, now)
        try:
            return jwt.decode(token, known.keys, algorithms=_ALGORITHMS)
        except (JoseError, ValueError):
            if now - known.at < _SECONDS_BETWEEN:
                raise
        return jwt.decode(token, self._newer(known, now).keys, algorithms=_ALGORITHMS)

    def _newer(self, old: _Known | None, now: float) -> _Known:
        """Return newer keys than `old`: another may have asked for them while we waited for our turn."""
        with self._turns.taken():
            known = self._known
            if known is None or known is old:
                told = self._fetch().get("keys")
                keys = map(_key, told if isinstance(told, list) else ())
                known = self._known = _Known(KeySet([each for each in keys if each is not None]), now)
            return known


def _key(told: object) -> Key | None:
    """Return a key; None when it is of a kind that is not known, which is no matter (RFC 7517, section 5)."""
    try:
        return import_key(told) if isinstance(told, dict) else None
    except (JoseError, ValueError, TypeError, KeyError):
        return None

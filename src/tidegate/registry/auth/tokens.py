"""Asking a token server for a token. Follows distribution's `spec/auth/token.md` and `oauth.md`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from tidegate.errors.http import ResponseTooLarge
from tidegate.errors.registry import RegistryFailed
from tidegate.http import Request, Response

if TYPE_CHECKING:
    from tidegate.registry.auth.credentials import Credentials

_LARGEST_TOKEN: Final = 256 * 1024
_LONGEST_LIFE: Final = 24 * 3600
_CLIENT_ID: Final = "tidegate"


@dataclass(frozen=True, slots=True)
class Token:
    """A token, as long as it is sent.

    Args:
        value: what stands behind `Bearer`.
        scopes: what it was asked for; it may allow less.
        asked_at: when it was asked for, on the clock of whoever keeps it.
        fresh_until: from then on another one is asked for.
        ends_at: from then on nobody accepts it.
    """

    value: str = field(repr=False)
    scopes: tuple[str, ...]
    asked_at: float
    fresh_until: float
    ends_at: float


def token_request(realm: str, service: str, scopes: Sequence[str], credentials: Credentials | None) -> Request:
    """Return the request for a token.

    Args:
        realm: URL of the token server.
        service: what the registry calls itself; "" when it does not.
        scopes: what the token is for.
        credentials: who asks; None for anybody.
    """
    if credentials is not None and credentials.is_identity_token:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": _CLIENT_ID,
            "scope": " ".join(scopes),
            "refresh_token": credentials.secret,
        }
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request("POST", realm, kind, urlencode(form).encode(), given_by_server=True)
    query = urlencode([*([("service", service)] if service else []), *(("scope", scope) for scope in scopes)])
    address, _, _ = realm.partition("#")  # what is added behind a fragment would be part of it
    url = f"{address}{'&' if '?' in address else '?'}{query}"
    fields = {"Authorization": credentials.basic} if credentials else {}
    return Request("GET", url, fields, given_by_server=True)


def token_in(response: Response) -> tuple[str, float]:
    """Return the token that a token server gave, and its life in seconds; 0 when the server does not say.

    Raises:
        RegistryFailed: there is none.
    """
    try:
        answer: object = json.loads(response.read(_LARGEST_TOKEN))
    except (ValueError, RecursionError, ResponseTooLarge):
        answer = None  # it may hold a secret: it is not part of the error
    table = answer if isinstance(answer, dict) else {}
    value, life = table.get("token") or table.get("access_token"), table.get("expires_in")
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise RegistryFailed("the registry's token server answered without a token", where=str(response.request))
    return value, float(min(life, _LONGEST_LIFE)) if isinstance(life, int | float) and life > 0 else 0.0

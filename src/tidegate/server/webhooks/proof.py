"""How a webhook proves who sent it. All comparisons take the same time, wherever two secrets differ."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tidegate.errors.server import WebhookRefused, WebhookSecretMissing

TOLERANCE_SECONDS: Final = 300
"""How far a signature's time may be from ours, before or after (Standard Webhooks 1.0, 'Verifying timestamps')."""
_PREFIX: Final = "whsec_"
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_MOST_SIGNATURES: Final = 10


@dataclass(frozen=True, slots=True)
class GitLabProof:
    """What GitLab's webhooks prove themselves with. What is configured must be right, both where both are.

    Args:
        token: the secret token, sent as `X-Gitlab-Token`; None: not asked for.
        signing: the key of the signature (Standard Webhooks 1.0, HMAC-SHA256); None: not asked for.
    """

    token: str | None = field(default=None, repr=False)
    signing: bytes | None = field(default=None, repr=False)

    def check_fields(self, headers: Mapping[str, str], now: float) -> None:
        """Return when it may be GitLab's, as far as can be told before its body is read.

        Args:
            headers: by name in small letters.
            now: seconds since 1970.

        Raises:
            WebhookRefused: it is not, or nothing is configured that it could prove itself with.
        """
        if self.token is None and self.signing is None:
            raise _not_taken("server.webhooks.gitlab_token_env")
        if self.token is not None and not _same(self.token, headers.get("x-gitlab-token", "")):
            raise WebhookRefused("the secret token is missing or wrong", hint="compare it with the webhook's settings")
        if self.signing is not None:
            _check_time(headers, now)

    def check(self, headers: Mapping[str, str], body: bytes, now: float) -> None:
        """Return when it is GitLab's.

        Args:
            headers: by name in small letters.
            body: as it came.
            now: seconds since 1970.

        Raises:
            WebhookRefused: it is not, or nothing is configured that it could prove itself with.
        """
        self.check_fields(headers, now)
        if self.signing is not None:
            _check_signature(self.signing, headers, body)


@dataclass(frozen=True, slots=True)
class RegistryProof:
    """What registries prove themselves with.

    Args:
        token: what is sent as `Authorization`, as it is or after `Bearer `; None: none is taken.
    """

    token: str | None = field(default=None, repr=False)

    def check(self, headers: Mapping[str, str]) -> None:
        """Return when it is from a registry of ours.

        Raises:
            WebhookRefused: it is not, or no token is configured.
        """
        if self.token is None:
            raise _not_taken("server.webhooks.registry_token_env")
        given = headers.get("authorization", "")
        if not (_same(self.token, given) | _same(f"Bearer {self.token}", given)):
            raise WebhookRefused("Authorization is missing or wrong", hint="compare it with the registry's settings")


def signing_key(secret: str, variable: str) -> bytes:
    """Return the key that a secret of the form `whsec_BASE64` holds.

    Raises:
        WebhookSecretMissing: it is none.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not key or not secret.startswith(_PREFIX):
        raise WebhookSecretMissing(
            "this is no signing secret", where=variable, hint="GitLab shows it once, as whsec_ and base64"
        )
    return key


def _check_time(headers: Mapping[str, str], now: float) -> None:
    at = headers.get("webhook-timestamp", "")
    if not headers.get("webhook-id") or not _TIMESTAMP.fullmatch(at):
        raise WebhookRefused("the signature is missing", hint="set the signing secret in the webhook's settings")
    if abs(now - int(at)) > TOLERANCE_SECONDS:
        raise WebhookRefused("the signature is too old or from the future", hint="compare the clocks of both machines")


def _check_signature(key: bytes, headers: Mapping[str, str], body: bytes) -> None:
    id_, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    content = f"{id_}.{at}.".encode("utf-8", "surrogateescape") + body
    wanted = "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    given = headers.get("webhook-signature", "").split(" ")[:_MOST_SIGNATURES]
    if not any(_same(wanted, one) for one in given):
        raise WebhookRefused("the signature is wrong", hint="compare the signing secret with the webhook's settings")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape"))


def _not_taken(key: str) -> WebhookRefused:
    return WebhookRefused("such webhooks are not taken", where=key, hint="name the variable with their secret there")

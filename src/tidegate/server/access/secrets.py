"""API tokens as secrets: how they are made, and the hash that is kept of them."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

_PREFIX: Final = "tidegate_"
"""So that scanners for leaked secrets can know it."""


def new_token() -> str:
    """Return a token of 256 random bits."""
    return f"{_PREFIX}{secrets.token_urlsafe(32)}"


def digest_of(token: str) -> str:
    """Return the hash that the file has of a token. It needs no salt: no two tokens are alike, and none is guessed."""
    return f"sha256:{hashlib.sha256(token.encode('utf-8', 'surrogateescape')).hexdigest()}"

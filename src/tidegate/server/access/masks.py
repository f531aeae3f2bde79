"""Masks: a secret in a page looks another way each time, so that the length of a compressed page says nothing of it.

Whoever can have a browser ask for a page with their own words in it, and sees how long the compressed answers are, can
guess a secret in it letter by letter (BREACH, Gluck, Harris and Prado 2013, which recommends this).
"""

from __future__ import annotations

import base64
import binascii
import secrets


def masked(secret: str) -> str:
    """Return a text that `unmasked` leads back to `secret`, another one each time."""
    plain = secret.encode()
    mask = secrets.token_bytes(len(plain))
    return base64.urlsafe_b64encode(mask + _xor(mask, plain)).decode()


def unmasked(text: str) -> bytes:
    """Return the secret that `text` masks; b"" when it masks none."""
    try:
        both = base64.urlsafe_b64decode(text.encode("ascii"))
    except (binascii.Error, ValueError):
        return b""
    half = len(both) // 2
    return b"" if len(both) % 2 else _xor(both[:half], both[half:])


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))

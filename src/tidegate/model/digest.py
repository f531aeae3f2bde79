"""Digest: the name of some bytes. Follows OCI image-spec `descriptor.md`, section Digests."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from tidegate.errors.model import InvalidDigest

_GRAMMAR: Final = r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+"
_LONGEST: Final = 200
_HEX_LENGTH: Final = {"sha256": 64, "sha384": 96, "sha512": 128}
_HEX_DIGITS: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Digest:
    """A content digest such as `sha256:9f86…`.

    Args:
        algorithm: a registered algorithm (`sha256`, `sha384`, `sha512`).
        hex: lower-case hexadecimal, as long as the algorithm says.
    """

    algorithm: str
    hex: str

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Return the digest that `text` spells.

        Raises:
            InvalidDigest: not `algorithm:hex`, an unknown algorithm, or the wrong length.
        """
        algorithm, _, hexadecimal = text.partition(":")
        if len(hexadecimal) != _HEX_LENGTH.get(algorithm) or not _HEX_DIGITS.issuperset(hexadecimal):
            raise _invalid(text)
        return cls(algorithm, hexadecimal)

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """Return the sha256 digest of `data`."""
        return cls("sha256", hashlib.sha256(data).hexdigest())

    @property
    def short(self) -> str:
        """The first 12 hexadecimal digits, for people."""
        return self.hex[:12]

    def __lt__(self, other: Digest) -> bool:
        return (self.algorithm, self.hex) < (other.algorithm, other.hex)

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def _invalid(text: str) -> InvalidDigest:
    if len(text) > _LONGEST or not re.fullmatch(_GRAMMAR, text):
        return InvalidDigest(f"{text[:80]!r} is not a digest", hint="write sha256: and 64 hexadecimal digits")
    what = f"{text[:80]!r} is not a digest that a registry would accept"
    return InvalidDigest(what, hint="write sha256: and 64 lower-case hexadecimal digits")

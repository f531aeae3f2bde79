"""Verifying bytes while they stream."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from tidegate.errors.registry import DigestMismatch
from tidegate.model.digest import Digest


def verified(pieces: Iterable[bytes], digest: Digest, where: str) -> Iterator[bytes]:
    """Pass `pieces` on. The last one is held back until all are known to be what `digest` says.

    So whoever writes them never has the whole of a blob that is wrong.

    Raises:
        DigestMismatch: in place of the last piece; `where` says where they came from.
    """
    hashed = hashlib.new(digest.algorithm)
    held = b""
    for piece in pieces:
        hashed.update(piece)
        if held:
            yield held
        held = piece
    if hashed.hexdigest() != digest.hex:
        hint = "the bytes were changed where they are kept or on the way; nothing of them is used"
        raise DigestMismatch(f"the bytes are not {digest}", where=where, hint=hint)
    if held:
        yield held

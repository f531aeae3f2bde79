"""Verifying bytes while they stream: that they are what was asked for, and as many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from tidegate.errors.registry import DigestMismatch, FileDamaged
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor


def verified(pieces: Iterable[bytes], digest: Digest, where: str, *, at_rest: bool = False) -> Iterator[bytes]:
    """Pass `pieces` on. The last one is held back until all are known to be what `digest` says.

    So whoever writes them never has the whole of a blob that is wrong.

    Args:
        pieces: the bytes.
        digest: what they should be.
        where: where they come from.
        at_rest: that is a file, which is no better when it is read again.

    Raises:
        FileDamaged: in place of the last piece, when they are `at_rest`.
        DigestMismatch: in place of the last piece else.
    """
    hashed = hashlib.new(digest.algorithm)
    held = b""
    for piece in pieces:
        hashed.update(piece)
        if held:
            yield held
        held = piece
    if hashed.hexdigest() != digest.hex:
        what = f"the bytes are not {digest}"
        if at_rest:
            hint = "the file is damaged: copy the image again from where it was made, into a new folder"
            raise FileDamaged(what, where=where, hint=hint)
        hint = "the bytes were changed where they are kept or on the way; nothing of them is used"
        raise DigestMismatch(what, where=where, hint=hint)
    if held:
        yield held


def exactly(blob: Descriptor, pieces: Iterable[bytes], where: str) -> Iterator[bytes]:
    """Pass `pieces` on while they are no more, and in the end no less, than the size of `blob`.

    Raises:
        DigestMismatch: they are not; `where` says where they go.
    """
    passed = 0
    for piece in pieces:
        passed += len(piece)
        if passed > blob.size:
            break
        yield piece
    if passed != blob.size:
        from tidegate.counted import counted  # noqa: PLC0415 - for what goes wrong only

        what = f"blob {blob.digest} is not the {counted(blob.size, 'byte')} that its descriptor says"
        raise DigestMismatch(what, where=where)

"""Reading a blob: verified while it streams, resumed where it broke."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Final

from tidegate.errors.registry import RegistryFailed, RegistryUnreachable
from tidegate.http import Response
from tidegate.model.digest import Digest
from tidegate.registry.answers import unreachable
from tidegate.registry.verify import verified

_MOST_RESUMPTIONS: Final = 3
_CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]+)-[0-9]+/(?:[0-9]+|\*)")


class Download:
    """One blob on its way. Close it when done.

    Args:
        digest: what the bytes must hash to.
        open_at: asks for the blob from an offset in bytes on; the answer's status is 200, or 206 beyond offset 0.
    """

    def __init__(self, digest: Digest, open_at: Callable[[int], Response]) -> None:
        self._digest = digest
        self._open_at = open_at
        self._response = open_at(0)

    def pieces(self) -> Iterator[bytes]:
        """Return the blob's bytes. The last piece is held back until all bytes are verified.

        Raises:
            DigestMismatch: the bytes are others.
            RegistryUnreachable: the connection broke more often than is worth resuming.
        """
        return verified(self._received(), self._digest, str(self._response.request))

    def close(self) -> None:
        """End the transfer."""
        self._response.close()

    def _received(self) -> Iterator[bytes]:
        received = 0
        for left in range(_MOST_RESUMPTIONS, -1, -1):
            before = received
            try:
                with unreachable():
                    for piece in self._response.pieces():
                        received += len(piece)
                        yield piece
            except RegistryUnreachable:
                if not left or received == before:
                    raise
            else:
                return
            self._response.close()
            self._response = self._open_at(received)
            _require_offset(self._response, received)


def _require_offset(response: Response, offset: int) -> None:
    """Raise unless the answer goes on at `offset`: not every registry knows ranges."""
    match = _CONTENT_RANGE.fullmatch(response.header("Content-Range") or "")
    if response.status != HTTPStatus.PARTIAL_CONTENT or match is None or int(match[1]) != offset:
        response.close()
        raise RegistryFailed("the blob broke off and the registry can't resume it", where=str(response.request))

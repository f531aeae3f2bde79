"""Reading a blob: verified while it streams, resumed where it broke."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Final

from tidegate.errors.registry import RegistryFailed, RegistryUnreachable
from tidegate.http import InFlight, Response
from tidegate.model.digest import Digest
from tidegate.registry.answers import unreachable
from tidegate.registry.verify import verified

_MOST_RESUMPTIONS: Final = 3
_CONTENT_RANGE: Final = r"bytes ([0-9]+)-[0-9]+/(?:[0-9]+|\*)"


class Download:
    """One blob on its way: asked for when this is made, waited for with the first piece. Close it when done.

    Args:
        digest: what the bytes must hash to.
        where: what to call the request in errors.
        ask: asks for the blob from an offset in bytes on; the answer's status is 200, or 206 beyond offset 0.
    """

    def __init__(self, digest: Digest, where: str, ask: Callable[[int], InFlight]) -> None:
        self._digest = digest
        self._where = where
        self._ask = ask
        self._begun: InFlight | None = ask(0)
        self._response: Response | None = None

    def pieces(self) -> Iterator[bytes]:
        """Return the blob's bytes. The last piece is held back until all bytes are verified.

        Raises:
            DigestMismatch: the bytes are others.
            RegistryUnreachable: the connection broke more often than is worth resuming.
        """
        return verified(self._received(), self._digest, self._where)

    def close(self) -> None:
        """End the transfer."""
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.abandon()
        if self._response is not None:
            self._response.close()

    def _received(self) -> Iterator[bytes]:
        received = 0
        for left in range(_MOST_RESUMPTIONS, -1, -1):
            before, response = received, self._answer(received)
            try:
                with unreachable():
                    for piece in response.pieces():
                        received += len(piece)
                        yield piece
            except RegistryUnreachable:
                if not left or received == before:
                    raise
            else:
                return
            response.close()

    def _answer(self, offset: int) -> Response:
        """Return the answer whose body goes on at `offset`."""
        begun, self._begun = self._begun or self._ask(offset), None
        response = self._response = begun.answer()
        if offset:
            _require_offset(response, offset)
        return response


def _require_offset(response: Response, offset: int) -> None:
    """Raise unless the answer goes on at `offset`: not every registry knows ranges."""
    match = re.fullmatch(_CONTENT_RANGE, response.header("Content-Range") or "")
    if response.status != HTTPStatus.PARTIAL_CONTENT or match is None or int(match[1]) != offset:
        response.close()
        raise RegistryFailed("the blob broke off and the registry can't resume it", where=str(response.request))

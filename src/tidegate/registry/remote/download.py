"""Reading a blob: verified while it streams, resumed where it broke."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Final

from tidegate.errors import TidegateError
from tidegate.errors.registry import RegistryFailed
from tidegate.http import InFlight, Response, Retry
from tidegate.http.retry import Tries
from tidegate.model.digest import Digest
from tidegate.registry.answers import unreachable
from tidegate.registry.verify import verified

_MUCH: Final = 1024 * 1024
"""Bytes that are worth it: who brought as many before he broke off again is given as much patience again."""
_CONTENT_RANGE: Final = r"bytes ([0-9]+)-[0-9]+/(?:[0-9]+|\*)"


class Download:
    """One blob on its way: asked for when this is made, waited for with the first piece. Close it when done.

    Args:
        digest: what the bytes must hash to.
        where: what to call the request in errors.
        ask: asks for the blob from an offset in bytes on; the answer's status is 200 or 206, beyond offset 0 also 416.
        retry: how often it is asked for what is missing of it. Who has got nothing yet starts over by himself.
    """

    def __init__(self, digest: Digest, where: str, ask: Callable[[int], InFlight], retry: Retry) -> None:
        self._digest = digest
        self._where = where
        self._ask = ask
        self._retry = retry
        self._begun: InFlight | None = ask(0)
        self._response: Response | None = None

    def pieces(self) -> Iterator[bytes]:
        """Return the blob's bytes. The last piece is held back until all bytes are verified.

        Raises:
            DigestMismatch: the bytes are others.
            RegistryUnreachable, RegistryFailed, RegistryThrottled, …: the answer is none, or no more of it comes.
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
        """Yield what comes. What breaks off goes on where it stood, so that whoever writes it need not begin anew."""
        received, tries = 0, None
        while True:
            before = received
            try:
                response = self._answer(received)
                with unreachable(), response:
                    if _begins_at(received, response):
                        for piece in response.pieces():
                            received += len(piece)
                            yield piece
                        return
            except TidegateError as error:
                if tries is None or received - before >= _MUCH:
                    tries = Tries(self._retry)
                if not received or not tries.again(error):
                    raise
            else:
                raise RegistryFailed("the blob broke off and the registry can't resume it", where=str(response.request))

    def _answer(self, offset: int) -> Response:
        """Return the answer to the request for what begins at `offset`."""
        begun, self._begun = self._begun or self._ask(offset), None
        self._response = begun.answer()
        return self._response


def _begins_at(offset: int, response: Response) -> bool:
    """Return whether the answer's body begins there: not every registry knows ranges."""
    if not offset:
        return True
    match = re.fullmatch(_CONTENT_RANGE, response.header("Content-Range") or "")
    return response.status == HTTPStatus.PARTIAL_CONTENT and match is not None and int(match[1]) == offset

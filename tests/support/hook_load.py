"""Webhooks in great number while something else happens: doubled, out of order, forged, of no use."""

from __future__ import annotations

import http.client
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

_PATH = "/webhooks/gitlab"


class HookLoad:
    """A context manager: sends from its beginning to its end, by several threads. Nobody may be there to answer.

    Args:
        port: gives the port of the server on this machine.
        events: those that are true; each is sent many times.
        proof: headers that prove who sends them.
    """

    def __init__(self, port: Callable[[], int], events: Sequence[object], proof: dict[str, str]) -> None:
        self._port = port
        self._bodies = [json.dumps(event).encode() for event in events]
        self._proof = proof
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(3)]
        self.answers: Counter[int] = Counter()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _send(self, number: int) -> None:
        choose = random.Random(number)  # noqa: S311 - no secret
        forged = {**self._proof, "X-Gitlab-Token": "forged"}
        while not self._ended.wait(0.01):
            connection = http.client.HTTPConnection("127.0.0.1", self._port(), timeout=10)
            try:
                while not self._ended.wait(0.01):
                    headers = forged if choose.random() < 0.1 else self._proof
                    connection.request("POST", _PATH, choose.choice(self._bodies), headers)
                    answer = connection.getresponse()
                    answer.read()
                    self.answers[answer.status] += 1
            except (OSError, http.client.HTTPException):
                continue  # it was killed just now
            finally:
                connection.close()

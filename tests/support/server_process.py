"""A real `tidegate serve` on a road's world, and questions to it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Self

from support.lasting_process import LastingProcess
from support.road_world import RoadWorld
from support.until import PATIENCE

_SERVE = ("serve", "--listen", "127.0.0.1:0")
_NOT_LOOKED_AT: dict[str, Any] = dict.fromkeys(("state", "sentence", "version", "mergeRequest", "moving"))


@dataclass(frozen=True, slots=True)
class Answered:
    """An HTTP answer."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.text)
        return document


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())


def _fields(message: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in message.items()}


@dataclass
class ServerProcess(LastingProcess):
    """A server from the beginning of a `with` statement to its end.

    Args:
        world: where it serves.
        options: further arguments of `serve`.
        variables: further environment variables.
        signs_in: a one-time link is followed at the start.
    """

    world: RoadWorld
    options: tuple[str, ...] = ("--resync", "1h")
    variables: Mapping[str, str] = field(default_factory=dict)
    cookie: str = ""
    signs_in: bool = True

    def __enter__(self) -> Self:
        self.begin(self.world, *_SERVE, *self.options, variables=self.variables)
        try:
            self.first("listen")
            return self.sign_in() if self.signs_in else self
        except BaseException:
            self.kill()
            raise

    @property
    def links(self) -> list[str]:
        """The one-time links that it printed."""
        return self.printed

    def sign_in(self) -> Self:
        """Sign in by the newest one-time link, as the person who started it."""
        self.until(lambda: self.links)
        answered = self._ask(urllib.request.Request(self.links[-1]))  # noqa: S310 - our own server
        self.cookie = answered.headers["set-cookie"].partition(";")[0]
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.events('listen')[0]['port']}"

    def get(self, path: str) -> Answered:
        """Return the answer to who is signed in, or to nobody."""
        return self._ask(urllib.request.Request(f"{self.url}{path}", headers={"Cookie": self.cookie}))  # noqa: S310 - our own server

    def post(self, path: str, body: object, headers: Mapping[str, str]) -> Answered:
        """Return the answer to whoever the headers say it is."""
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        return self._ask(urllib.request.Request(f"{self.url}{path}", data, headers))  # noqa: S310 - likewise

    @staticmethod
    def _ask(request: urllib.request.Request) -> Answered:
        try:
            with _OPENER.open(request, timeout=PATIENCE) as answer:
                return Answered(answer.status, answer.read().decode(), _fields(answer.headers))
        except urllib.error.HTTPError as refused:
            with refused:
                return Answered(refused.code, refused.read().decode(), _fields(refused.headers))

    def cell(self, environment: str, service: str = "inventory") -> dict[str, Any]:
        """Return a cell of the board; one of nothing but None where nobody has looked yet."""
        board = self.get("/api/v1/board").json
        rows: dict[str, list[dict[str, Any] | None]] = {row["service"]: row["cells"] for row in board["rows"]}
        if service not in rows:
            return _NOT_LOOKED_AT
        return rows[service][board["environments"].index(environment)] or _NOT_LOOKED_AT

    def ready(self) -> Self:
        """Wait until everything has been looked at once."""
        self.until(lambda: self.get("/readyz").status == 200)
        return self

"""The server's HTTP face on the engine's world in memory, and visitors to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from fastapi import FastAPI

from support.access import access_for, write_token
from support.asgi import Answer, ask
from support.configs import load_text
from support.engine_world import EngineWorld
from support.road_texts import Settings
from tidegate.config import Configuration
from tidegate.model.role import Role
from tidegate.server.app import make_app
from tidegate.server.board_store import BoardStore
from tidegate.server.metrics import Metrics
from tidegate.server.pace import USUAL, Following
from tidegate.server.parts import Parts
from tidegate.server.thread_queue import ThreadQueue
from tidegate.server.webhooks.proof import GitLabProof, RegistryProof

TOKENS = "server: {tokens: ./tokens.yaml%s}\n"


@dataclass
class Stand:
    """A server without a process or a socket.

    Args:
        folder: where tidegate.yaml and the tokens are written.
        server: the last lines of tidegate.yaml.
        forge: what stands in place of the configuration's forge, or None.
        host: the address that it would listen on.
        environ: environment variables.
        following: what followers of the board get.
    """

    folder: Path
    server: str = TOKENS % ""
    forge: str | None = None
    host: str = "127.0.0.1"
    environ: Mapping[str, str] = field(default_factory=dict)
    following: Following = USUAL
    links: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.town = EngineWorld()
        text = Settings().text + self.server
        if self.forge is not None:
            head, _, rest = text.partition("forge:")
            text = f"{head}forge: {self.forge}\nregistries:{rest.partition('registries:')[2]}"
        self.configuration: Configuration = load_text(self.folder, text)
        queue, board = ThreadQueue(), BoardStore()
        self.parts = Parts(
            configuration=self.configuration,
            new_world=self.town.world,
            pipeline=lambda: self.town.world().pipeline,
            queue=queue,
            board=board,
            metrics=Metrics(queue, board),
            gitlab=GitLabProof("t0ken"),
            registry=RegistryProof("pushed"),
            access=access_for(
                self.configuration, self.links, clock=self.town.clock, host=self.host, environ=self.environ
            ),
            clock=self.town.clock,
            resynced=Event(),
            stopping=Event(),
            following=self.following,
        )
        if self.parts.access.links is not None:
            self.parts.access.links.offer("/sign-in?link=")
        self.app: FastAPI = make_app(self.parts)

    def token(self, role: Role, *environments: str, user: str = "robot") -> dict[str, str]:
        """Return the field that a program with a token sends."""
        return write_token(self.folder / "tokens.yaml", role, *environments, user=user)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return ask(self.app, "GET", path, headers=headers)

    def post(self, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        data = b"" if body is None else json.dumps(body).encode()
        return ask(self.app, "POST", path, [data], {"Content-Type": "application/json", **(headers or {})})

    def signed_in(self) -> tuple[dict[str, str], str]:
        """Follow the newest link; return the cookie, and what proves that a page made a request."""
        cookie = {"Cookie": self.get(self.links[-1]).headers["set-cookie"].partition(";")[0]}
        return cookie, self.get("/api/v1/session", cookie).json["csrf"]

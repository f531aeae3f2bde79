"""The pages on a socket of this machine: a board of values in front of the engine's world in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import uvicorn

from support.access import access_for
from support.configs import SMALL, load_text
from support.engine_world import EngineWorld
from tidegate.server.app import make_app
from tidegate.server.board_store import BoardStore
from tidegate.server.metrics import Metrics
from tidegate.server.parts import Parts
from tidegate.server.thread_queue import ThreadQueue
from tidegate.server.webhooks.proof import GitLabProof, RegistryProof
from tidegate.testing.clock import FakeClock


@dataclass(frozen=True, slots=True)
class BoardStand:
    """A server with a board.

    Args:
        url: where it listens.
        store: what it shows; whoever renews a cell renews it on open pages.
        town: the world behind a cell's own page.
        links: what signs dana in, the newest last; each is good once.
    """

    url: str
    store: BoardStore
    town: EngineWorld
    links: list[str]


def board_parts(folder: Path, store: BoardStore, town: EngineWorld, links: list[str] | None = None) -> Parts:
    """Return a server's parts: everybody may see everything, and the board has been looked at.

    One-time links are added to `links`.
    """
    configuration = load_text(folder, f"{SMALL}server: {{anonymous: viewer}}\n")
    queue, resynced = ThreadQueue(), Event()
    resynced.set()
    return Parts(
        configuration=configuration,
        new_world=town.world,
        pipeline=lambda: town.world().pipeline,
        queue=queue,
        board=store,
        metrics=Metrics(queue, store),
        gitlab=GitLabProof(None),
        registry=RegistryProof(None),
        access=access_for(configuration, links),
        clock=FakeClock(),
        resynced=resynced,
        stopping=Event(),
    )


@contextmanager
def board_stand(folder: Path, store: BoardStore) -> Iterator[BoardStand]:
    """Serve `store` while the block runs."""
    town, links = EngineWorld(), list[str]()
    parts = board_parts(folder, store, town, links)
    server = uvicorn.Server(
        uvicorn.Config(make_app(parts), host="127.0.0.1", port=0, log_level="critical", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not (server.started and server.servers):
            assert thread.is_alive(), "the server did not start"
            threading.Event().wait(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        if parts.access.links is not None:
            parts.access.links.offer(f"{url}/sign-in?link=")
        yield BoardStand(url, store, town, links)
    finally:
        parts.stopping.set()
        server.should_exit = True
        thread.join(20)
    assert not thread.is_alive()

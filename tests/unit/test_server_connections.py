"""Slow clients on real sockets: they are let go, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import http.client
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from support.board_scene import crowd, store_of
from support.board_stand import board_parts
from support.engine_world import EngineWorld
from support.until import PATIENCE, until
from tidegate.engine.views.board import BoardCell, BoardState
from tidegate.server import connections
from tidegate.server.app import make_app
from tidegate.server.board_store import BoardStore
from tidegate.server.connections import Patience, PatientProtocol, Server, protocol_for_all_files
from tidegate.server.pace import Following
from tidegate.server.parts import Parts

LONG = Patience(60, 60, 100)
EVENTS = b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Served:
    """A server in a thread."""

    def __init__(self, parts: Parts, patience: Patience) -> None:
        served = self

        class Protocol(PatientProtocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                served.made += 1
                super().connection_made(transport)

        Protocol.patience = patience
        config = uvicorn.Config(
            make_app(parts), port=0, http=Protocol, ws="none", lifespan="off", log_config=None, loop="asyncio"
        )
        self.server, self.parts, self.made = Server(config), parts, 0

    @property
    def port(self) -> int:
        return int(self.server.servers[0].sockets[0].getsockname()[1])

    @property
    def open(self) -> int:
        return len(self.server.server_state.connections)

    def connect(self, *, receives: int | None = None) -> socket.socket:
        sock = socket.socket()
        if receives is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        sock.settimeout(PATIENCE)
        sock.connect(("127.0.0.1", self.port))
        return sock

    def status(self, path: str = "/healthz") -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as client:
            client.request("GET", path)
            return client.getresponse().status


@contextmanager
def served(folder: Path, patience: Patience, store: BoardStore | None = None) -> Iterator[Served]:
    parts = board_parts(folder, store or BoardStore(), EngineWorld())
    parts = replace(parts, following=Following(pause=0.0, look=0.05))
    made = Served(parts, patience)
    thread = threading.Thread(target=made.server.run)
    thread.start()
    try:
        until(lambda: made.server.started)
        yield made
    finally:
        parts.stopping.set()
        made.server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive(), "it ends, whoever is connected"


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-",
        b"POST /webhooks/gitlab HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nhalf",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /healthz HT",
    ],
    ids=["nothing", "half a head", "half a body", "half of the next one"],
)
def test_who_does_not_end_a_request_is_let_go(tmp_path: Path, begun: bytes) -> None:
    with served(tmp_path, replace(LONG, request=0.2)) as server, closing(server.connect()) as slow:
        slow.sendall(begun)
        while slow.recv(4096):  # what was asked for whole is answered
            pass
        until(lambda: server.open == 0)
        assert server.status() == 200


@pytest.mark.parametrize(
    "begun",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
        b"GET /",
        b"POST /webhooks/gitlab HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: ",
    ],
    ids=["field", "target", "trailer"],
)
def test_a_field_without_end_is_not_kept_in_memory(tmp_path: Path, begun: bytes) -> None:
    with served(tmp_path, LONG) as server, closing(server.connect()) as large:
        with suppress(ConnectionError):
            large.sendall(begun)
            for _ in range(400):
                large.sendall(b"x" * 64 * 1024)
            pytest.fail("25 MiB of it were taken")
        until(lambda: server.open == 0)
        assert server.status() == 200


def test_a_large_body_in_many_pieces_is_no_large_field(tmp_path: Path) -> None:
    with served(tmp_path, LONG) as server:
        for fields in ({}, {"Transfer-Encoding": "chunked"}):
            with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as client:
                for _ in range(2):
                    body = iter([b"x" * 50_000] * 30) if fields else b"x" * 1_500_000
                    client.request("POST", "/webhooks/gitlab", body, fields, encode_chunked=bool(fields))
                    answer = client.getresponse()
                    assert (answer.status, answer.read()[:9]) == (401, b'{"error":')


def test_who_sends_a_head_byte_by_byte_gets_no_more_time(tmp_path: Path) -> None:
    with served(tmp_path, replace(LONG, request=0.3)) as server, closing(server.connect()) as slow:
        began = time.monotonic()
        slow.settimeout(0.02)
        slow.sendall(b"GET / HTTP/1.1\r\nX-Field: ")
        said = None
        while said is None:
            assert time.monotonic() - began < PATIENCE
            try:
                slow.sendall(b"a")
                said = slow.recv(1)
            except TimeoutError:
                continue
            except OSError:
                said = b""
        assert said == b"", "it gets no answer either"


def test_who_asks_and_does_not_read_is_let_go(tmp_path: Path) -> None:
    store = store_of(*crowd(200))
    with served(tmp_path, replace(LONG, answer=0.3), store) as server, closing(server.connect(receives=4096)) as deaf:
        deaf.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20)
        until(lambda: server.open == 1)
        assert server.status() == 200
        until(lambda: server.open == 0)


def test_a_follower_that_does_not_read_keeps_nothing_from_others(tmp_path: Path) -> None:
    store = BoardStore()
    store.arrange(["dev"], ["inventory"], store.look())
    with served(tmp_path, replace(LONG, answer=0.5), store) as server, closing(server.connect(receives=4096)) as deaf:
        deaf.sendall(EVENTS)
        until(lambda: server.open == 1)
        number = 0
        while server.open:  # until what it does not read fills all buffers on the way, and patience is over
            number += 1
            assert number < 5000
            store.renew([BoardCell("inventory", "dev", BoardState.SETTLED, f"{number} " * 20_000)], store.look())
            time.sleep(0.002)
        assert server.status("/api/v1/board") == 200


def test_a_follower_that_reads_stays_however_little_happens(tmp_path: Path) -> None:
    with served(tmp_path, Patience(0.2, 0.2, 100)) as server, closing(server.connect()) as reader:
        reader.sendall(EVENTS)
        heard = b""
        end = time.monotonic() + 3  # looks at connections come once in a second
        reader.settimeout(0.1)
        while time.monotonic() < end:
            try:
                piece = reader.recv(4096)
            except TimeoutError:
                continue
            assert piece
            heard += piece
        assert b"retry: 2000" in heard
        assert server.open == 1


def test_the_one_that_is_awaited_longest_goes_when_there_are_too_many(tmp_path: Path) -> None:
    with served(tmp_path, replace(LONG, connections=5)) as server, ExitStack() as stack:
        follower = stack.enter_context(closing(server.connect()))
        follower.sendall(EVENTS)
        until(lambda: b"retry" in follower.recv(4096))
        idle = [stack.enter_context(closing(server.connect())) for _ in range(20)]
        until(lambda: server.made == 21)
        until(lambda: server.open == 5)
        assert server.status() == 200, "a newcomer is served"
        assert idle[0].recv(1) == b"", "who came first, and said nothing, went first"
        follower.settimeout(0.1)
        with suppress(TimeoutError):
            while True:
                assert follower.recv(4096), "who follows is not let go"


def test_as_many_files_are_opened_as_the_system_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(connections.resource, "getrlimit", lambda _: (256, 1000))
    monkeypatch.setattr(connections.resource, "setrlimit", lambda _, limits: asked.append(limits))
    assert protocol_for_all_files().patience.connections == 1000 - 256
    assert asked == [(1000, 1000)]
    monkeypatch.setattr(connections.resource, "getrlimit", lambda _: (20_000, resource.RLIM_INFINITY))
    assert protocol_for_all_files().patience == Patience()
    assert len(asked) == 1

from __future__ import annotations

import asyncio
import io
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from support.access import access_for
from support.asgi import Answer, ask
from support.configs import SMALL, load_text
from support.engine_world import EngineWorld
from tidegate.engine.views.board import BoardCell, BoardState
from tidegate.model.key import EverythingKey, Key, MergeRequestKey
from tidegate.ports.queue import QueueDepth
from tidegate.server.app import make_app
from tidegate.server.board_store import BoardStore
from tidegate.server.hook_routes import MOST_BYTES, MOST_HELD
from tidegate.server.logs import JsonLines
from tidegate.server.metrics import Metrics
from tidegate.server.parts import Parts
from tidegate.server.thread_queue import ThreadQueue
from tidegate.server.webhooks import keeping
from tidegate.server.webhooks.proof import GitLabProof, RegistryProof
from tidegate.testing.clock import FakeClock

EVENT = {
    "object_kind": "merge_request",
    "project": {"path_with_namespace": "platform/gitops-staging"},
    "object_attributes": {"iid": 4},
}
BODY = json.dumps(EVENT).encode()
TOKEN = {"X-Gitlab-Token": "t0ken"}


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    town, queue, board = EngineWorld(), ThreadQueue(), BoardStore()
    configuration = load_text(tmp_path, f"{SMALL}server: {{anonymous: viewer}}\n")
    yield Parts(
        configuration=configuration,
        new_world=town.world,
        pipeline=lambda: town.world().pipeline,
        queue=queue,
        board=board,
        metrics=Metrics(queue, board),
        gitlab=GitLabProof("t0ken"),
        registry=RegistryProof("pushed"),
        access=access_for(configuration),
        clock=FakeClock(),
        resynced=Event(),
        stopping=Event(),
    )
    queue.stop(10)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return make_app(parts)


def posted(app: FastAPI, body: bytes = BODY, headers: dict[str, str] | None = None, path: str = "gitlab") -> Answer:
    return ask(app, "POST", f"/webhooks/{path}", [body], TOKEN if headers is None else headers)


def test_a_webhook_is_queued_and_answered(app: FastAPI, parts: Parts) -> None:
    def took() -> float:
        began = time.monotonic()
        answer = posted(app)
        assert (answer.status, answer.json) == (202, {"queued": 1})
        return time.monotonic() - began

    assert any(took() < 0.05 for _ in range(20)), "a machine with much else to do gets some tries"
    handled: list[object] = []
    parts.queue.start(lambda key, _attempt: handled.append(key), workers=1)
    while parts.queue.depth() != QueueDepth(0, 0, 0):
        time.sleep(0.01)
    assert handled == [MergeRequestKey("platform/gitops-staging", 4)], "twice the same is one"


class SlowQueue(ThreadQueue):
    """Keeps keys for good when somebody writes them; until then, in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Callable[[], None]] = []
        self.written = 0

    def add(self, keys: Iterable[Key], kept: Callable[[], None] | None = None) -> None:
        super().add(keys)
        if kept is not None:
            self.kept.append(kept)

    def write(self) -> None:
        while not self.kept:
            time.sleep(0.001)
        self.written += 1
        self.kept.pop()()


def test_a_webhook_is_answered_when_the_queue_has_it_for_good(parts: Parts) -> None:
    queue = SlowQueue()
    app = make_app(replace(parts, queue=queue))
    for number in range(3):
        writer = Thread(target=queue.write)
        writer.start()
        assert (posted(app).status, queue.written) == (202, number + 1)
        writer.join()


def test_a_webhook_waits_for_no_slow_database_for_long(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_PATIENCE_SECONDS", 0.01)
    queue = SlowQueue()
    assert posted(make_app(replace(parts, queue=queue))).status == 202
    assert queue.depth().waiting == 1
    queue.kept.pop()()  # the loop has ended meanwhile


@pytest.mark.parametrize(
    ("path", "headers"),
    [("gitlab", {}), ("gitlab", {"X-Gitlab-Token": "forged"}), ("registry", {}), ("registry", TOKEN)],
)
def test_who_proves_nothing_queues_nothing(app: FastAPI, parts: Parts, path: str, headers: dict[str, str]) -> None:
    answer = posted(app, headers=headers, path=path)
    assert (answer.status, answer.json["error"]["code"]) == (401, "server/webhook-refused")
    assert parts.queue.depth().waiting == 0
    assert f'tidegate_webhooks_total{{source="{path}",status="401"}} 1.0' in parts.metrics.text().decode()


@pytest.mark.parametrize("declared", [True, False])
def test_what_is_too_large_is_not_read(app: FastAPI, parts: Parts, declared: bool) -> None:  # noqa: FBT001 - a case
    size = {"Content-Length": str(MOST_BYTES + 1)} if declared else {}
    pieces = [] if declared else [b" " * 2**20] * 3
    answer = ask(app, "POST", "/webhooks/gitlab", pieces, {**TOKEN, **size})
    assert (answer.status, answer.json["error"]["code"]) == (413, "server/webhook-too-large")
    assert parts.queue.depth().waiting == 0


@pytest.mark.parametrize(("path", "headers"), [("gitlab", TOKEN), ("registry", {"Authorization": "pushed"})])
def test_a_sender_that_goes_away_is_no_bug_of_ours(app: FastAPI, path: str, headers: dict[str, str]) -> None:
    async def gone(scope: Scope, receive: Receive, send: Send) -> None:
        async def disconnected() -> Message:
            return {"type": "http.disconnect"}

        del receive
        await app(scope, disconnected, send)

    assert ask(gone, "POST", f"/webhooks/{path}", headers=headers).status == 400


@pytest.mark.parametrize("path", ["gitlab", "registry"])
@pytest.mark.parametrize("headers", [{}, {"X-Gitlab-Token": "guess"}, {"Authorization": "guess"}])
def test_of_who_proves_nothing_no_body_is_read(app: FastAPI, path: str, headers: dict[str, str]) -> None:
    async def unread(scope: Scope, receive: Receive, send: Send) -> None:
        async def read() -> Message:
            pytest.fail("it was read")

        del receive
        await app(scope, read, send)

    assert ask(unread, "POST", f"/webhooks/{path}", headers=headers).status == 401


def test_no_more_bodies_are_kept_at_once_than_there_is_room_for(parts: Parts) -> None:
    signed = {
        "webhook-id": "1",
        "webhook-timestamp": f"{parts.clock.now().timestamp():.0f}",
        "webhook-signature": "v1,",
    }
    app = make_app(replace(parts, gitlab=GitLabProof(signing=b"key")))
    fields = [(name.encode(), value.encode()) for name, value in signed.items()]
    scope = {"type": "http", "method": "POST", "path": "/webhooks/gitlab", "query_string": b"", "headers": fields}

    async def sent(go_on: asyncio.Event) -> int:
        statuses: list[int] = []
        given = False

        async def receive() -> Message:
            nonlocal given
            if given:
                await go_on.wait()
            given = not given
            return {"type": "http.request", "body": b" " * 2**20 if given else b"", "more_body": given}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await app(dict(scope), receive, send)
        return statuses[0]

    async def many() -> list[int]:
        go_on = asyncio.Event()
        waiting = [asyncio.create_task(sent(go_on)) for _ in range(MOST_HELD // 2**20 + 3)]
        ended = asyncio.as_completed(waiting)
        for _ in range(3):
            await next(ended)
        go_on.set()
        return sorted(await asyncio.gather(*waiting, sent(go_on)))

    assert asyncio.run(many()) == [401] * (MOST_HELD // 2**20 + 1) + [503] * 3


def test_what_is_no_event_is_the_senders_mistake(app: FastAPI) -> None:
    answer = posted(app, b"{")
    assert (answer.status, answer.json["error"]["code"]) == (400, "server/webhook-invalid")


def test_a_registry_is_heard(app: FastAPI, parts: Parts) -> None:
    pushed = {"events": [{"action": "push", "target": {"repository": "team/inventory", "tag": "1.1.4"}}]}
    answer = posted(app, json.dumps(pushed).encode(), {"Authorization": "Bearer pushed"}, "registry")
    assert (answer.status, answer.json) == (202, {"queued": 4})
    assert parts.queue.depth().waiting == 4


def test_alive_and_ready(app: FastAPI, parts: Parts) -> None:
    assert ask(app, "GET", "/healthz").status == 200
    assert ask(app, "GET", "/readyz").json == {"ready": False, "resynced": False, "queue": False, "stopping": False}
    parts.resynced.set()
    assert ask(app, "GET", "/readyz").status == 503
    parts.queue.start(lambda _key, _attempt: None, workers=1)
    assert ask(app, "GET", "/readyz").status == 200
    parts.stopping.set()
    assert ask(app, "GET", "/readyz").status == 503


def test_figures(app: FastAPI, parts: Parts) -> None:
    parts.board.arrange(["dev"], ["inventory"], parts.board.look())
    parts.board.renew([BoardCell("inventory", "dev", BoardState.SETTLED, "fine")], parts.board.look())
    parts.queue.add([EverythingKey()])
    text = ask(app, "GET", "/metrics").body.decode()
    assert 'tidegate_board_cells{environment="dev",state="settled"} 1.0' in text
    assert 'tidegate_queue_keys{state="waiting"} 1.0' in text


def test_the_board_is_sent_once_for_a_revision(app: FastAPI, parts: Parts) -> None:
    parts.board.arrange(["dev"], ["inventory"], parts.board.look())
    first = ask(app, "GET", "/api/v1/board")
    assert first.json["rows"] == [{"service": "inventory", "cells": [None]}]
    same = {"If-None-Match": first.headers["etag"]}
    assert ask(app, "GET", "/api/v1/board", headers=same).status == 304
    parts.board.renew([BoardCell("inventory", "dev", BoardState.SETTLED, "fine")], parts.board.look())
    assert ask(app, "GET", "/api/v1/board", headers=same).json["rows"][0]["cells"][0]["sentence"] == "fine"


@pytest.mark.parametrize(("given", "is_kept"), [("abc-1.2_3", True), ("", False), ("a b", False), ("x" * 65, False)])
def test_each_request_has_an_id(app: FastAPI, given: str, is_kept: bool) -> None:  # noqa: FBT001 - a case
    answer = ask(app, "GET", "/healthz", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"]
    assert (answer.headers["x-request-id"] == given) is is_kept


def test_the_log_is_json_with_the_requests_id_and_without_secrets(app: FastAPI) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(lambda text: text.replace("s3cret", "[hidden]")))
    logger = logging.getLogger("tidegate.server")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        ask(app, "GET", "/api/v1/s3cret", headers={"X-Request-Id": "abc"})
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    line = json.loads(stream.getvalue())
    assert (line["request_id"], line["path"], line["status"]) == ("abc", "/api/v1/[hidden]", 404)
    assert line["level"] == "info"

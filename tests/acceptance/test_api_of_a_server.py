"""A release goes its way through the API of a real server: by a one-time link, and by tokens."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from support.access import write_token
from support.road_texts import STAGING, Settings
from support.road_world import RoadWorld, world_with_release
from support.server_process import ServerProcess
from support.until import PATIENCE
from tidegate.model.role import Role

PROMOTIONS = "/api/v1/promotions"


def world_with_tokens(folder: Path) -> RoadWorld:
    world = world_with_release(folder, until="e2e")
    world.configure(Settings().text + "server: {tokens: ./tokens.yaml}\n")
    return world


def test_promote_approve_deliver_by_the_page_of_a_person(tmp_path: Path) -> None:
    world = world_with_tokens(tmp_path / "world")
    with ServerProcess(world) as server:
        server.ready()
        dana = {"Cookie": server.cookie, "X-CSRF-Token": server.get("/api/v1/session").json["csrf"]}
        asked = {"service": "inventory", "to": "staging"}
        assert server.post(PROMOTIONS, asked, {"Cookie": server.cookie}).status == 403
        opened = server.post(PROMOTIONS, asked, dana)
        assert (opened.status, opened.json["mergeRequest"]) == (200, f"{STAGING}!1")
        server.until(lambda: server.cell("staging")["state"] == "waiting")

        switched = server.post("/sign-in/as", {"user": "sam"}, dana)
        server.cookie = switched.headers["set-cookie"].partition(";")[0]
        sam = {"Cookie": server.cookie, "X-CSRF-Token": server.get("/api/v1/session").json["csrf"]}
        assert server.post(f"{PROMOTIONS}/{STAGING}/1/approve", None, sam).status == 200
        done = server.post(f"{PROMOTIONS}/{STAGING}/1/deliver", None, sam).json
        assert done["outcome"] in {"delivered", "merged"}, "the server may be faster"
        server.until(lambda: server.cell("staging")["version"] == "1.1.3")
        assert server.stop() == 0
    assert world.log(STAGING, "%an", "-1").strip() in {"sam", "dana"}
    assert world.log(STAGING, "%(trailers:key=Tidegate-Approved-By,valueonly)", "-1").startswith("sam at ")
    (found,) = world.json("mr", "list", "--state", "all", "--repo", STAGING)["mergeRequests"]
    assert found["author"] == "dana"


def test_who_may_not_and_who_may_by_token(tmp_path: Path) -> None:
    world = world_with_tokens(tmp_path / "world")
    file = world.folder / "tokens.yaml"
    viewer, promoter = write_token(file, Role.VIEWER), write_token(file, Role.PROMOTER, "staging", user="pat")
    with ServerProcess(world, signs_in=False) as server:
        assert server.get("/api/v1/board").status == 401
        assert server.get("/healthz").status == 200
        asked = {"service": "inventory", "to": "staging"}
        for headers, status in (({}, 401), (viewer, 403), (promoter, 200)):
            assert server.post(PROMOTIONS, asked, headers).status == status
        assert server.post(f"{PROMOTIONS}/{STAGING}/1/deliver", None, promoter).status == 403
        assert server.post(PROMOTIONS, {**asked, "to": "production"}, promoter).status == 403
        file.write_text("")
        assert server.post(PROMOTIONS, asked, promoter).status == 401
        assert server.stop() == 0
        secrets = [headers["Authorization"].removeprefix("Bearer ") for headers in (viewer, promoter)]
        said = json.dumps(server.log)
        assert not any(secret in said for secret in (*secrets, *(link.partition("=")[2] for link in server.links)))
    (found,) = world.json("mr", "list", "--repo", STAGING)["mergeRequests"]
    assert found["author"] == "pat"


def test_changes_are_heard_as_they_happen(tmp_path: Path) -> None:
    world = world_with_tokens(tmp_path / "world")
    token = write_token(world.folder / "tokens.yaml", Role.PROMOTER)
    with ServerProcess(world) as server:
        server.ready()
        request = urllib.request.Request(f"{server.url}/api/v1/events", headers=token)  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=PATIENCE) as events:  # noqa: S310 - likewise
            assert events.headers["content-type"].startswith("text/event-stream")
            server.post(PROMOTIONS, {"service": "inventory", "to": "staging"}, token)
            for line in events:
                if line.startswith(b"data:") and b'"cell"' in line:
                    cell = json.loads(line.removeprefix(b"data: "))["cell"]
                    if cell["environment"] == "staging" and cell["mergeRequest"]:
                        break
        assert cell["mergeRequest"]["ref"] == f"{STAGING}!1"
        assert server.stop() == 0

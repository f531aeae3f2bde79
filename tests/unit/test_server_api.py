"""The API on the engine's world: what is read, what is done and as whom, and what is told of changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from support.asgi import ask
from support.engine_world import GITOPS, STAGING, helm_release
from support.server_parts import TOKENS, Stand
from tidegate.engine.views.board import BoardCell, BoardState
from tidegate.model.key import MergeRequestKey, ServiceKey
from tidegate.model.role import Role
from tidegate.server.api.events import board_events
from tidegate.server.news import News


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def queued(stand: Stand) -> set[object]:
    found: set[object] = set()
    stand.parts.queue.start(lambda key, _attempt: found.add(key), workers=1)
    while stand.parts.queue.depth().waiting or stand.parts.queue.depth().handling:
        pass
    stand.parts.queue.stop(10)
    return found


def test_what_can_be_read(stand: Stand) -> None:
    viewer = stand.token(Role.VIEWER)
    services = stand.get("/api/v1/services", viewer).json
    assert [each["name"] for each in services["environments"]] == ["dev", "e2e", "staging", "production"]
    assert [each["name"] for each in services["services"]] == ["billing", "inventory"]
    status = stand.get("/api/v1/status?service=inventory", viewer).json
    assert [(each["environment"], each["tag"]) for each in status["cells"]][:2] == [("dev", "1.1.3"), ("e2e", None)]
    (why,) = stand.get("/api/v1/services/inventory/why?in=e2e", viewer).json["explanations"]
    assert "no merge request" in why["sentence"]
    plan = stand.get("/api/v1/plan?service=inventory&to=e2e", viewer).json
    assert plan["summary"].startswith("inventory 1.1.3: dev 1.1.3 → e2e")
    assert {each["kind"] for each in plan["steps"]} >= {"commit-files"}
    assert stand.get("/api/v1/promotions", viewer).json == {"promotions": [], "faults": []}
    assert stand.town.forge.merge_requests(GITOPS) == ()
    assert stand.town.commits(GITOPS) == 1


def test_a_set_is_promoted_by_those_who_may_there(stand: Stand) -> None:
    stand.town.bring("e2e")
    asked = {"services": ["inventory", "billing"], "to": "staging"}
    together = "/api/v1/promotions/together"
    viewer, elsewhere = stand.token(Role.VIEWER), stand.token(Role.PROMOTER, "e2e")
    plan = stand.get("/api/v1/plan/together?service=inventory&service=billing&to=staging", viewer).json
    assert [each["kind"] for each in plan["steps"]] == ["commit-files", "open-merge-request"]
    assert stand.get("/api/v1/plan/together?to=staging", viewer).json["steps"] == plan["steps"]
    for headers, status in (({}, 401), (viewer, 403), (elsewhere, 403)):
        assert stand.post(together, asked, headers).status == status
    assert stand.town.forge.merge_requests(STAGING) == ()
    promoter = stand.token(Role.PROMOTER, "staging", user="petra")
    answer = stand.post(together, asked, promoter)
    assert (answer.status, answer.json["mergeRequest"]) == (200, f"{STAGING}!1")
    assert [each["event"] for each in answer.json["talk"]] == ["plan", "done", "done"]
    assert stand.post(together, {"to": "staging"}, promoter).json["adopted"] is True
    assert stand.town.forge.merge_request(STAGING, 1).author == "petra"
    moved = {ServiceKey(name, "staging") for name in asked["services"]}
    assert queued(stand) == {MergeRequestKey(STAGING, 1), *moved}
    nothing = stand.post(together, {**asked, "services": ["nothing"]}, promoter)
    assert nothing.json["error"]["code"] == "release/service-unknown"


def test_who_acts_is_who_is_signed_in(stand: Stand) -> None:
    promoter, deliverer = stand.token(Role.PROMOTER, user="petra"), stand.token(Role.DELIVERER, user="della")
    stella = stand.token(Role.PROMOTER, user="stella")
    answer = stand.post("/api/v1/promotions", {"service": "billing", "to": "staging"}, promoter)
    assert (answer.status, answer.json["mergeRequest"], answer.json["adopted"]) == (200, f"{STAGING}!1", False)
    assert [each["event"] for each in answer.json["talk"]][:2] == ["plan", "done"]
    assert stand.post("/api/v1/promotions", {"service": "billing", "to": "staging"}, promoter).json["adopted"] is True
    found = stand.town.forge.merge_request(STAGING, 1)
    assert found.author == "petra"
    head = stand.town.world().repos.repo(STAGING).commit(found.head)
    assert head.author == "petra"

    waits = stand.post(f"/api/v1/promotions/{STAGING}/1/deliver", None, deliverer).json
    assert (waits["outcome"], waits["verdict"]["answer"]) == ("waits", "wait")
    approved = stand.post(f"/api/v1/promotions/{STAGING}/1/approve", None, stella).json
    assert [each["user"] for each in approved["approvals"]] == ["stella"]
    tried = stand.post(f"/api/v1/promotions/{STAGING}/1/deliver", {"dryRun": True}, stella).json
    assert (tried["outcome"], [each["kind"] for each in tried["plan"]["steps"]][-1]) == ("ready", "merge")
    done = stand.post(f"/api/v1/promotions/{STAGING.replace('/', '%2F')}/1/deliver", None, deliverer).json
    assert done["outcome"] == "delivered"
    merged = stand.town.forge.merge_request(STAGING, 1)
    assert "della" in {each.user for each in merged.comments}
    assert queued(stand) == {ServiceKey("billing", "staging"), MergeRequestKey(STAGING, 1)}


def test_an_approval_is_taken_back(stand: Stand) -> None:
    stella = stand.token(Role.PROMOTER, user="stella")
    stand.post("/api/v1/promotions", {"service": "billing", "to": "staging"}, stella)
    stand.post(f"/api/v1/promotions/{STAGING}/1/approve", None, stella)
    assert stand.post(f"/api/v1/promotions/{STAGING}/1/unapprove", None, stella).json["approvals"] == []


def test_on_gitlab_people_approve_on_gitlab(tmp_path: Path) -> None:
    stand = Stand(tmp_path, forge="{type: gitlab, url: 'https://gitlab.example.com'}")
    stand.town.bring("e2e")
    stand.town.promote("staging")
    answer = stand.post(f"/api/v1/promotions/{STAGING}/1/approve", None, stand.token(Role.ADMIN))
    assert (answer.status, answer.json["error"]["code"]) == (400, "server/approved-elsewhere")
    assert "https://gitlab.example.com" in answer.json["error"]["hint"]
    assert stand.town.forge.merge_request(STAGING, 1).approvals == ()


def test_open_merge_requests_with_their_verdicts(stand: Stand) -> None:
    viewer = stand.token(Role.VIEWER)
    stand.town.bring("e2e")
    stand.town.promote("staging")
    stand.town.write(GITOPS, {"README.md": b"# new\n"}, "docs")
    stand.town.request(GITOPS, "docs")
    found = stand.get("/api/v1/promotions", viewer).json["promotions"]
    assert [(each["mergeRequest"], each["outcome"], each["environment"], each["mayGo"]) for each in found] == [
        (f"{GITOPS}!2", "none", None, False),
        (f"{STAGING}!1", "waits", "staging", False),
    ]
    (moving,) = stand.get("/api/v1/promotions?service=inventory&to=staging", viewer).json["promotions"]
    assert (moving["services"], moving["verdict"]["answer"]) == (["inventory"], "wait")
    one = stand.get(f"/api/v1/promotions/{STAGING}/1", viewer).json
    assert one["verdict"] == moving["verdict"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/services/none/why", 404, "release/service-unknown"),
        ("/api/v1/services/inventory/why?in=none", 404, "release/environment-unknown"),
        ("/api/v1/plan?service=inventory&to=dev", 400, "release/no-source"),
        ("/api/v1/plan?service=inventory&to=e2e&version=9.9.9", 409, "release/environment-skipped"),
        ("/api/v1/plan?service=inventory", 422, "server/request-invalid"),
        (f"/api/v1/promotions/{STAGING}/9", 404, "forge/merge-request-missing"),
        (f"/api/v1/promotions/{STAGING}/0", 422, "server/request-invalid"),
        ("/api/v1/nothing", 404, "server/not-here"),
    ],
)
def test_every_error_has_the_one_shape(stand: Stand, path: str, status: int, code: str) -> None:
    answer = stand.get(path, stand.token(Role.VIEWER))
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    wanted = {"code", "what", "where", "place", "hint", "exitCode", "retryable"}
    assert set(answer.json["error"]) == wanted
    assert answer.json["error"]["hint"]


def test_a_wrong_method_is_told_which_are_right(stand: Stand) -> None:
    answer = ask(stand.app, "DELETE", "/api/v1/board", headers=stand.token(Role.ADMIN))
    assert (answer.status, answer.headers["allow"], answer.json["error"]["code"]) == (405, "GET", "server/not-here")


def test_what_fails_in_the_world_is_told_as_the_command_line_does(stand: Stand) -> None:
    stand.town.declare("e2e", "1.1.9-rc1")
    answer = stand.post("/api/v1/promotions", {"service": "inventory", "to": "staging"}, stand.token(Role.ADMIN))
    assert (answer.status, answer.json["error"]["code"], answer.json["error"]["exitCode"]) == (
        409,
        "release/source-tag-missing",
        11,
    )
    assert answer.json["error"]["place"]["file"] == "clusters/e2e/inventory/release.yaml"


def test_no_other_project_of_the_forge_is_shown_or_touched(stand: Stand) -> None:
    other = "team/private"
    stand.town.remotes.create(other, {"README.md": b"# Secret\n"}, stand.town.clock.now())
    stand.town.write(other, {"README.md": b"# New\n"}, "docs")
    stand.town.request(other, "docs", title="Secret plans")
    admin = stand.token(Role.ADMIN)
    answers = [stand.get(f"/api/v1/promotions/{other}/1", admin)]
    answers += [stand.post(f"/api/v1/promotions/{other}/1/{verb}", None, admin) for verb in ("approve", "deliver")]
    for answer in answers:
        assert (answer.status, answer.json["error"]["code"]) == (404, "forge/merge-request-missing")
        assert "Secret" not in answer.body.decode()


def test_a_server_that_is_being_stopped_begins_no_step(stand: Stand) -> None:
    stand.parts.stopping.set()
    answer = stand.post("/api/v1/promotions", {"service": "inventory", "to": "e2e"}, stand.token(Role.ADMIN))
    assert (answer.status, answer.json["error"]["code"], answer.json["error"]["retryable"]) == (
        503,
        "server/stops",
        True,
    )
    assert stand.town.forge.merge_requests(GITOPS) == ()


def test_what_moves_no_image_is_nobodys_who_is_not_everywhere(stand: Stand) -> None:
    stand.town.write(GITOPS, {"clusters/e2e/inventory/release.yaml": helm_release("e2e.example/x:1")}, "by-hand")
    stand.town.write(GITOPS, {"README.md": b"# new\n"}, "docs")
    stand.town.request(GITOPS, "docs")
    path = f"/api/v1/promotions/{GITOPS}/1/approve"
    assert stand.post(path, None, stand.token(Role.ADMIN, "e2e")).status == 403
    assert stand.post(path, None, stand.token(Role.ADMIN, "dev", "e2e")).status == 200


class Heard:
    """Who follows the board."""

    def __init__(
        self, stand: Stand, news: News, mark: str | None = None, may_stay: Callable[[], bool] = lambda: True
    ) -> None:
        self._events: AsyncIterator[str] = board_events(stand.parts, news, mark, may_stay)

    async def __call__(self) -> tuple[str, str, dict[str, object]]:
        while (text := await anext(self._events)).startswith(("retry", ":")):
            pass
        name, mark, data = (line.partition(": ")[2] for line in text.strip().split("\n"))
        return name, mark, json.loads(data)

    async def leave(self) -> None:
        await self._events.aclose()  # type: ignore[attr-defined] # it is a generator


def renew(stand: Stand, sentence: str, service: str = "inventory") -> None:
    board = stand.parts.board
    board.renew([BoardCell(service, "dev", BoardState.SETTLED, sentence)], board.look())


def test_changes_are_told_cell_by_cell(stand: Stand) -> None:
    board, news = stand.parts.board, News(stand.parts.board)
    board.arrange(["dev"], ["billing", "inventory"], board.look())

    async def follow() -> None:
        heard = Heard(stand, news)
        assert (await heard())[0] == "board", "whoever comes anew reads all"
        renew(stand, "one")
        name, mark, data = await heard()
        assert (name, data["cell"]["sentence"]) == ("cell", "one")  # type: ignore[index]
        renew(stand, "two")
        renew(stand, "three")
        renew(stand, "four", "billing")
        told = [await heard(), await heard()]
        assert [each["cell"]["sentence"] for *_, each in told] == ["three", "four"], "the newest of each cell"  # type: ignore[index]
        await heard.leave()

        again = Heard(stand, news, mark)
        missed = [await again(), await again()]
        assert [each["cell"]["sentence"] for *_, each in missed] == ["three", "four"]  # type: ignore[index]
        board.arrange(["dev"], ["billing", "inventory", "orders"], board.look())
        assert (await again())[0] == "board"
        await again.leave()

        late = Heard(stand, news, mark)
        assert (await late())[0] == "board", "a service came while it was away"
        await late.leave()
        other = Heard(stand, news, "00000000.other-7")
        assert (await other())[0] == "board"
        await other.leave()

    asyncio.run(follow())
    news.close()


def test_a_follower_goes_when_the_server_does(stand: Stand) -> None:
    stand.parts.stopping.set()
    answer = stand.get("/api/v1/events", stand.token(Role.VIEWER))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert answer.body == b"retry: 2000\n\n"


def test_nobody_follows_without_a_role(tmp_path: Path) -> None:
    assert Stand(tmp_path, TOKENS % "").get("/api/v1/events").status == 401

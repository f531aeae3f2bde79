"""Who follows the board is sent away when they may not see it any more: programs and open pages alike."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from support.asgi import Answer, ask, ask_while
from support.server_parts import TOKENS, Stand
from tidegate.model.role import Role
from tidegate.server.access.visitor import Proof
from tidegate.server.following import event
from tidegate.server.pace import USUAL, Following


@pytest.mark.parametrize("mark", ["\x0b", "\x1c", "\x85", "\u2028"])
def test_what_is_no_line_end_of_a_stream_ends_no_line(mark: str) -> None:
    told = {"sentence": f"!4 also changes a{mark}b"}
    name, ident, *lines = event("cell", json.dumps(told, ensure_ascii=False), "7").removesuffix("\n\n").split("\n")
    assert (name, ident) == ("event: cell", "id: 7")
    assert json.loads("\n".join(line.removeprefix("data: ") for line in lines)) == told


def test_each_line_of_an_event_is_one_of_the_stream() -> None:
    assert event("cells", "<a>\r\n<b>\r<c>\n", "7") == "event: cells\nid: 7\ndata: <a>\ndata: <b>\ndata: <c>\n\n"
    assert event("rows", "", "7") == "event: rows\nid: 7\ndata: \n\n"


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path, TOKENS % ", session: 1h", following=Following(look=0.05))


def page(stand: Stand, headers: dict[str, str]) -> str:
    """Return the path that an open page of the board listens to."""
    text = stand.get("/", headers).body.decode()
    return text.partition('sse-connect="')[2].partition('"')[0].replace("&amp;", "&")


def path_of(stand: Stand, face: str, headers: dict[str, str]) -> str:
    return "/api/v1/events" if face == "program" else page(stand, headers)


def begun(answer: Answer) -> bool:
    """Return whether it was let in, and not sent to ask for other rows."""
    return answer.status == 200 and answer.body.startswith(b"retry: 2000") and b"event: rows" not in answer.body


@pytest.mark.parametrize("face", ["program", "page"])
def test_signing_out_ends_what_the_session_follows_in_other_tabs(stand: Stand, face: str) -> None:
    cookie, csrf = stand.signed_in()
    left: list[Answer] = []

    def sign_out() -> None:
        left.append(ask(stand.app, "POST", "/sign-out", headers={**cookie, "X-CSRF-Token": csrf}))

    assert begun(ask_while(stand.app, path_of(stand, face, cookie), cookie, sign_out))
    assert [(each.status, each.headers["location"]) for each in left] == [(303, "/sign-in")]
    assert "Max-Age=0" in left[0].headers["set-cookie"]
    assert stand.get("/api/v1/session", cookie).status == 401, "a copy of the cookie is not taken either"


@pytest.mark.parametrize("face", ["program", "page"])
def test_a_session_that_comes_to_its_end_ends_what_it_follows(stand: Stand, face: str) -> None:
    cookie, _ = stand.signed_in()
    path = path_of(stand, face, cookie)
    assert begun(ask_while(stand.app, path, cookie, lambda: stand.town.clock.advance(timedelta(hours=1, seconds=1))))


@pytest.mark.parametrize("face", ["program", "page"])
def test_a_token_that_is_revoked_ends_what_it_follows(stand: Stand, face: str) -> None:
    token = stand.token(Role.VIEWER)
    path = path_of(stand, face, token)
    assert begun(ask_while(stand.app, path, token, lambda: (stand.folder / "tokens.yaml").write_text("{}\n")))
    assert stand.get("/api/v1/session", token).status == 401


@pytest.mark.parametrize("face", ["program", "page"])
def test_a_role_that_is_gone_ends_what_it_let_somebody_follow(stand: Stand, face: str) -> None:
    """With roles in tidegate.yaml, as another process of the same key may have them, dana has none."""
    cookie, _ = stand.signed_in()
    path = path_of(stand, face, cookie)
    access = stand.parts.access

    def no_role() -> None:
        object.__setattr__(access, "links", None)  # a session by a link counts only where links are offered

    assert begun(ask_while(stand.app, path, cookie, no_role))


def test_somebody_who_still_may_is_told_what_changes_and_sent_away_in_time(tmp_path: Path) -> None:
    stand = Stand(tmp_path, TOKENS % "", following=Following(pause=0.01, look=0.05, longest=1))
    cookie, _ = stand.signed_in()
    answer = ask_while(
        stand.app, "/api/v1/events", cookie, lambda: stand.parts.board.arrange(["dev"], ["x"], stand.parts.board.look())
    )
    assert begun(answer)
    assert answer.body.count(b"event: board") == 2


@pytest.mark.parametrize("face", ["program", "page"])
def test_proxies_hear_that_it_is_alive(tmp_path: Path, face: str) -> None:
    stand = Stand(tmp_path, TOKENS % "", following=Following(look=0.01, alive=3, longest=0.5))
    stand.parts.board.arrange(["dev"], ["x"], stand.parts.board.look())
    cookie, _ = stand.signed_in()
    body = stand.get(path_of(stand, face, cookie), cookie).body
    assert 2 <= body.count(b"\n\n: still here\n\n") <= 17
    assert USUAL.alive * USUAL.look < 30, "proxies cut a connection after a minute, some after half"


def test_no_more_follow_than_there_may(tmp_path: Path) -> None:
    stand = Stand(tmp_path, TOKENS % "", following=Following(most=1, look=0.05))
    cookie, _ = stand.signed_in()
    path = page(stand, cookie)
    refused: list[int] = []

    def another() -> None:
        refused.extend((stand.get(path, cookie).status, stand.get("/api/v1/events", cookie).status))
        stand.parts.stopping.set()

    assert begun(ask_while(stand.app, "/api/v1/events", cookie, another))
    assert refused == [503, 503]


def test_signing_out_ends_no_other_session(stand: Stand) -> None:
    cookie, csrf = stand.signed_in()
    other = {"Cookie": stand.parts.access.begin("dana", frozenset(), Proof.LOCAL).partition(";")[0]}
    ask(stand.app, "POST", "/sign-out", headers={**cookie, "X-CSRF-Token": csrf})
    assert stand.get("/api/v1/session", other).status == 200
